import { afterEach, beforeEach, describe, it } from "vitest";
import { connectKube } from "../../src/kube/connection/connect.ts";
import type { FullKubeClient } from "../../src/kube/kube-client.ts";
import {
  added,
  bookmark,
  deleted,
  errorEvent,
  follow,
  isInitialWatch,
  isLook,
  textOf,
  listOf,
  modified,
  playCollection,
  vmi,
  watchOf,
} from "./collection.ts";
import type { Followed } from "./collection.ts";
import { startScriptedServer } from "./scripted-server.ts";
import type { Handler, OpenStream, ScriptedServer } from "./scripted-server.ts";
import { type RecordedLog, recordLog } from "../support/log.ts";
import { createTestTiming } from "./test-timing.ts";
import type { TestTiming } from "./test-timing.ts";

let server: ScriptedServer;
let timing: TestTiming;
let log: RecordedLog;
let client: FullKubeClient;
let followed: Followed | undefined;

beforeEach(async () => {
  server = await startScriptedServer();
  timing = createTestTiming();
  log = recordLog();
  client = connectKube({ server: server.url, timing });
});

afterEach(async () => {
  await followed?.cache.stop();
  followed = undefined;
  await client.close();
  await server[Symbol.asyncDispose]();
});

function start(namespace?: string): Followed {
  followed = follow(client, { timing, log, ...(namespace === undefined ? {} : { namespace }) });
  return followed;
}

/** Without the looks, and without the watches that this API server does not offer. */
const asked = () => server.requests.filter((request) => !isLook(request) && !isInitialWatch(request));
const watches = () => asked().filter(({ query }) => query.has("watch"));
const lists = () => asked().filter(({ query }) => !query.has("watch"));
const words = ({ changes }: Followed): string[] => changes.map(textOf);

/** A watch that the test goes on to feed. */
function openWatch(): { handler: Handler; stream: Promise<OpenStream> } {
  const { promise, resolve } = Promise.withResolvers<OpenStream>();
  return { handler: (_, reply) => resolve(reply.stream()), stream: promise };
}

