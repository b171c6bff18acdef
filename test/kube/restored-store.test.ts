// What an API server does after its etcd was restored from a backup: it is at an earlier version than before,
// accepts a watch from a later one and says nothing on it (kubernetes#107457).
import { afterEach, beforeEach, describe, it } from "vitest";
import { connectKube } from "../../src/kube/connection/connect.ts";
import type { FullKubeClient } from "../../src/kube/kube-client.ts";
import {
  added,
  bookmark,
  follow,
  type Followed,
  isInitialWatch,
  isLook,
  listOf,
  modified,
  playCollection,
  vmi,
  watchOf,
} from "./collection.ts";
import {
  type Handler,
  type ScriptedServer,
  type SeenRequest,
  startScriptedServer,
} from "./scripted-server.ts";
import { silentLog } from "../support/log.ts";
import { createTestTiming, type TestTiming } from "./test-timing.ts";

let server: ScriptedServer;
let timing: TestTiming;
let client: FullKubeClient;
let followed: Followed;

beforeEach(async () => {
  server = await startScriptedServer();
  timing = createTestTiming();
  client = connectKube({ server: server.url, timing });
});

afterEach(async () => {
  await followed.cache.stop();
  await client.close();
  await server[Symbol.asyncDispose]();
});

const watchedFrom = (): (string | null)[] =>
  server.requests
    .filter((request) => request.query.has("watch") && !isInitialWatch(request))
    .map(({ query }) => query.get("resourceVersion"));
const looks = (): readonly SeenRequest[] => server.requests.filter(isLook);

/** The present version of the API server. */
let version = 900;
const look: Handler = (request, reply) => listOf(version)(request, reply);

/** A watch with these events that then breaks, when the API server is at this version. */
const brokenAt =
  (then: number, ...events: object[]): Handler =>
  async (_, reply) => {
    const stream = reply.stream();
    await stream.send(...events);
    version = then;
    stream.reset();
  };

describe("F2: when a watch is opened", () => {
  beforeEach(() => {
    version = 900;
  });

  it("everything is listed again if the API server is at an earlier version than before", async ({
    expect,
  }) => {
    playCollection(server, {
      lists: [listOf(900, vmi("a", 900, "n900"), vmi("b", 890, "n1")), listOf(500, vmi("a", 400, "n400"))],
      watches: [
        brokenAt(500, modified(vmi("a", 901, "n901"))),
        (_, reply) => void reply.stream(),
        watchOf(added(vmi("c", 501, "n2"))),
      ],
      look,
    });
    followed = follow(client, { timing, log: silentLog });
    await expect.poll(followed.state).toEqual(["a@n400", "c@n2"]);
    expect(watchedFrom()).toEqual(["900", "901", "500"]);
    expect(followed.cache.health()).toMatchObject({ relists: 1, reconnects: { broken: 1, restored: 1 } });
  });

  it("an object counts as changed even if its version is the same: versions are used again", async ({
    expect,
  }) => {
    playCollection(server, {
      lists: [listOf(900, vmi("a", 600, "before")), listOf(600, vmi("a", 600, "after"))],
      watches: [brokenAt(600)],
      look,
    });
    followed = follow(client, { timing, log: silentLog });
    await expect.poll(followed.state).toEqual(["a@after"]);
  });

  it("nothing is listed again if nothing went back, and one object's metadata is enough to know", async ({
    expect,
  }) => {
    playCollection(server, {
      lists: [listOf(900, vmi("a", 900, "n900"))],
      watches: [brokenAt(904, bookmark(901)), watchOf(modified(vmi("a", 905, "n905")))],
      look,
    });
    followed = follow(client, { timing, log: silentLog });
    await expect.poll(followed.state).toEqual(["a@n905"]);
    await expect.poll(() => looks().length).toBeGreaterThan(0);
    expect(watchedFrom()).toEqual(["900", "901"]);
    expect(new Set(looks().map(({ query }) => query.get("limit")))).toEqual(new Set(["1"]));
    expect(followed.cache.health()).toMatchObject({ relists: 0, reconnects: { broken: 1 } });
  });

  it("the cache is not current until the API server has answered which version it is at", async ({
    expect,
  }) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const began = timing.now();
    playCollection(server, {
      lists: [listOf(900)],
      watches: [watchOf(added(vmi("a", 901, "n901")))],
      look: async (request, reply) => {
        await promise;
        await look(request, reply);
      },
    });
    followed = follow(client, { timing, log: silentLog });
    await expect.poll(followed.state).toEqual(["a@n901"]);
    timing.advance(60_000);
    expect(followed.cache.currentAsOf?.at).toBe(began);
    resolve();
  });

  it("it is opened again if the question fails, until there is an answer", async ({ expect }) => {
    let failures = 3;
    playCollection(server, {
      lists: [listOf(900), listOf(500, vmi("a", 400, "n400"))],
      look: (request, reply) => {
        failures -= 1;
        if (failures > 0) return reply.refuse(503, "ServiceUnavailable");
        version = 500;
        return look(request, reply);
      },
    });
    followed = follow(client, { timing, log: silentLog });
    await expect.poll(followed.state).toEqual(["a@n400"]);
    await expect.poll(watchedFrom).toEqual(["900", "900", "900", "500"]);
    expect(followed.cache.health().reconnects).toEqual({ failed: 2, restored: 1 });
  });

  it("versions that are not numbers prove nothing", async ({ expect }) => {
    const at = (resourceVersion: string): Handler => {
      return (_, reply) => reply.json({ metadata: { resourceVersion }, items: [] });
    };
    playCollection(server, {
      lists: [at("one")],
      watches: [brokenAt(1), watchOf(added(vmi("a", 1, "n1")))],
      look: at("another"),
    });
    followed = follow(client, { timing, log: silentLog });
    await expect.poll(followed.state).toEqual(["a@n1"]);
    expect(followed.cache.health().relists).toBe(0);
  });
});
