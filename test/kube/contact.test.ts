// How new the content of a cache is: what the API server said, and what a prober asks while it says nothing.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { connectKube } from "../../src/kube/connection/connect.ts";
import type { FullKubeClient } from "../../src/kube/kube-client.ts";
import { virtualMachineInstances } from "../../src/kube/resource.ts";
import { type Cache, startCache } from "../../src/kube/watch/cache.ts";
import { type Contact, createContact, probeWhenQuiet } from "../../src/kube/watch/contact.ts";
import type { Timing } from "../../src/kube/timing.ts";
import { createManualTime, type ManualTime } from "../app/manual-time.ts";
import { silentLog } from "../support/log.ts";
import {
  bookmark,
  errorEvent,
  isInitialWatch,
  isLook,
  listOf,
  nameAndNode,
  notOffered,
  vmi,
} from "./collection.ts";
import { type OpenStream, type Reply, type ScriptedServer, startScriptedServer } from "./scripted-server.ts";

let server: ScriptedServer;
let time: ManualTime;
let clockOffsetMs = 0;
let timing: Timing;
let contact: Contact;
let client: FullKubeClient;
/** Watches that the client has seen open, looks and probes that have come to an end. */
let seen: { opened: number; looked: number; probed: number };
let stopping: AbortController;
let prober: Promise<void>;
let cache: Cache<string> | undefined;

beforeEach(async () => {
  server = await startScriptedServer();
  time = createManualTime();
  clockOffsetMs = 0;
  timing = {
    now: time.now,
    clock: () => new Date(time.now() + clockOffsetMs),
    sleep: time.sleepOrAborted,
    random: () => 0.5,
  };
  seen = { opened: 0, looked: 0, probed: 0 };
  client = counting(connectKube({ server: server.url, timing }));
  contact = createContact(timing);
  stopping = new AbortController();
  prober = probeWhenQuiet({ client, contact, timing, signal: stopping.signal });
});

afterEach(async () => {
  stopping.abort();
  await prober;
  await cache?.stop();
  cache = undefined;
  await client.close();
  await server[Symbol.asyncDispose]();
});

function counting(inner: FullKubeClient): FullKubeClient {
  return {
    ...inner,
    stream(path, options) {
      const onOpen = (): void => {
        options.onOpen?.();
        seen.opened += 1;
      };
      return inner.stream(path, { ...options, onOpen });
    },
    async listMetadataPage(resource, options) {
      try {
        return await inner.listMetadataPage(resource, options);
      } finally {
        seen.looked += 1;
      }
    },
    async getText(path, options) {
      try {
        return await inner.getText(path, options);
      } finally {
        seen.probed += 1;
      }
    },
  };
}

interface Played {
  /** The watches that the server has opened, oldest first. */
  readonly watches: OpenStream[];
  /** The answer to /livez. */
  livez: (reply: Reply) => void;
}

const isFine = (reply: Reply): void => reply.text("ok", 200);

/** Plays a collection of one object whose watches the test feeds, and /livez. */
function play(): Played {
  const played: Played = { watches: [], livez: isFine };
  server.play(async (request, reply) => {
    if (request.path === "/livez") played.livez(reply);
    else if (isInitialWatch(request)) await notOffered(request, reply);
    else if (request.query.has("watch")) played.watches.push(reply.stream());
    else await listOf(9, vmi("a", 3, "n1"))(request, reply);
  });
  return played;
}

const watchRequests = (): number =>
  server.requests.filter((request) => request.query.has("watch") && !isInitialWatch(request)).length;
const probes = (): number => server.requests.filter(({ path }) => path === "/livez").length;

function start(): Cache<string> {
  cache = startCache(client, virtualMachineInstances, {
    project: nameAndNode,
    log: silentLog,
    timing,
    contact,
  });
  return cache;
}

/** Waits until the client has seen so many watches open, and knows that the store has not gone back. */
async function opened(count: number): Promise<void> {
  await expect.poll(() => [seen.opened, seen.looked]).toEqual([count, count]);
}

/** A synced cache whose first watch is open. */
async function watching(): Promise<Cache<string>> {
  const started = start();
  await started.whenSynced();
  await opened(1);
  return started;
}

const asOf = (): number | undefined => cache?.currentAsOf?.at;

/** Lets so much time pass, in which the prober asks once, and waits for the answer. */
async function probeAfter(milliseconds: number): Promise<void> {
  const before = seen.probed;
  await time.advance(milliseconds);
  await expect.poll(() => seen.probed).toBe(before + 1);
}

