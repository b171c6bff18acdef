// A cache that lost an event is found by a comparison with a list, and one that is only behind is not.
import { afterEach, beforeEach, describe, it } from "vitest";
import { connectKube } from "../../src/kube/connection/connect.ts";
import type { FullKubeClient } from "../../src/kube/kube-client.ts";
import type { Timing } from "../../src/kube/timing.ts";
import { namespaces, secrets } from "../../src/kube/resource.ts";
import { type Cache, startCache } from "../../src/kube/watch/cache.ts";
import { type ApiServer, createApiServer } from "../../src/local/api/api-server.ts";
import { createManualTime, type ManualTime } from "../app/manual-time.ts";
import { type FaultProxy, startFaultProxy } from "../faults/fault-proxy.ts";
import { recordLog, type RecordedLog } from "../support/log.ts";
import { namespaceOf } from "../support/objects.ts";

const everyMs = 300_000;
const namespace = "lab";

let api: ApiServer;
let apiUrl: string;
let admin: FullKubeClient;
let proxy: FaultProxy;
let client: FullKubeClient;
let time: ManualTime;
let log: RecordedLog;
let cache: Cache<string>;

beforeEach(async () => {
  api = createApiServer();
  ({ url: apiUrl } = await api.listen({ host: "127.0.0.1", port: 0 }));
  admin = connectKube({ server: apiUrl });
  await admin.create(namespaces, namespaceOf(namespace));
  proxy = await startFaultProxy(apiUrl);
  client = connectKube({ server: proxy.url });
  time = createManualTime();
  log = recordLog();
});

afterEach(async () => {
  await cache.stop();
  await client.close();
  await proxy[Symbol.asyncDispose]();
  await admin.close();
  await api.close();
});

async function put(name: string, label: string): Promise<void> {
  const metadata = { namespace, name, labels: { label } };
  await admin.apply(secrets, { apiVersion: "v1", kind: "Secret", metadata }, { fieldManager: "test" });
}

async function start(): Promise<void> {
  const timing: Timing = {
    now: time.now,
    clock: () => new Date(time.now()),
    sleep: time.sleepOrAborted,
    random: () => 0.5,
  };
  cache = startCache(client, secrets, {
    project: ({ metadata }) => `${metadata.name}=${metadata.labels?.["label"]}`,
    log,
    timing,
    auditEveryMs: everyMs,
  });
  await cache.whenSynced();
}

const state = (): string[] => [...cache.values()].toSorted();
const audits = (): number => cache.health().audits;
const looks = (): number => proxy.calls.filter(({ verb }) => verb === "list").length;

describe("an audit", () => {
  it("finds nothing in a cache that follows its watch", async ({ expect }) => {
    await put("a", "1");
    await start();
    await put("a", "2");
    await put("b", "1");
    await admin.delete(secrets, { namespace, name: "b" });
    await expect.poll(state).toEqual(["a=2"]);
    for (const round of [1, 2, 3]) {
      await time.advance(everyMs);
      await expect.poll(audits).toBe(round);
    }
    expect(cache.health()).toMatchObject({ mismatches: 0, relists: 0, reconnects: {} });
    expect(log.lines).toEqual([]);
  });

  it.for<[string, () => Promise<void>, string[]]>([
    ["a creation", async () => await put("c", "1"), ["a=1", "b=1", "c=1"]],
    ["a change", async () => await put("a", "2"), ["a=2", "b=1"]],
    ["a deletion", async () => await admin.delete(secrets, { namespace, name: "b" }), ["a=1"]],
  ])("finds that the watch lost %s, counts it and lists again", async ([, change, right], { expect }) => {
    await put("a", "1");
    await put("b", "1");
    const loss = proxy.inject({ verb: "watch" }, { kind: "event", how: "drop", nth: 3 });
    await start();
    await change();
    await put("seen", "1");
    await expect.poll(state).toEqual(["a=1", "b=1", "seen=1"]);
    loss.remove();
    await time.advance(everyMs);
    await expect.poll(looks).toBe(1);
    expect(audits()).toBe(0);
    await time.advance(15_000);
    await expect.poll(() => cache.health().reconnects).toEqual({ mismatched: 1 });
    await time.advance(800);
    await expect.poll(state).toEqual([...right, "seen=1"]);
    expect(cache.health()).toMatchObject({ audits: 1, mismatches: 1, relists: 1 });
    expect(log.lines.map(({ message }) => message)).toContain("the cache differs from the API server");
  });

  it("does not count what the watch reports a little later", async ({ expect }) => {
    const { promise: until, resolve } = Promise.withResolvers<void>();
    await put("a", "1");
    proxy.inject({ verb: "watch" }, { kind: "event", how: "wait", nth: 2, until });
    await start();
    await put("a", "2");
    await time.advance(everyMs);
    await expect.poll(looks).toBe(1);
    await expect.poll(() => time.pending).toBe(1);
    resolve();
    await expect.poll(state).toEqual(["a=2"]);
    await time.advance(15_000);
    await expect.poll(audits).toBe(1);
    expect(cache.health()).toMatchObject({ mismatches: 0, relists: 0, reconnects: {} });
  });

  it("does not count what has changed since the list", async ({ expect }) => {
    const { promise: until, resolve } = Promise.withResolvers<void>();
    await put("a", "1");
    await start();
    proxy.inject({ verb: "list" }, { kind: "wait", executed: true, until });
    await time.advance(everyMs);
    await expect.poll(() => proxy.calls.at(-1)).toMatchObject({ verb: "list", status: 200 });
    await put("a", "2");
    await put("b", "1");
    await expect.poll(state).toEqual(["a=2", "b=1"]);
    resolve();
    await expect.poll(audits).toBe(1);
    expect([cache.health().mismatches, looks()]).toEqual([0, 1]);
  });

  it("asks for metadata only, and in pages", async ({ expect }) => {
    await put("a", "1");
    await start();
    await time.advance(everyMs);
    await expect.poll(audits).toBe(1);
    expect(proxy.calls.find(({ verb }) => verb === "list")?.query.get("limit")).toBe("500");
    const page = await client.listMetadataPage(secrets, { limit: 1 });
    expect(Object.keys(page.items[0] ?? {}).toSorted()).toEqual(["apiVersion", "kind", "metadata"]);
  });

  it("is not made while no watch is open", async ({ expect }) => {
    await put("a", "1");
    proxy.inject({ verb: "watch", nth: 1 }, { kind: "event", how: "end", nth: 2 });
    proxy.inject({ verb: "watch" }, { kind: "refuse", code: 503, reason: "ServiceUnavailable" });
    await start();
    await put("b", "1");
    await expect.poll(() => cache.health().reconnects).toEqual({ closed: 1 });
    await time.advance(everyMs);
    await expect.poll(() => cache.health().reconnects).toEqual({ closed: 1, failed: 1 });
    expect([audits(), looks()]).toEqual([0, 0]);
  });

  it("goes on after a failure", async ({ expect }) => {
    await start();
    const failing = proxy.inject({ verb: "list" }, { kind: "refuse", code: 500, reason: "InternalError" });
    await time.advance(everyMs);
    await expect.poll(() => log.lines.map(({ message }) => message)).toEqual(["audit failed"]);
    failing.remove();
    await time.advance(everyMs);
    await expect.poll(audits).toBe(1);
  });
});
