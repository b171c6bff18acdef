// The log line of a call: exactly one, with its outcome and duration, without its content.

import { Code, ConnectError, createClient, type ServiceImpl } from "@connectrpc/connect";
import { describe, it } from "vitest";
import {
  Health,
  HealthCheckResponse_ServingStatus as Status,
} from "../../../gen/grpc/health/v1/health_pb.ts";
import { errorInterceptor } from "../../../src/api/error-mapping.ts";
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
  ])("writes one line for a unary call: %s", async ([transport, protocol], { expect }) => {
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
        fields: {
          service: "grpc.health.v1.Health",
          method: "Check",
          requestId: expect.any(String) as string,
          protocol,
          code: "ok",
          durationMs: 12,
        },
      },
    ]);
  });

  it("logs the code and reason of a refusal", async ({ expect }) => {
    const { url, lines } = await start({
      check() {
        const vm = { kind: "VirtualMachine", namespace: "shop", name: "web" };
        throw resourceError(Code.NotFound, vm, "does not exist");
      },
    });
    await expect(createClient(Health, transports["gRPC over HTTP/2"]!(url)).check({})).rejects.toThrow();
    expect(lines).toMatchObject([{ level: "info", fields: { code: "not_found", reason: "NOT_FOUND" } }]);
  });

  it("logs the cause of an internal error at level error", async ({ expect }) => {
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
  ])("writes the line of a stream that %s", async ([, failure, code], { expect }) => {
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
    await expect.poll(() => lines).toMatchObject([{ fields: { method: "Watch", code, durationMs: 5_000 } }]);
  });

  it.for(Object.entries(transports))(
    "ends a stream whose client disconnected without reading: %s",
    async ([, transport], { expect }) => {
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
      await expect.poll(() => lines).toMatchObject([{ fields: { method: "Watch", code: "canceled" } }]);
    },
  );

  it.for(Object.entries(transports))(
    "counts it as no fault of the service if a stream ends with its client: %s",
    async ([, transport], { expect }) => {
      const log = recordLog();
      const { url } = await serve({
        interceptors: [createLogInterceptor({ log, now: () => 0 }), errorInterceptor],
        routes: (router) =>
          router.service(Health, {
            async *watch(_request, { signal }) {
              yield { status: Status.SERVING };
              await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
              signal.throwIfAborted();
            },
          }),
      });
      const leaving = new AbortController();
      const stream = oneByOne(createClient(Health, transport(url)).watch({}, { signal: leaving.signal }));
      await stream.next();
      leaving.abort();
      await expect.poll(() => log.lines).toMatchObject([{ level: "info", fields: { code: "canceled" } }]);
    },
  );

  it("writes the line of a stream whose client disconnected", async ({ expect }) => {
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
    await expect.poll(() => lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({ fields: { method: "Watch" } });
  });
});