describe("a cache with a prober", () => {
  it("is current as of its list until its watch has had a second to catch up", async () => {
    const played = play();
    await time.advance(100);
    const { currentAsOf } = await watching();
    expect(currentAsOf).toEqual({ at: 100, time: new Date(100) });
    await time.advance(999);
    await played.watches[0]?.send(bookmark(20));
    await expect.poll(() => contact.last?.at).toBe(1_099);
    expect(asOf()).toBe(100);
    await time.advance(1);
    await played.watches[0]?.send(bookmark(21));
    await expect.poll(asOf).toBe(1_100);
  });

  it("is current as of each answer while its watch says nothing", async () => {
    play();
    await watching();
    await probeAfter(3_000);
    await expect.poll(asOf).toBe(3_000);
    await probeAfter(3_000);
    await expect.poll(asOf).toBe(6_000);
  });

  it("asks nothing while events come", async () => {
    const played = play();
    await watching();
    for (let version = 20; version < 25; version += 1) {
      await time.advance(2_000);
      await played.watches[0]?.send(bookmark(version));
      await expect.poll(asOf).toBe((version - 19) * 2_000);
    }
    expect(probes()).toBe(0);
  });

  it("takes the time of the question, not of the answer", async () => {
    const played = play();
    await watching();
    const slow = Promise.withResolvers<Reply>();
    played.livez = slow.resolve;
    await time.advance(3_000);
    const reply = await slow.promise;
    await time.advance(1_500);
    isFine(reply);
    await expect.poll(asOf).toBe(3_000);
  });

  it.for<[string, (reply: Reply) => void]>([
    ["refuses the connection", (reply) => reply.reset()],
    ["has lost etcd", (reply) => reply.text("[-]etcd failed", 500)],
    ["is starting", (reply) => reply.refuse(503, "ServiceUnavailable")],
  ])("stays at the last answer when the API server %s", async ([, livez]) => {
    const played = play();
    await watching();
    await probeAfter(3_000);
    await expect.poll(asOf).toBe(3_000);
    played.livez = livez;
    await probeAfter(3_000);
    await probeAfter(3_000);
    await probeAfter(3_000);
    expect(asOf()).toBe(3_000);
    played.livez = isFine;
    await probeAfter(3_000);
    await expect.poll(asOf).toBe(15_000);
  });

  it.for([401, 403, 404])("takes a refusal with %i for an answer", async (code) => {
    const played = play();
    await watching();
    played.livez = (reply) => reply.refuse(code, "Refused");
    await probeAfter(3_000);
    await expect.poll(asOf).toBe(3_000);
  });

  it("F4: is opened again when the API server is back, because its connection may have gone with it", async () => {
    const played = play();
    await watching();
    await probeAfter(3_000);
    played.livez = (reply) => reply.reset();
    await probeAfter(3_000);
    expect(watchRequests()).toBe(1);
    played.livez = isFine;
    await probeAfter(3_000);
    await expect.poll(() => cache?.health().reconnects).toEqual({ lost: 1 });
    await time.advance(1_000);
    await opened(2);
    expect(cache?.health().relists).toBe(0);
    await time.advance(2_000);
    await probeAfter(1_000);
    await expect.poll(asOf).toBe(13_000);
  });

  it("F4: is not opened again if it was heard while the API server did not answer the prober", async () => {
    const played = play();
    await watching();
    played.livez = (reply) => reply.reset();
    await probeAfter(3_000);
    await time.advance(1_000);
    await played.watches[0]?.send(bookmark(20));
    await expect.poll(() => contact.last?.at).toBe(4_000);
    played.livez = isFine;
    await probeAfter(3_000);
    await expect.poll(asOf).toBe(7_000);
    expect([watchRequests(), cache?.health().reconnects]).toEqual([1, {}]);
  });

  it.for([3_600_000, -3_600_000])(
    "F20: goes on when the wall clock jumps by %i ms, which only its times show",
    async (jump) => {
      play();
      await watching();
      await probeAfter(3_000);
      await expect.poll(asOf).toBe(3_000);
      clockOffsetMs = jump;
      await probeAfter(3_000);
      await expect.poll(() => cache?.currentAsOf).toEqual({ at: 6_000, time: new Date(6_000 + jump) });
      expect([watchRequests(), cache?.health().reconnects]).toEqual([1, {}]);
    },
  );

  it("F4: keeps a quiet watch open for an hour", async () => {
    play();
    await watching();
    for (let minute = 0; minute < 60; minute += 1) await probeAfter(60_000);
    await expect.poll(asOf).toBe(3_600_000);
    expect([watchRequests(), cache?.health().reconnects]).toEqual([1, {}]);
  });

  it("stays at the last moment of a watch that is broken, whatever the prober hears", async () => {
    const played = play();
    const { currentAsOf: listed } = await watching();
    await probeAfter(3_000);
    await expect.poll(asOf).toBe(3_000);
    server.play((request, reply) => {
      if (request.path === "/livez") isFine(reply);
      else reply.refuse(503, "ServiceUnavailable");
    });
    played.watches[0]?.reset();
    await expect.poll(() => cache?.health().reconnects).toEqual({ broken: 1 });
    await probeAfter(3_000);
    await expect.poll(() => contact.last?.at).toBe(6_000);
    expect(asOf()).toBe(3_000);
    expect(listed?.at).toBe(0);
  });

  it("catches up again after a watch is opened again", async () => {
    const played = play();
    await watching();
    await probeAfter(3_000);
    await expect.poll(asOf).toBe(3_000);
    played.watches[0]?.reset();
    await expect.poll(() => cache?.health().reconnects).toEqual({ broken: 1 });
    await time.advance(2_500);
    await opened(2);
    // The answer that the store has not gone back is an answer, too, but the watch has not caught up.
    expect(contact.last?.at).toBe(5_500);
    expect(asOf()).toBe(3_000);
    await time.advance(500);
    await probeAfter(2_500);
    await expect.poll(asOf).toBe(8_500);
  });

  it("watches again as soon as an API server that was away is back, however long its pause would be", async () => {
    const played = play();
    await watching();
    server.play((_, reply) => reply.reset());
    played.watches[0]?.reset();
    for (let round = 0; round < 12; round += 1) await probeAfter(3_000);
    await expect.poll(() => cache?.health().reconnects["broken"]).toBeGreaterThan(4);
    server.play(async (request, reply) => {
      if (request.path === "/livez") isFine(reply);
      else if (isLook(request)) await listOf(99)(request, reply);
      else reply.stream();
    });
    await probeAfter(3_000);
    await opened(2);
    await probeAfter(3_000);
    await expect.poll(asOf).toBe(time.now());
  });

  it("waits as long as the API server has asked it to, even if it was away meanwhile", async () => {
    const played = play();
    await watching();
    server.play((request, reply) => {
      if (request.path === "/livez") reply.reset();
      else reply.refuse(503, "ServiceUnavailable", {}, { "retry-after": "60" });
    });
    played.watches[0]?.reset();
    await expect.poll(() => cache?.health().reconnects["broken"]).toBe(1);
    await probeAfter(3_000);
    await expect.poll(() => cache?.health().reconnects["failed"]).toBe(1);
    play();
    await probeAfter(3_000);
    expect(contact.last?.at).toBe(time.now());
    await probeAfter(3_000);
    expect(watchRequests()).toBe(2);
    await time.advance(60_000);
    await expect.poll(() => seen.opened).toBe(2);
  });

  it("is not current because of a watch that is opened and refused at once", async () => {
    let lists = 0;
    const { promise: secondList, resolve: answerList } = Promise.withResolvers<void>();
    const played: OpenStream[] = [];
    server.play(async (request, reply) => {
      if (request.path === "/livez") isFine(reply);
      else if (isInitialWatch(request)) await notOffered(request, reply);
      else if (isLook(request)) await listOf(99)(request, reply);
      else if (request.query.has("watch")) {
        const stream = reply.stream();
        played.push(stream);
        if (played.length === 2) await stream.send(errorEvent(410, "Expired"));
      } else {
        lists += 1;
        if (lists === 2) await secondList;
        await listOf(9 + lists)(request, reply);
      }
    });
    await watching();
    await probeAfter(3_000);
    await expect.poll(asOf).toBe(3_000);
    played[0]?.reset();
    await expect.poll(() => cache?.health().reconnects["broken"]).toBe(1);
    await time.advance(20_000);
    await expect.poll(() => cache?.health().reconnects["expired"]).toBe(1);
    expect(asOf()).toBe(3_000);
    await time.advance(1_000);
    await expect.poll(() => lists).toBe(2);
    const listedAt = time.now();
    await time.advance(2_000);
    answerList();
    await expect.poll(() => cache?.health().relists).toBe(1);
    expect(asOf()).toBe(listedAt);
  });
});

describe("a prober", () => {
  it("asks once for all caches of the API server", async () => {
    play();
    await watching();
    const other = startCache(client, virtualMachineInstances, {
      project: nameAndNode,
      log: silentLog,
      timing,
      contact,
    });
    await expect.poll(() => seen.opened).toBe(2);
    await probeAfter(3_000);
    await expect.poll(() => [asOf(), other.currentAsOf?.at]).toEqual([3_000, 3_000]);
    expect(probes()).toBe(1);
    await other.stop();
  });

  it("goes on before the first answer, and when its client is closed", async () => {
    server.play((_, reply) => reply.reset());
    await probeAfter(3_000);
    await probeAfter(3_000);
    expect(contact.last).toBeUndefined();
    await client.close();
    await time.advance(3_000);
    expect(contact.last).toBeUndefined();
  });
});
