// Every call has one id: in the header of the answer, in the log and in the error.
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { describe, it } from "vitest";
import { ErrorInfoSchema, RequestInfoSchema } from "../../../gen/google/rpc/error_details_pb.ts";
import { Health } from "../../../gen/grpc/health/v1/health_pb.ts";
import { HealthCheckResponse_ServingStatus as Status } from "../../../gen/grpc/health/v1/health_pb.ts";
import { fitDetails } from "../../../src/api/error-budget.ts";
import { errorInterceptor } from "../../../src/api/error-mapping.ts";
import { jsonViolations } from "../../../src/api/json-violations.ts";
import { createLogInterceptor } from "../../../src/api/transport/log-interceptor.ts";
import { ObjectNotFound, Refused, vmSubject } from "../../../src/app/errors.ts";
import { finding } from "../../../src/domain/findings.ts";
import { recordLog } from "../../support/log.ts";
import { oneByOne, serve, transports } from "./serving.ts";

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const missing = new ObjectNotFound(vmSubject({ namespace: "shop", name: "web" }));

/** Check throws what is given, or answers; Watch answers once, then throws. */
async function start(thrown?: unknown) {
  const log = recordLog();
  const { url } = await serve({
    log,
    interceptors: [createLogInterceptor({ log, now: () => 0 }), errorInterceptor],
    jsonViolations,
    fitDetails,
    routes: (router) =>
      router.service(Health, {
        check() {
          if (thrown !== undefined) throw thrown;
          return { status: Status.SERVING };
        },
        async *watch() {
          yield { status: Status.SERVING };
          throw thrown;
        },
      }),
  });
  const logged = (): readonly unknown[] => log.lines.map(({ fields }) => fields["requestId"]);
  return { url, logged };
}

/** The ids in the header of the answer and in the error of a call. */
async function idsOf(call: (onHeader: (headers: Headers) => void) => Promise<unknown>) {
  let header: string | null | undefined;
  let error: ConnectError | undefined;
  try {
    await call((headers) => (header = headers.get("x-request-id")));
  } catch (reason) {
    error = ConnectError.from(reason);
    header ??= error.metadata.get("x-request-id");
  }
  return { header, error, inError: error?.findDetails(RequestInfoSchema)[0]?.requestId };
}

describe.each(Object.entries(transports))("the id of a call over %s", (_protocol, transport) => {
  it("is the caller's if it is a plain token", async ({ expect }) => {
    const { url, logged } = await start(missing);
    const headers = { "x-request-id": "job-7_a.b" };
    const { header, error, inError } = await idsOf((onHeader) =>
      createClient(Health, transport(url)).check({}, { headers, onHeader }),
    );
    expect(error?.code).toBe(Code.NotFound);
    expect(error?.findDetails(ErrorInfoSchema)[0]?.reason).toBe("NOT_FOUND");
    expect([header, inError, ...logged()]).toEqual(["job-7_a.b", "job-7_a.b", "job-7_a.b"]);
  });

  it.for([
    ["none", undefined],
    ["a long one", "x".repeat(129)],
    ["one with spaces", "a b"],
    ["one with a quote", 'a"b'],
  ] as const)("is a new one if the caller gives %s", async ([, given], { expect }) => {
    const { url, logged } = await start(missing);
    const headers = given === undefined ? {} : { "x-request-id": given };
    const { header, inError } = await idsOf((onHeader) =>
      createClient(Health, transport(url)).check({}, { headers, onHeader }),
    );
    expect(inError).toMatch(uuid);
    expect([header, ...logged()]).toEqual([inError, inError]);
  });

  it("is in the answer of a call that succeeds", async ({ expect }) => {
    const { url, logged } = await start();
    const { header } = await idsOf((onHeader) =>
      createClient(Health, transport(url)).check({}, { onHeader }),
    );
    expect(header).toMatch(uuid);
    expect(logged()).toEqual([header]);
  });

  it("is in the error of a stream, which is that of any call", async ({ expect }) => {
    const { url, logged } = await start(missing);
    let header: string | null = null;
    const onHeader = (headers: Headers): void => void (header = headers.get("x-request-id"));
    const stream = oneByOne(createClient(Health, transport(url)).watch({}, { onHeader }));
    await stream.next();
    const { error, inError } = await idsOf(() => stream.next());
    expect(error?.code).toBe(Code.NotFound);
    expect(header).toMatch(uuid);
    expect(inError).toBe(header);
    await expect.poll(logged).toEqual([header]);
  });

  it("stays in an error whose findings do not fit", async ({ expect }) => {
    const findings = Array.from({ length: 4_000 }, (_, index) =>
      finding("MTU_INVALID", `networks[${index}].mtu`, { given: 1, min: 576 }),
    );
    const { url } = await start(new Refused(findings));
    const { header, inError } = await idsOf((onHeader) =>
      createClient(Health, transport(url)).check({}, { onHeader }),
    );
    expect(inError).toBe(header);
  });
});

describe("the id of a call that cannot be decoded", () => {
  it("is in the header, the log and the error", async ({ expect }) => {
    const { url, logged } = await start();
    const answer = await fetch(`${url}/grpc.health.v1.Health/Check`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-request-id": "job-8" },
      body: '{"servise":"x"}',
    });
    expect(answer.headers.get("x-request-id")).toBe("job-8");
    expect(await answer.json()).toMatchObject({
      details: expect.arrayContaining([
        expect.objectContaining({ type: "google.rpc.RequestInfo", debug: { requestId: "job-8" } }),
      ]) as unknown,
    });
    expect(logged()).toContain("job-8");
  });
});
