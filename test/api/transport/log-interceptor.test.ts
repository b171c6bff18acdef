// The log line of a call: exactly one, with its outcome and duration, and nothing of its content.

import { Code, ConnectError, createClient, type ServiceImpl } from "@connectrpc/connect";
import { describe, expect, it, vi } from "vitest";
import {
  Health,
  HealthCheckResponse_ServingStatus as Status,
} from "../../../gen/grpc/health/v1/health_pb.ts";
import { resourceError } from "../../../src/api/transport/errors.ts";
import { createLogInterceptor } from "../../../src/api/transport/log-interceptor.ts";
import { recordLog } from "../../support/log.ts";
import { oneByOne, serve, transports } from "./serving.ts";

async function start(implementation: Partial<ServiceImpl<typeof Health>>) {
  const log = recordLog();
  const clock = { now: 1_000 };
  const { url } = await serve({
    interceptors: [createLogInterceptor({ log, now: () => clock.now })],
    routes: (router) => router.service(Health, implementation),
  });
  return { url, clock, lines: log.lines };
}

describe("log interceptor", () => {
  it.for<[string, string]>([
    ["gRPC over HTTP/2", "grpc"],
    ["gRPC-Web over HTTP/1.1", "grpc-web"],
    ["Connect over HTTP/1.1", "connect"],
  ])("writes one line for a unary call by %s", async ([transport, protocol]) => {
    const { url, clock, lines } = await start({
      check() {
        clock.now += 12.4;
        return { status: Status.SERVING };
      },
    });
    await createClient(Health, transports[transport]!(url)).check({ service: "secret" });
    expect(lines).toEqual([
      {
        level: "info",
        message: "rpc",
        fields: { service: "grpc.health.v1.Health", method: "Check", protocol, code: "ok", durationMs: 12 },
      },
    ]);
  });

  it("gives code and reason of a refusal", async () => {
    const { url, lines } = await start({
      check() {
        const vm = { kind: "VirtualMachine", namespace: "shop", name: "web" };
        throw resourceError(Code.NotFound, vm, "does not exist");
      },
    });
    await expect(createClient(Health, transports["gRPC over HTTP/2"]!(url)).check({})).rejects.toThrow();
    expect(lines).toMatchObject([{ level: "info", fields: { code: "not_found", reason: "NOT_FOUND" } }]);
  });

  it("gives the cause of our own faults at level error", async () => {
    const fault = new Error("broken");
    const { url, lines } = await start({
      check() {
        throw fault;
      },
    });
    await expect(createClient(Health, transports["gRPC over HTTP/2"]!(url)).check({})).rejects.toThrow();
    expect(lines).toMatchObject([{ level: "error", fields: { code: "internal", err: fault } }]);
  });

  it.for<[string, Error | undefined, string]>([
    ["ends well", undefined, "ok"],
    ["fails on the way", new ConnectError("slow", Code.ResourceExhausted), "resource_exhausted"],
  ])("writes the line of a stream when it %s", async ([, failure, code]) => {
    const { url, clock, lines } = await start({
      async *watch() {
        yield { status: Status.SERVING };
        clock.now += 5_000;
        if (failure !== undefined) throw failure;
      },
    });
    const stream = oneByOne(createClient(Health, transports["gRPC over HTTP/2"]!(url)).watch({}));
    await stream.next();
    await stream.next().catch(() => undefined);
    await vi.waitFor(() =>
      expect(lines).toMatchObject([{ fields: { method: "Watch", code, durationMs: 5_000 } }]),
    );
  });

  it.for(Object.entries(transports))(
    "ends a stream whose client left without reading, by %s",
    async ([, transport]) => {
      const ended = Promise.withResolvers<void>();
      const { url, lines } = await start({
        async *watch() {
          try {
            for (;;) {
              yield { status: Status.SERVING };
              await new Promise(setImmediate);
            }
          } finally {
            ended.resolve();
          }
        },
      });
      const leaving = new AbortController();
      const stream = oneByOne(createClient(Health, transport(url)).watch({}, { signal: leaving.signal }));
      await stream.next();
      leaving.abort();
      await ended.promise;
      await vi.waitFor(() =>
        expect(lines).toMatchObject([{ fields: { method: "Watch", code: "canceled" } }]),
      );
    },
  );

  it("writes the line of a stream whose client left", async () => {
    const { url, lines } = await start({
      async *watch(_request, { signal }) {
        yield { status: Status.SERVING };
        await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
      },
    });
    const leaving = new AbortController();
    const stream = oneByOne(
      createClient(Health, transports["gRPC over HTTP/2"]!(url)).watch({}, { signal: leaving.signal }),
    );
    await stream.next();
    leaving.abort();
    await vi.waitFor(() => expect(lines).toHaveLength(1));
    expect(lines[0]).toMatchObject({ fields: { method: "Watch" } });
  });
});
