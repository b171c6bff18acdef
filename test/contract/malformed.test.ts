// Requests that cannot be decoded are refused with the fields that are wrong, as every other refused request is.
import { connect, type IncomingHttpHeaders } from "node:http2";
import { gzipSync } from "node:zlib";
import * as grpc from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, it } from "vitest";
import { failureFromJson, failureFromStatus } from "../interop/foreign-client.ts";
import { startRunningService, type RunningService } from "../serve/running-service.ts";

const vm = (fields: object): object => ({ virtualMachine: { namespace: "shop", name: "web", ...fields } });

describe("a request that cannot be decoded", () => {
  let running: RunningService;
  beforeAll(async () => {
    running = await startRunningService();
  });
  afterAll(async () => await running.stop());

  async function post(body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) {
    const answer = await fetch(`${running.url}/multinic.v1.VirtualMachineService/ApplyVM`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body,
    });
    return { status: answer.status, failure: failureFromJson(await answer.text()) };
  }

  it.for([
    [
      "an unknown field",
      vm({ networks: [{ name: "eth0" }, { name: "eth1", vlan: 3 }] }),
      [["networks[1].vlan", "UNKNOWN_FIELD"]],
    ],
    [
      "values of wrong types",
      vm({ cpu: "many", networks: [{ name: 5, vlanId: 1.5, ipConfig: [] }] }),
      [
        ["cpu", "WRONG_TYPE"],
        ["networks[0].name", "WRONG_TYPE"],
        ["networks[0].vlanId", "WRONG_TYPE"],
        ["networks[0].ipConfig", "WRONG_TYPE"],
      ],
    ],
    [
      "an unknown enum value",
      vm({ networks: [{ name: "eth0", type: "TOKEN_RING" }] }),
      [["networks[0].type", "VALUE_UNKNOWN"]],
    ],
    [
      "a list of texts with a number",
      vm({ networks: [{ ipConfig: { dnsServers: ["a", 1] } }] }),
      [["networks[0].ipConfig.dnsServers[1]", "WRONG_TYPE"]],
    ],
    [
      "a label that is a number",
      vm({ labels: { app: "web", "example.org/build": 7 } }),
      [['labels["example.org/build"]', "WRONG_TYPE"]],
    ],
    ["labels that are a list", vm({ labels: ["app"] }), [["labels", "WRONG_TYPE"]]],
    ["an unknown field of the request", { validate: true }, [["validate", "UNKNOWN_FIELD"]]],
    ["a list", [], [["", "WRONG_TYPE"]]],
  ] as const)("is refused with the path of %s: Connect with JSON", async ([, body, wrong], { expect }) => {
    const { status, failure } = await post(JSON.stringify(body));
    expect(status).toBe(400);
    expect(failure.code).toBe(3);
    expect(failure.details.get("google.rpc.ErrorInfo")).toEqual([
      { reason: "MALFORMED_REQUEST", domain: "multinic.novasphere.dev" },
    ]);
    const [badRequest] = failure.details.get("google.rpc.BadRequest") ?? [];
    const violations = badRequest?.["fieldViolations"] as { field?: string; reason: string }[];
    expect(violations.map(({ field = "", reason }) => [field, reason])).toEqual(wrong);
    expect(failure.message).toContain(violations[0]?.field ?? "must be");
  });

  it.for([
    ["JSON", { encoding: "json", message: '{"nmae":"web"}' }],
    [
      "JSON in base64",
      { encoding: "json", base64: "1", message: Buffer.from('{"nmae":"web"}').toString("base64url") },
    ],
  ] as const)("is refused with its path when it is a GET with %s", async ([, query], { expect }) => {
    const parameters = new URLSearchParams({ connect: "v1", ...query });
    const answer = await fetch(
      `${running.url}/multinic.v1.VirtualMachineService/GetVM?${parameters.toString()}`,
    );
    expect(answer.status).toBe(400);
    expect(failureFromJson(await answer.text()).details.get("google.rpc.BadRequest")).toMatchObject([
      { fieldViolations: [{ field: "nmae", reason: "UNKNOWN_FIELD" }] },
    ]);
  });

  it.for([
    ["text that is not base64", { message: "!!!", base64: "1" }, "the message is not base64"],
    [
      "a message that breaks off in its compression",
      { message: gzipSync("{}").subarray(0, 12).toString("base64url"), base64: "1", compression: "gzip" },
      "the message cannot be decompressed by gzip",
    ],
    [
      "a message that is not compressed as it says",
      { message: "{}", compression: "br" },
      "the message cannot be decompressed by br",
    ],
  ] as const)("is refused when it is a GET with %s", async ([, query, says], { expect }) => {
    const parameters = new URLSearchParams({ connect: "v1", encoding: "json", ...query });
    const answer = await fetch(
      `${running.url}/multinic.v1.VirtualMachineService/GetVM?${parameters.toString()}`,
    );
    expect(answer.status).toBe(400);
    const failure = failureFromJson(await answer.text());
    expect(failure.message).toBe(says);
    expect(failure.details.get("google.rpc.ErrorInfo")).toMatchObject([{ reason: "MALFORMED_REQUEST" }]);
  });

  it("is refused when its compression breaks off", async ({ expect }) => {
    const body = gzipSync(JSON.stringify(vm({}))).subarray(0, 15);
    const { status, failure } = await post(Uint8Array.from(body), { "content-encoding": "gzip" });
    expect(status).toBe(400);
    expect(failure.details.get("google.rpc.ErrorInfo")).toMatchObject([{ reason: "MALFORMED_REQUEST" }]);
  });

  it("is refused for text that is not JSON", async ({ expect }) => {
    const { failure } = await post("{");
    expect(failure.details.get("google.rpc.ErrorInfo")).toMatchObject([{ reason: "MALFORMED_REQUEST" }]);
    expect(failure.message).toBe("the message is not JSON");
  });

  it("is refused with its path when it is compressed", async ({ expect }) => {
    const body = gzipSync(JSON.stringify(vm({ cpus: 2 })));
    const { failure } = await post(Uint8Array.from(body), { "content-encoding": "gzip" });
    expect(failure.details.get("google.rpc.BadRequest")).toMatchObject([
      { fieldViolations: [{ field: "cpus", reason: "UNKNOWN_FIELD" }] },
    ]);
  });

  it("is refused with the path by a stream of Connect with JSON", async ({ expect }) => {
    const message = Buffer.from(JSON.stringify({ namespaze: "shop" }));
    const frame = Buffer.alloc(5);
    frame.writeUInt32BE(message.length, 1);
    const answer = await fetch(`${running.url}/multinic.v1.InterfaceStatusService/WatchInterfaceStatus`, {
      method: "POST",
      headers: { "content-type": "application/connect+json" },
      body: Uint8Array.from(Buffer.concat([frame, message])),
    });
    const { error } = JSON.parse(
      Buffer.from(await answer.arrayBuffer())
        .subarray(5)
        .toString(),
    ) as {
      error: object;
    };
    expect(failureFromJson(JSON.stringify(error)).details.get("google.rpc.BadRequest")).toMatchObject([
      { fieldViolations: [{ field: "namespaze", reason: "UNKNOWN_FIELD" }] },
    ]);
  });

  describe("whose bytes are not a message", () => {
    const bytes = Buffer.from([0xff]);
    const framed = Uint8Array.from([0, 0, 0, 0, 1, 0xff]);
    const path = "/multinic.v1.VirtualMachineService/ApplyVM";
    const malformed = [{ reason: "MALFORMED_REQUEST", domain: "multinic.novasphere.dev" }];

    it("is refused as malformed: Connect", async ({ expect }) => {
      const { failure } = await post(Uint8Array.from(bytes), { "content-type": "application/proto" });
      expect(failure.details.get("google.rpc.ErrorInfo")).toEqual(malformed);
    });

    it("is refused as malformed: gRPC", async ({ expect }) => {
      const client = new grpc.Client(new URL(running.url).host, grpc.credentials.createInsecure());
      const error = await new Promise<grpc.ServiceError | null>((resolve) => {
        client.makeUnaryRequest(
          path,
          () => bytes,
          (answer) => answer,
          {},
          (failure) => resolve(failure),
        );
      });
      client.close();
      const [status] = error?.metadata.get("grpc-status-details-bin") ?? [];
      expect(failureFromStatus(status as Buffer).details.get("google.rpc.ErrorInfo")).toEqual(malformed);
    });

    it("fits into the headers that grpc-js takes, however many fields are wrong: gRPC with JSON", async ({
      expect,
    }) => {
      const networks = Array.from({ length: 300 }, () => ({ vlan: 3 }));
      const body = Buffer.from(JSON.stringify(vm({ networks })));
      const frame = Buffer.alloc(5);
      frame.writeUInt32BE(body.length, 1);
      const session = connect(running.url);
      const stream = session.request({
        ":method": "POST",
        ":path": path,
        "content-type": "application/grpc+json",
        te: "trailers",
      });
      stream.end(Buffer.concat([frame, body])).resume();
      const headers = new Promise<IncomingHttpHeaders>((resolve) => {
        stream.once("response", (first) => "grpc-status" in first && resolve(first));
        stream.once("trailers", resolve);
      });
      const details = String((await headers)["grpc-status-details-bin"]);
      session.close();
      expect(details.length).toBeLessThan(8_192);
      const failure = failureFromStatus(Buffer.from(details, "base64"));
      expect(failure.details.get("google.rpc.ErrorInfo")).toMatchObject([{ reason: "MALFORMED_REQUEST" }]);
      const [badRequest] = failure.details.get("google.rpc.BadRequest") ?? [];
      expect(badRequest?.["fieldViolations"]).not.toHaveLength(0);
    });

    it("is refused as malformed: gRPC-Web", async ({ expect }) => {
      const answer = await fetch(running.url + path, {
        method: "POST",
        headers: { "content-type": "application/grpc-web+proto", "x-grpc-web": "1" },
        body: framed,
      });
      const trailers = Buffer.from(await answer.arrayBuffer())
        .subarray(5)
        .toString();
      const status = /grpc-status-details-bin: *(\S+)/i.exec(trailers)?.[1] ?? "";
      const failure = failureFromStatus(Buffer.from(status, "base64"));
      expect(failure.details.get("google.rpc.ErrorInfo")).toEqual(malformed);
    });
  });
});
