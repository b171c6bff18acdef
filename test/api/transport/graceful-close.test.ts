// Closing a listener: calls in flight finish, new ones are refused, and nothing outlives the grace period.

import { Code, createClient } from "@connectrpc/connect";
import { once } from "node:events";
import { request as httpRequest, Agent } from "node:http";
import { describe, it } from "vitest";
import {
  Health,
  HealthCheckResponse_ServingStatus as Status,
} from "../../../gen/grpc/health/v1/health_pb.ts";
import { oneByOne, rawSocket, serve, transports } from "./serving.ts";

/** Serves a Watch that sends one message, waits to be released, sends another and ends. */
async function serveHeldStream() {
  const release = Promise.withResolvers<void>();
  const server = await serve({
    routes: (router) =>
      router.service(Health, {
        async *watch() {
          yield { status: Status.SERVING };
          await release.promise;
          yield { status: Status.NOT_SERVING };
        },
      }),
  });
  return { ...server, release: () => release.resolve() };
}

describe("graceful close", () => {
  it.for(Object.entries(transports))(
    "F18: lets an open stream finish: %s",
    async ([, transport], { expect }) => {
      const server = await serveHeldStream();
      const stream = oneByOne(createClient(Health, transport(server.url)).watch({}));
      expect((await stream.next()).value).toMatchObject({ status: Status.SERVING });
      const closed = server.close(60_000);
      await expect(once(rawSocket(server), "connect")).rejects.toMatchObject({ code: "ECONNREFUSED" });
      server.release();
      expect((await stream.next()).value).toMatchObject({ status: Status.NOT_SERVING });
      expect((await stream.next()).done).toBe(true);
      await closed;
    },
  );

  it.for(Object.entries(transports))(
    "aborts a stream that outlives the grace period: %s",
    async ([, transport], { expect }) => {
      const server = await serveHeldStream();
      const stream = oneByOne(createClient(Health, transport(server.url)).watch({}));
      await stream.next();
      const [rest] = await Promise.allSettled([stream.next(), server.close(20)]);
      expect(rest).toMatchObject({ status: "rejected" });
      expect([Code.Unavailable, Code.Aborted, Code.Canceled, Code.Internal]).toContain(
        (rest as PromiseRejectedResult).reason.code,
      );
      server.release();
    },
  );

  it("F18: does not wait for idle connections", async ({ expect }) => {
    const server = await serve();
    const agent = new Agent({ keepAlive: true });
    const idle = httpRequest(`${server.url}/`, { agent }).end();
    const [response] = await once(idle, "response");
    await once(response.resume(), "end");
    const silent = rawSocket(server);
    await once(silent, "connect");
    await createClient(Health, transports["gRPC over HTTP/2"]!(server.url)).check({});
    const startedAt = performance.now();
    await server.close(60_000);
    await expect.poll(() => silent.closed).toBe(true);
    expect(performance.now() - startedAt).toBeLessThan(10_000);
  });

  it("F18: does not wait for a client that does not read the end of its stream", async ({ expect }) => {
    const server = await serveHeldStream();
    const stream = oneByOne(createClient(Health, transports["gRPC over HTTP/2"]!(server.url)).watch({}));
    await stream.next();
    server.release();
    const startedAt = performance.now();
    await server.close(60_000);
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    await expect(once(rawSocket(server), "connect")).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });

  it("can be called again with a shorter grace period, which then counts", async ({ expect }) => {
    const server = await serveHeldStream();
    const stream = oneByOne(createClient(Health, transports["gRPC over HTTP/2"]!(server.url)).watch({}));
    await stream.next();
    const patient = server.close(60_000);
    await server.close(0);
    await patient;
    await expect(stream.next()).rejects.toThrow();
    server.release();
  });
});