describe("a cache", () => {
  it("shows the collection once all pages of the first list are there, not before", async ({ expect }) => {
    const secondPage = Promise.withResolvers<void>();
    playCollection(server, {
      lists: [
        (_, reply) =>
          reply.json({ metadata: { resourceVersion: "9", continue: "t" }, items: [vmi("a", 3, "n1")] }),
        async (request, reply) => {
          await secondPage.promise;
          await listOf(9, vmi("b", 4, "n2"))(request, reply);
        },
      ],
    });
    const { cache, state } = start();
    await expect.poll(() => lists().length).toBe(2);
    expect([cache.synced, state()]).toEqual([false, []]);
    secondPage.resolve();
    await cache.whenSynced();
    expect([cache.synced, cache.size, state()]).toEqual([true, 2, ["a@n1", "b@n2"]]);
    expect(lists().map(({ query }) => query.get("continue"))).toEqual([null, "t"]);
    await expect.poll(() => watches()[0]?.query.get("resourceVersion")).toBe("9");
  });

  it("follows changes and reports them in order, with the previous value", async ({ expect }) => {
    playCollection(server, {
      lists: [listOf(9, vmi("a", 3, "n1"))],
      watches: [
        watchOf(
          added(vmi("b", 10, "n1")),
          modified(vmi("a", 11, "n2")),
          deleted(vmi("b", 12, "n1")),
          deleted(vmi("never-seen", 13, "n1")),
        ),
      ],
    });
    const at = start();
    await expect.poll(() => words(at)).toEqual(["set a@n1", "set b@n1", "set a@n2 was a@n1", "delete b@n1"]);
    expect(at.cache.get({ namespace: "lab", name: "a" })).toBe("a@n2");
    expect(at.cache.get({ namespace: "lab", name: "b" })).toBeUndefined();
    expect(at.changes[0]?.key).toEqual({ namespace: "lab", name: "a" });
  });

  it("requests one namespace and one selection if configured", async ({ expect }) => {
    playCollection(server, { lists: [listOf(9)] });
    await start("lab").cache.whenSynced();
    await expect.poll(() => watches().length).toBe(1);
    const path = "/apis/kubevirt.io/v1/namespaces/lab/virtualmachineinstances";
    expect(asked().map((request) => request.path)).toEqual([path, path]);
  });

  it("requests bookmarks and a timeout of 5 to 10 minutes for each watch", async ({ expect }) => {
    playCollection(server, { lists: [listOf(9)] });
    start();
    await expect.poll(() => watches().length).toBe(1);
    expect(Object.fromEntries(watches()[0]?.query ?? [])).toEqual({
      watch: "true",
      allowWatchBookmarks: "true",
      resourceVersion: "9",
      timeoutSeconds: "450",
    });
  });

  it("resumes from the last bookmark", async ({ expect }) => {
    playCollection(server, {
      lists: [listOf(9)],
      watches: [
        async (_, reply) => {
          const stream = reply.stream();
          await stream.send(added(vmi("a", 10, "n1")), bookmark(99));
          stream.end();
        },
      ],
    });
    const { state } = start();
    await expect.poll(() => watches().map(({ query }) => query.get("resourceVersion"))).toEqual(["9", "99"]);
    expect(state()).toEqual(["a@n1"]);
  });

  it("F3: ignores events older than what it has seen", async ({ expect }) => {
    playCollection(server, {
      lists: [listOf(9, vmi("a", 9, "n9"))],
      watches: [
        watchOf(
          modified(vmi("a", 8, "n8")),
          deleted(vmi("a", 9, "n9")),
          modified(vmi("a", 10, "n10")),
          modified(vmi("a", 10, "n-again")),
          bookmark(7),
          modified(vmi("a", 11, "n11")),
        ),
      ],
    });
    const at = start();
    await expect.poll(() => words(at)).toEqual(["set a@n9", "set a@n10 was a@n9", "set a@n11 was a@n10"]);
    expect(at.cache.health().staleEvents).toBe(3);
  });

  it("F22: stores an object named __proto__ without side effects", async ({ expect }) => {
    const watch = openWatch();
    playCollection(server, { lists: [listOf(9)], watches: [watch.handler] });
    const at = start();
    const stream = await watch.stream;
    await stream.write(
      '{"type":"ADDED","object":{"__proto__":{"polluted":1},"metadata":{"namespace":"lab","name":"__proto__","resourceVersion":"10"},"status":{"nodeName":"n"}}}\n',
    );
    await expect.poll(() => words(at)).toEqual(["set __proto__@n"]);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });

  it("reports how fresh it is", async ({ expect }) => {
    playCollection(server, { lists: [listOf(9)] });
    const { cache } = start();
    const began = timing.now();
    expect(cache.currentAsOf).toBeUndefined();
    expect(cache.health()).toMatchObject({ synced: false });
    await cache.whenSynced();
    timing.advance(5_000);
    expect(cache.currentAsOf).toEqual({ at: began, time: new Date(began) });
    expect(cache.health()).toMatchObject({ synced: true, relists: 0, reconnects: {} });
  });
});

