// How much of the findings of a refused call reaches clients of each protocol.
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import * as grpc from "@grpc/grpc-js";
import { describe, it } from "vitest";
import {
  BadRequestSchema,
  ErrorInfoSchema,
  LocalizedMessageSchema,
} from "../../gen/google/rpc/error_details_pb.ts";
import { Health } from "../../gen/grpc/health/v1/health_pb.ts";
import { FindingsSchema } from "../../gen/multinic/v1/network_pb.ts";
import { errorInterceptor } from "../../src/api/error-mapping.ts";
import { detail, invalidArgument } from "../../src/api/transport/errors.ts";
import { Refused } from "../../src/app/errors.ts";
import { finding, type Finding } from "../../src/domain/findings.ts";
import { grpcJs, grpcJsCheck, serve, transports } from "./transport/serving.ts";

/** Every fourth is a warning; the errors have numbers in their fields. */
const findings: readonly Finding[] = Array.from({ length: 400 }, (_, index) =>
  index % 4 === 0
    ? finding("DNS_TOO_MANY", `networks[${index}].ipConfig.dnsServers`, { count: 5 })
    : finding("MTU_INVALID", `networks[${index}].mtu`, { given: 1, min: 576 }),
);

function failingWith(thrown: unknown) {
  return serve({
    interceptors: [errorInterceptor],
    routes: (router) =>
      router.service(Health, {
        check() {
          throw thrown;
        },
      }),
  });
}

async function refusedOver(name: string, thrown: unknown): Promise<ConnectError> {
  const { url } = await failingWith(thrown);
  try {
    await createClient(Health, transports[name]!(url)).check({});
  } catch (reason) {
    return ConnectError.from(reason);
  }
  throw new Error("the call was not refused");
}

describe("a call refused with 400 findings", () => {
  it.for(Object.keys(transports).filter((name) => !name.startsWith("gRPC over")))(
    "gives all of them, errors first: %s",
    async (name, { expect }) => {
      const error = await refusedOver(name, new Refused(findings));
      expect(error.code).toBe(Code.InvalidArgument);
      const [details] = error.findDetails(FindingsSchema);
      expect(details?.findings.map(({ field }) => field)).toEqual([
        ...findings.filter(({ severity }) => severity === "error").map(({ field }) => field),
        ...findings.filter(({ severity }) => severity !== "error").map(({ field }) => field),
      ]);
      expect(details?.omittedCount).toBe(0);
      expect(error.findDetails(BadRequestSchema)[0]?.fieldViolations).toHaveLength(300);
    },
  );

  it("gives as many as a gRPC client takes in a header, and counts the rest", async ({ expect }) => {
    const error = await refusedOver("gRPC over HTTP/2", new Refused(findings));
    const [details] = error.findDetails(FindingsSchema);
    const sent = details?.findings ?? [];
    expect(sent.length).toBeGreaterThan(20);
    expect(details?.omittedCount).toBe(400 - sent.length);
    const [info] = error.findDetails(ErrorInfoSchema);
    const violations = error.findDetails(BadRequestSchema)[0]?.fieldViolations ?? [];
    expect(info?.metadata).toEqual({ omittedViolations: String(300 - violations.length) });
  });

  it("keeps thousands of violations within the headers that grpc-js takes, and counts the rest", async ({
    expect,
  }) => {
    const violations = Array.from({ length: 5_000 }, (_, index) => ({
      field: `networks[${index}].mtu`,
      description: "70000 is more than the physical network takes",
    }));
    const extra = detail(LocalizedMessageSchema, { message: "x".repeat(5_000) });
    const thrown = invalidArgument(violations, { details: [extra] });
    const { port } = await failingWith(thrown);
    const error = (await grpcJsCheck(grpcJs(port)).catch((reason: unknown) => reason)) as grpc.ServiceError;
    expect(error.code).toBe(grpc.status.INVALID_ARGUMENT);
    const [bytes] = error.metadata.get("grpc-status-details-bin");
    expect(bytes!.length).toBeLessThan(6_000);
    const same = await refusedOver("gRPC over HTTP/2", thrown);
    const { metadata } = same.findDetails(ErrorInfoSchema)[0]!;
    const sent = same.findDetails(BadRequestSchema)[0]!.fieldViolations.length;
    expect(sent).toBeGreaterThan(20);
    expect(metadata).toEqual({ omittedViolations: String(5_000 - sent), omittedDetails: "1" });
  });
});

describe("a call whose input is right", () => {
  it("fails with FAILED_PRECONDITION when only the cluster is in its way", async ({ expect }) => {
    const about = [finding("NAMESPACE_NOT_FOUND", "namespace", { namespace: "shop" })];
    const error = await refusedOver("Connect over HTTP/1.1", new Refused(about));
    expect(error.code).toBe(Code.FailedPrecondition);
    expect(error.findDetails(FindingsSchema)[0]?.findings).toMatchObject([{ code: "NAMESPACE_NOT_FOUND" }]);
  });

  it("fails with INVALID_ARGUMENT when the input is wrong too", async ({ expect }) => {
    const about = [
      finding("NAMESPACE_NOT_FOUND", "namespace", { namespace: "shop" }),
      finding("NETWORKS_EMPTY", "networks", {}),
    ];
    expect((await refusedOver("Connect over HTTP/1.1", new Refused(about))).code).toBe(Code.InvalidArgument);
  });
});
