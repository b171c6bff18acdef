// One cleartext port for every client: which first bytes are understood, which are refused, and that none affects others.

import { createClient } from "@connectrpc/connect";
import { once } from "node:events";
import { describe, it } from "vitest";
import {
  Health,
  HealthCheckResponse_ServingStatus as Status,
} from "../../../gen/grpc/health/v1/health_pb.ts";
import { grpcJs, grpcJsCheck, rawSocket, serve, transports } from "./serving.ts";

const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const EMPTY_SETTINGS_FRAME = "\0\0\0\x04\0\0\0\0\0";

describe("one cleartext port", () => {
  it.for(Object.entries(transports))(
    "answers unary calls and streams: %s",
    async ([, transport], { expect }) => {
      const { url } = await serve();
      const client = createClient(Health, transport(url));
      expect(await client.check({})).toMatchObject({ status: Status.SERVING });
      for await (const { status } of client.watch({})) {
        expect(status).toBe(Status.SERVING);
        break;
      }
    },
  );

  it("answers grpc-js", async ({ expect }) => {
    const { port } = await serve();
    expect(await grpcJsCheck(grpcJs(port))).toMatchObject({ status: Status.SERVING });
  });

  it("answers a plain HTTP/1.1 POST of JSON", async ({ expect }) => {
    const { url } = await serve();
    const response = await fetch(`${url}/grpc.health.v1.Health/Check`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: "{}",
    });
    expect(await response.json()).toEqual({ status: "SERVING" });
  });

  it("answers clients of all kinds at the same time", async ({ expect }) => {
    const { url, port } = await serve();
    const clients = Object.values(transports).map((transport) => createClient(Health, transport(url)));
    const foreign = grpcJs(port);
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => [
        grpcJsCheck(foreign),
        ...clients.map((client) => client.check({})),
      ]).flat(),
    );
    expect(answers).toHaveLength(100);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([Status.SERVING]));
  });

  it("understands an HTTP/2 preface that arrives one byte at a time", async ({ expect }) => {
    const server = await serve();
    const socket = rawSocket(server);
    for (const byte of PREFACE + EMPTY_SETTINGS_FRAME) {
      await new Promise((written) => socket.write(byte, "latin1", written));
      await new Promise(setImmediate);
    }
    // The server's own settings, then its acknowledgement of ours.
    await expect.poll(() => socket.received()).toContain("\0\0\0\x04\x01\0\0\0\0");
  });

  it("understands an HTTP/1.1 request that arrives one byte at a time and starts like the preface", async ({
    expect,
  }) => {
    const server = await serve();
    const socket = rawSocket(server);
    for (const byte of "PROPFIND / HTTP/1.1\r\nhost: x\r\n\r\n") {
      await new Promise((written) => socket.write(byte, "latin1", written));
      await new Promise(setImmediate);
    }
    await expect.poll(() => socket.received()).toMatch(/^HTTP\/1\.1 404 /);
  });

  it("answers a TLS handshake with an error that says the port speaks cleartext", async ({ expect }) => {
    const server = await serve();
    const socket = rawSocket(server);
    socket.write(Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01]));
    await expect.poll(() => socket.closed).toBe(true);
    expect(socket.received()).toMatch(/^HTTP\/1\.1 400 .*cleartext HTTP/s);
    expect(server.log.lines).toContainEqual(
      expect.objectContaining({ level: "warn", message: "TLS handshake on a cleartext port" }),
    );
  });

  it.for<[string, string, RegExp]>([
    ["garbage", "\x01\x02\x03garbage\r\n\r\n", /^HTTP\/1\.1 400 /],
    ["a broken preface", "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n", /^HTTP\/1\.1 400 /],
    ["garbage after the preface", `${PREFACE}${"x".repeat(64)}`, /SETTINGS expected$/],
    ["a request without Host", "GET / HTTP/1.1\r\n\r\n", /^HTTP\/1\.1 400 /],
  ])("answers %s with an error and closes the connection", async ([, bytes, answer], { expect }) => {
    const server = await serve();
    const socket = rawSocket(server);
    socket.write(bytes, "latin1");
    await expect.poll(() => socket.closed).toBe(true);
    expect(socket.received()).toMatch(answer);
    expect(await grpcJsCheck(grpcJs(server.port))).toMatchObject({ status: Status.SERVING });
  });

  it.for<[string, string]>([
    ["says nothing", ""],
    ["stops inside the preface", "PRI * HT"],
  ])("closes a connection that %s after the timeout", async ([, bytes], { expect }) => {
    const server = await serve({ openingTimeoutMs: 50 });
    const socket = rawSocket(server);
    socket.write(bytes);
    await expect.poll(() => socket.closed).toBe(true);
    expect(socket.received()).toBe("");
  });

  it("survives clients that reset their connection before and after the first request", async ({
    expect,
  }) => {
    const server = await serve();
    for (const bytes of [
      "",
      "P",
      `${PREFACE}${EMPTY_SETTINGS_FRAME}`,
      "POST /grpc.health.v1.Health/Check HTTP/1.1\r\n",
    ]) {
      const socket = rawSocket(server);
      await once(socket, "connect");
      if (bytes !== "") await new Promise((written) => socket.write(bytes, "latin1", written));
      socket.resetAndDestroy();
      await expect.poll(() => socket.closed).toBe(true);
    }
    expect(await grpcJsCheck(grpcJs(server.port))).toMatchObject({ status: Status.SERVING });
  });

  it("F17: drops an HTTP/2 client that no longer answers pings", async ({ expect }) => {
    const server = await serve({ pingIntervalMs: 30 });
    const startedAt = performance.now();
    const socket = rawSocket(server);
    socket.write(PREFACE + EMPTY_SETTINGS_FRAME, "latin1");
    await expect.poll(() => socket.closed).toBe(true);
    expect(performance.now() - startedAt).toBeLessThan(10_000);
  });

  it("reports why a port cannot be bound", async ({ expect }) => {
    const { port } = await serve();
    await expect(serve({ port })).rejects.toMatchObject({ code: "EADDRINUSE" });
  });
});