describe("after a fault of the watch", () => {
  /** `pause` is what the wait before the next try must at least be. */
  interface Fault {
    readonly play: Handler;
    readonly ending: string;
    readonly pause?: number;
  }
  const broken = (play: (stream: OpenStream) => void | Promise<void>): Handler => {
    return async (_, reply) => {
      const stream = reply.stream();
      await stream.send(modified(vmi("a", 10, "n10")));
      await play(stream);
    };
  };
  const refused =
    (code: number, reason: string, more = {}): Handler =>
    (_, reply) =>
      reply.refuse(code, reason, more);

  it.for<[string, Fault]>([
    ["a reset", { play: broken((stream) => stream.reset()), ending: "broken" }],
    ["an orderly end", { play: broken((stream) => stream.end()), ending: "closed" }],
    [
      "an end in the middle of a line",
      {
        play: broken(async (stream) => {
          await stream.write('{"type":"DELETED","object":{"metadata":{"name":"a"');
          stream.end();
        }),
        ending: "broken",
      },
    ],
    [
      "an ERROR event of 500",
      { play: broken((s) => s.send(errorEvent(500, "InternalError"))), ending: "failed" },
    ],
    ["503", { play: refused(503, "ServiceUnavailable"), ending: "failed" }],
    [
      "429, as late as it asks",
      {
        play: refused(429, "TooManyRequests", { details: { retryAfterSeconds: 30 } }),
        ending: "throttled",
        pause: 30_000,
      },
    ],
    ["403, without haste", { play: refused(403, "Forbidden"), ending: "denied", pause: 5_000 }],
  ])("F1, F3, F5, F6: it resumes: %s", async ([, { play, ending, pause = 0 }], { expect }) => {
    playCollection(server, {
      lists: [listOf(9, vmi("a", 9, "n9"))],
      watches: [play, watchOf(modified(vmi("a", 11, "n11")))],
    });
    const { cache, state } = start();
    await expect.poll(state).toEqual(["a@n11"]);
    expect(lists().length).toBe(1);
    expect(cache.health()).toMatchObject({ reconnects: { [ending]: 1 }, relists: 0, decodeErrors: 0 });
    expect(timing.pauses.length).toBe(1);
    expect(timing.pauses[0]).toBeGreaterThanOrEqual(pause);
    expect(timing.pauses[0]).toBeLessThanOrEqual(Math.max(800, pause));
  });

  it.for<[string, Fault]>([
    ["410", { play: refused(410, "Expired"), ending: "expired" }],
    ["an ERROR event of 410", { play: broken((s) => s.send(errorEvent(410, "Expired"))), ending: "expired" }],
    ["410 named Gone", { play: broken((s) => s.send(errorEvent(410, "Gone"))), ending: "expired" }],
    ["400", { play: refused(400, "BadRequest"), ending: "refused" }],
    [
      "a version from before a restored backup",
      {
        play: refused(504, "Timeout", { details: { causes: [{ reason: "ResourceVersionTooLarge" }] } }),
        ending: "failed",
      },
    ],
    ["a line that is not JSON", { play: broken((s) => s.write("<html>\n")), ending: "undecodable" }],
    ["a line that is not an event", { play: broken((s) => s.write("7\n")), ending: "undecodable" }],
    [
      "bytes that are not UTF-8",
      { play: broken((s) => s.write(Uint8Array.of(0xff, 10))), ending: "undecodable" },
    ],
    [
      "an event of an unknown type",
      { play: broken((s) => s.send({ ...added(vmi("a", 20, "x")), type: "?" })), ending: "undecodable" },
    ],
    [
      "an event without a version",
      { play: broken((s) => s.send(added({ metadata: { name: "a" } }))), ending: "undecodable" },
    ],
    ["a line over 4 MiB", { play: broken((s) => s.write("x".repeat(4_200_000))), ending: "undecodable" }],
  ])("F2, F22: it lists again: %s", async ([, { play, ending }], { expect }) => {
    playCollection(server, {
      lists: [listOf(9, vmi("a", 9, "n9")), listOf(30, vmi("a", 29, "n29"))],
      watches: [play],
    });
    const { cache, state } = start();
    await expect.poll(state).toEqual(["a@n29"]);
    await expect.poll(() => watches().at(-1)?.query.get("resourceVersion")).toBe("30");
    expect(cache.health()).toMatchObject({
      relists: 1,
      reconnects: { [ending]: 1 },
      decodeErrors: ending === "undecodable" ? 1 : 0,
    });
    expect(lists().map(({ query }) => query.get("resourceVersion"))).toEqual([null, null]);
  });

  it("F4: a watch that is silent for 90 seconds is dropped and everything is listed again", async ({
    expect,
  }) => {
    playCollection(server, {
      lists: [listOf(9), listOf(50)],
      watches: [watchOf(bookmark(50)), watchOf(added(vmi("a", 51, "n51")))],
    });
    const limits: (number | undefined)[] = [];
    const impatient: FullKubeClient = {
      ...client,
      stream(path, options) {
        if (path.includes("sendInitialEvents")) return client.stream(path, options);
        limits.push(options.idleTimeoutMs);
        return client.stream(path, { ...options, idleTimeoutMs: limits.length === 1 ? 30 : 0 });
      },
    };
    followed = follow(impatient, { timing, log });
    await expect.poll(followed.state).toEqual(["a@n51"]);
    expect(limits).toEqual([90_000, 90_000]);
    expect(followed.cache.health()).toMatchObject({ reconnects: { silent: 1 }, relists: 1 });
    expect(watches()[1]?.query.get("resourceVersion")).toBe("50");
  });

  it("F6: the delays double up to 30 seconds, and start over after a long watch", async ({ expect }) => {
    const held = openWatch();
    const fails: Handler[] = Array.from({ length: 7 }, () => refused(503, "ServiceUnavailable"));
    playCollection(server, { lists: [listOf(9)], watches: [...fails, held.handler] });
    start();
    const stream = await held.stream;
    expect(timing.pauses).toEqual([400, 800, 1_600, 3_200, 6_400, 12_800, 15_000]);
    await stream.send(bookmark(10));
    timing.advance(30_000);
    stream.reset();
    await expect.poll(() => timing.pauses.slice(7)).toEqual([400]);
  });

  it("the next watch starts at once if the last one was long and ended normally", async ({ expect }) => {
    const held = openWatch();
    playCollection(server, { lists: [listOf(9)], watches: [held.handler] });
    start();
    const stream = await held.stream;
    timing.advance(300_000);
    stream.end();
    await expect.poll(() => watches().length).toBe(2);
    expect(timing.pauses).toEqual([0]);
  });
});

