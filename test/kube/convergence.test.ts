import { setImmediate as nextTurn } from "node:timers/promises";
import { type ExpectStatic, it } from "vitest";
import type { CacheChange } from "../../src/kube/watch/cache.ts";
import { connectKube } from "../../src/kube/connection/connect.ts";
import { follow } from "./collection.ts";
import { createFaultyApi, createRandom } from "./faulty-api.ts";
import { startScriptedServer } from "./scripted-server.ts";
import { recordLog } from "../support/log.ts";
import { createTestTiming } from "./test-timing.ts";

/** The state that a listener derives from the changes alone. Fails if a change contradicts the one before it. */
function replay(expect: ExpectStatic, changes: readonly CacheChange<string>[]): string[] {
  const known = new Map<string, string>();
  for (const { type, key, value, previous } of changes) {
    expect(previous, `what was there before the ${type} of ${key.name}`).toBe(known.get(key.name));
    if (type === "delete") known.delete(key.name);
    else known.set(key.name, value);
  }
  return [...known.values()].toSorted();
}

/** Versions rise with each set of one name: nothing goes back in time. */
function versionsRise(changes: readonly CacheChange<string>[]): boolean {
  const last = new Map<string, number>();
  return changes.every(({ key, value }) => {
    if (value === undefined) return true;
    const version = Number(value.split("@n")[1]);
    const rises = version > (last.get(key.name) ?? 0);
    last.set(key.name, version);
    return rises;
  });
}

it.for(Array.from({ length: 12 }, (_, seed) => seed + 1))(
  "F1, F2, F3, F6, F22: a cache ends in the state of the API server and reports each change on the way, with the faults of seed %i",
  async (seed, { expect }) => {
    const random = createRandom(seed);
    const api = createFaultyApi(random);
    await using server = await startScriptedServer();
    server.play(api.handler);
    const timing = { ...createTestTiming(), random };
    const client = connectKube({ server: server.url, timing });
    for (let n = 0; n < 20; n++) await api.change();
    const { cache, changes, state } = follow(client, { timing, log: recordLog() });
    for (let n = 0; n < 200; n++) {
      await api.change();
      if (random() < 0.02) api.compact();
      if (random() < 0.3) await nextTurn();
    }
    api.calm();
    await api.change();
    await expect.poll(state).toEqual(api.state());
    expect(replay(expect, changes)).toEqual(api.state());
    expect(versionsRise(changes)).toBe(true);
    expect(cache.health()).toMatchObject({ synced: true, faults: 0 });
    await cache.stop();
    await client.close();
  },
);

it.for(Array.from({ length: 6 }, (_, seed) => seed + 101))(
  "F2: a cache ends in the state of the API server although its store went back to a backup, with the faults of seed %i",
  async (seed, { expect }) => {
    const random = createRandom(seed);
    const api = createFaultyApi(random);
    await using server = await startScriptedServer();
    server.play(api.handler);
    const timing = { ...createTestTiming(), random };
    const client = connectKube({ server: server.url, timing });
    for (let n = 0; n < 20; n++) await api.change();
    const { cache, changes, state } = follow(client, { timing, log: recordLog() });
    await cache.whenSynced();
    for (let n = 0; n < 200; n++) {
      await api.change();
      if (random() < 0.03) {
        // Only an audit finds a restore that the cache has not noticed before later changes reach its version again.
        api.restore();
        await expect.poll(state).toEqual(api.state());
      }
      if (random() < 0.3) await nextTurn();
    }
    api.calm();
    api.restore();
    await expect.poll(state).toEqual(api.state());
    expect(api.faults["restore"]).toBeGreaterThan(0);
    expect(replay(expect, changes)).toEqual(api.state());
    await cache.stop();
    await client.close();
  },
);
