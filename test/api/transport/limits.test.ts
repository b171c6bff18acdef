// Limits on callers: the size of messages, deadlines, and malformed requests.

import { Code, ConnectError, createClient, type HandlerContext } from "@connectrpc/connect";
import * as grpc from "@grpc/grpc-js";
import { once } from "node:events";
import * as http2 from "node:http2";
import { describe, it, onTestFinished } from "vitest";
import { gzipSync } from "node:zlib";
import {
  Health,
  HealthCheckResponse_ServingStatus as Status,
} from "../../../gen/grpc/health/v1/health_pb.ts";
import { grpcJs, grpcJsCheck, oneByOne, rawSocket, serve, transports } from "./serving.ts";

const TEN_MEGABYTES = "x".repeat(10 * 1024 * 1024);

describe("limits", () => {
  it.for(Object.entries(transports))(
    "refuses a body of 10 MB and keeps serving: %s",
    async ([, transport], { expect }) => {
      const { url } = await serve();
      const client = createClient(Health, transport(url));
      await expect(client.check({ service: TEN_MEGABYTES })).rejects.toMatchObject({
        code: Code.ResourceExhausted,
      });
      expect(await client.check({})).toMatchObject({ status: Status.SERVING });
    },
  );

  it("refuses a body of 10 MB and keeps serving: grpc-js", async ({ expect }) => {
    const { port } = await serve();
    const client = grpcJs(port);
    await expect(grpcJsCheck(client, TEN_MEGABYTES)).rejects.toMatchObject({
      code: grpc.status.RESOURCE_EXHAUSTED,
    });
    expect(await grpcJsCheck(client)).toMatchObject({ status: Status.SERVING });
  });

  it("does not let refused bodies use up the flow control window of a shared connection", async ({
    expect,
  }) => {
    const { url } = await serve();
    const session = http2.connect(url, { maxSessionMemory: 100 });
    onTestFinished(() => session.destroy());
    const body = Buffer.from(`\0\0\x98\x96\x80${TEN_MEGABYTES}`, "latin1");
    for (let call = 0; call < 12; call++) {
      const stream = session.request({
        ":method": "POST",
        ":path": "/grpc.health.v1.Health/Check",
        "content-type": "application/grpc",
      });
      const trailers = once(stream, "trailers");
      stream.resume().end(body);
      const [{ "grpc-status": status }] = await trailers;
      expect(Number(status)).toBe(Code.ResourceExhausted);
    }
  });

  it("refuses a small body that inflates to 10 MB", async ({ expect }) => {
    const { url } = await serve();
    const response = await fetch(`${url}/grpc.health.v1.Health/Check`, {
      method: "POST",
      headers: { "content-type": "application/json", "content-encoding": "gzip" },
      body: gzipSync(JSON.stringify({ service: TEN_MEGABYTES })),
    });
    expect(response.status).toBe(429);
    expect(await response.json()).toMatchObject({ code: "resource_exhausted" });
  });

  it("accepts a message just below the limit", async ({ expect }) => {
    const { url } = await serve({ readMaxBytes: 1_000 });
    const client = createClient(Health, transports["gRPC over HTTP/2"]!(url));
    await expect(client.check({ service: "x".repeat(990) })).rejects.toMatchObject({ code: Code.NotFound });
    await expect(client.check({ service: "x".repeat(1_000) })).rejects.toMatchObject({
      code: Code.ResourceExhausted,
    });
  });

  it("asks the gate before the body is read", async ({ expect }) => {
    const requestGate = (_context: HandlerContext): void => {
      throw new ConnectError("who are you", Code.Unauthenticated);
    };
    const { url, log } = await serve({ requestGate });
    const client = createClient(Health, transports["gRPC over HTTP/2"]!(url));
    await expect(client.check({ service: "x" })).rejects.toMatchObject({ code: Code.Unauthenticated });
    expect(log.lines).toEqual([
      {
        level: "info",
        message: "rpc refused before it reached its service",
        fields: {
          service: "grpc.health.v1.Health",
          method: "Check",
          requestId: expect.any(String) as string,
          httpStatus: 200,
          grpcStatus: "16",
        },
      },
    ]);
  });

  it("ends streams with the reason of the shutdown", async ({ expect }) => {
    const shutdown = new AbortController();
    const { url } = await serve({ shutdownSignal: shutdown.signal });
    const stream = oneByOne(createClient(Health, transports["gRPC over HTTP/2"]!(url)).watch({}));
    await stream.next();
    shutdown.abort(new ConnectError("shutting down", Code.Unavailable));
    await expect(stream.next()).rejects.toMatchObject({
      code: Code.Unavailable,
      rawMessage: "shutting down",
    });
  });

  it.for<[string, string]>([
    ["no Host at all", "POST /grpc.health.v1.Health/Check HTTP/1.0\r\n\r\n"],
    ["a Host that makes no URL", "POST /grpc.health.v1.Health/Check HTTP/1.1\r\nhost: a b\r\n\r\n"],
    ["a port out of range", "POST /grpc.health.v1.Health/Check HTTP/1.1\r\nhost: a:99999\r\n\r\n"],
  ])("answers 400 to %s", async ([, bytes], { expect }) => {
    const server = await serve();
    const socket = rawSocket(server);
    socket.write(bytes);
    await expect.poll(() => socket.received()).toMatch(/^HTTP\/1\.1 400 /);
    expect(await grpcJsCheck(grpcJs(server.port))).toMatchObject({ status: Status.SERVING });
  });
});