describe("a list", () => {
  it("that fails is retried, and the cache is not synced until then", async ({ expect }) => {
    playCollection(server, {
      lists: [
        (_, reply) => reply.refuse(500, "InternalError"),
        (_, reply) => reply.reset(),
        (_, reply) => reply.refuse(403, "Forbidden"),
        listOf(9, vmi("a", 3, "n1")),
      ],
    });
    const { cache, state } = start();
    expect(cache.synced).toBe(false);
    await cache.whenSynced();
    expect(state()).toEqual(["a@n1"]);
    expect(timing.pauses).toEqual([400, 800, 5_000]);
    expect(cache.health()).toMatchObject({ relists: 0, reconnects: { failed: 1, broken: 1, denied: 1 } });
    expect(log.lines.map(({ level, message }) => `${level}: ${message}`)).toEqual(
      Array.from({ length: 3 }, () => "warn: list failed"),
    );
  });

  it("whose next page has expired leaves nothing behind and is requested again in one piece", async ({
    expect,
  }) => {
    playCollection(server, {
      lists: [
        (_, reply) =>
          reply.json({ metadata: { resourceVersion: "9", continue: "t" }, items: [vmi("gone", 3, "n1")] }),
        (_, reply) => reply.refuse(410, "Expired"),
        listOf(30, vmi("a", 29, "n1")),
      ],
    });
    const at = start();
    await at.cache.whenSynced();
    expect(words(at)).toEqual(["set a@n1"]);
    expect(lists().map(({ query }) => query.get("limit"))).toEqual(["500", "500", null]);
  });

  it("that is repeated reports what is missing, changed or created again, and nothing that is unchanged", async ({
    expect,
  }) => {
    playCollection(server, {
      lists: [
        listOf(9, vmi("a", 1, "n1"), vmi("b", 2, "n1"), vmi("c", 3, "n1"), vmi("d", 4, "n1")),
        listOf(
          30,
          vmi("a", 1, "n1"),
          vmi("b", 20, "n2"),
          vmi("d", 21, "n2", "another-uid"),
          vmi("e", 22, "n1"),
        ),
      ],
      watches: [(_, reply) => reply.refuse(410, "Expired")],
    });
    const at = start();
    await expect.poll(() => at.cache.health().relists).toBe(1);
    expect(words(at).slice(4)).toEqual([
      "delete c@n1",
      "set b@n2 was b@n1",
      "delete d@n1",
      "set d@n2",
      "set e@n1",
    ]);
  });

  it("that is repeated becomes visible as a whole", async ({ expect }) => {
    const secondPage = Promise.withResolvers<void>();
    playCollection(server, {
      lists: [
        listOf(9, vmi("a", 1, "n1"), vmi("b", 2, "n1")),
        (_, reply) =>
          reply.json({ metadata: { resourceVersion: "30", continue: "t" }, items: [vmi("a", 20, "n2")] }),
        async (request, reply) => {
          await secondPage.promise;
          await listOf(30, vmi("b", 21, "n2"))(request, reply);
        },
      ],
      watches: [(_, reply) => reply.refuse(410, "Expired")],
    });
    const at = start();
    await expect.poll(() => lists().length).toBe(3);
    expect(at.state()).toEqual(["a@n1", "b@n1"]);
    const seen: string[][] = [];
    at.cache.subscribe(() => seen.push(at.state()));
    secondPage.resolve();
    await expect.poll(() => seen.length).toBe(2);
    expect(seen).toEqual([
      ["a@n2", "b@n2"],
      ["a@n2", "b@n2"],
    ]);
  });
});

