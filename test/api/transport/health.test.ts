// grpc.health.v1 as clients see it.

import { Code, createClient, createRouterTransport } from "@connectrpc/connect";
import { describe, it } from "vitest";
import {
  Health,
  HealthCheckResponse_ServingStatus as Status,
} from "../../../gen/grpc/health/v1/health_pb.ts";
import { createHealth } from "../../../src/api/transport/health.ts";
import { oneByOne } from "./serving.ts";

function start() {
  const health = createHealth();
  return { health, client: createClient(Health, createRouterTransport(health.routes)) };
}

describe("health", () => {
  it("is not serving until it is set to serving", async ({ expect }) => {
    const { health, client } = start();
    expect(await client.check({})).toMatchObject({ status: Status.NOT_SERVING });
    health.set("", true);
    expect(await client.check({})).toMatchObject({ status: Status.SERVING });
  });

  it("answers Check of an unknown service with NOT_FOUND", async ({ expect }) => {
    const { client } = start();
    await expect(client.check({ service: "no.Such" })).rejects.toMatchObject({ code: Code.NotFound });
  });

  it("lists every service", async ({ expect }) => {
    const { health, client } = start();
    health.set("a.B", true);
    const { statuses } = await client.list({});
    expect(statuses).toMatchObject({ "": { status: Status.NOT_SERVING }, "a.B": { status: Status.SERVING } });
  });

  it("sends a watcher each change once, starting with the current status", async ({ expect }) => {
    const { health, client } = start();
    const watch = oneByOne(client.watch({ service: "a.B" }));
    const next = async () => (await watch.next()).value?.status;
    expect(await next()).toBe(Status.SERVICE_UNKNOWN);
    health.set("a.B", true);
    expect(await next()).toBe(Status.SERVING);
    health.set("a.B", true);
    health.set("other", true);
    health.set("a.B", false);
    expect(await next()).toBe(Status.NOT_SERVING);
  });

  it("stays NOT_SERVING once shutdown has begun", async ({ expect }) => {
    const { health, client } = start();
    health.set("a.B", true);
    const watch = oneByOne(client.watch({ service: "a.B" }));
    await watch.next();
    health.shutdown();
    expect((await watch.next()).value).toMatchObject({ status: Status.NOT_SERVING });
    health.set("a.B", true);
    expect(await client.check({ service: "a.B" })).toMatchObject({ status: Status.NOT_SERVING });
  });
});