describe("a fault of the cache's user", () => {
  it("in one listener is logged and does not affect the others", async ({ expect }) => {
    playCollection(server, {
      lists: [listOf(9, vmi("a", 1, "n1"))],
      watches: [watchOf(added(vmi("b", 10, "n1")))],
    });
    followed = follow(client, { timing, log });
    const heard: string[] = [];
    followed.cache.subscribe(() => {
      throw new Error("a mistake");
    });
    followed.cache.subscribe((change) => heard.push(textOf(change)));
    await expect.poll(() => heard).toEqual(["set a@n1", "set b@n1"]);
    expect(followed.cache.health().faults).toBe(2);
    expect(log.lines.map(({ message }) => message)).toContain("a listener of the cache failed");
  });

  it("in the projection keeps the previous value and continues", async ({ expect }) => {
    const noNode = { metadata: { namespace: "lab", name: "a", uid: "uid-a", resourceVersion: "10" } };
    playCollection(server, {
      lists: [listOf(9, vmi("a", 1, "n1"), { metadata: { namespace: "lab", name: "x" } })],
      watches: [watchOf(modified(noNode), added(vmi("b", 11, "n1")))],
    });
    const at = start();
    await expect.poll(at.state).toEqual(["a@n1", "b@n1"]);
    expect(at.cache.health().faults).toBe(2);
  });

  it("does not include unsubscribing during a notification", async ({ expect }) => {
    playCollection(server, { lists: [listOf(9, vmi("a", 1, "n1"), vmi("b", 2, "n1"))] });
    const at = start();
    let heard = 0;
    const unsubscribe = at.cache.subscribe(() => {
      heard += 1;
      unsubscribe();
    });
    await at.cache.whenSynced();
    expect(heard).toBe(1);
  });
});

describe("the end of a cache", () => {
  it("leaves no watch open, and its values readable", async ({ expect }) => {
    playCollection(server, { lists: [listOf(9, vmi("a", 1, "n1"))] });
    const { cache, state } = start();
    await expect.poll(() => watches().length).toBe(1);
    await cache.stop();
    await cache.stop();
    expect(state()).toEqual(["a@n1"]);
    await client.close();
    await expect.poll(() => server.openConnections).toBe(0);
    expect(asked().length).toBe(2);
    expect(log.lines).toEqual([]);
  });

  it("before the first list is reported to callers who wait for it", async ({ expect }) => {
    server.play(() => undefined);
    const { cache } = start();
    const waiting = cache.whenSynced();
    await cache.stop();
    await expect(waiting).rejects.toThrow("stopped before its first list");
  });

  it("is not needed to give up waiting", async ({ expect }) => {
    server.play(() => undefined);
    const { cache } = start();
    const patience = new AbortController();
    const waiting = cache.whenSynced(patience.signal);
    patience.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
  });

  it("also comes with the end of its client", async ({ expect }) => {
    playCollection(server, { lists: [listOf(9)] });
    const { cache } = start();
    await expect.poll(() => watches().length).toBe(1);
    await client.close();
    await cache.stop();
    expect(timing.pauses).toEqual([]);
  });
});
