// The promises of the work queue: each key once, one at a time, later after errors, and an end.
import { describe, it } from "vitest";
import { createWorkQueue, type Outcome } from "../../../src/local/kubevirt/controller/work-queue.ts";

/** A piece of work that the test ends when it likes. */
function gate(): { readonly opened: Promise<void>; open(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve };
}

function queueOf(
  work: (key: string) => Promise<Outcome>,
  concurrency = 2,
): ReturnType<typeof createWorkQueue> {
  return createWorkQueue({ work, concurrency, backoffMs: 1, onError: () => undefined });
}

describe("the work queue", () => {
  it("looks once at a key that was added many times", async ({ expect }) => {
    const seen: string[] = [];
    const done = gate();
    const queue = queueOf(async (key) => {
      seen.push(key);
      if (key === "last") done.open();
      return await Promise.resolve(undefined);
    }, 1);
    for (const key of ["a", "b", "a", "a", "last"]) queue.add(key);
    expect(seen).toEqual([]);
    queue.start();
    await done.opened;
    await queue.stop();
    expect(seen).toEqual(["a", "b", "last"]);
  });

  it("never works on one key twice at a time, and looks again when it changed meanwhile", async ({
    expect,
  }) => {
    const [first, second] = [gate(), gate()];
    const [entered, again] = [gate(), gate()];
    let running = 0;
    let most = 0;
    let looks = 0;
    const queue = queueOf(async () => {
      running += 1;
      most = Math.max(most, running);
      looks += 1;
      (looks === 1 ? entered : again).open();
      await (looks === 1 ? first : second).opened;
      running -= 1;
      return undefined;
    });
    queue.start();
    queue.add("a");
    await entered.opened;
    queue.add("a");
    queue.add("a");
    first.open();
    await again.opened;
    second.open();
    await queue.stop();
    expect({ looks, most }).toEqual({ looks: 2, most: 1 });
  });

  it("works on as many keys at a time as it may, and no more", async ({ expect }) => {
    const everything = gate();
    const full = gate();
    const running = new Set<string>();
    let most = 0;
    const queue = queueOf(async (key) => {
      running.add(key);
      most = Math.max(most, running.size);
      if (running.size === 2) full.open();
      await everything.opened;
      running.delete(key);
      return undefined;
    }, 2);
    queue.start();
    for (const key of ["a", "b", "c", "d"]) queue.add(key);
    await full.opened;
    everything.open();
    await queue.stop();
    expect(most).toBe(2);
  });

  it("tries again after an error, until it works", async ({ expect }) => {
    const errors: unknown[] = [];
    const worked = gate();
    let tries = 0;
    const queue = createWorkQueue({
      work: async () => {
        tries += 1;
        if (tries < 4) throw new Error(`try ${tries}`);
        worked.open();
        return await Promise.resolve(undefined);
      },
      concurrency: 1,
      backoffMs: 1,
      onError: (key, error) => errors.push([key, error instanceof Error ? error.message : error]),
    });
    queue.start();
    queue.add("a");
    await worked.opened;
    await queue.stop();
    expect(errors).toEqual([
      ["a", "try 1"],
      ["a", "try 2"],
      ["a", "try 3"],
    ]);
  });

  it("looks again after the wait that the work asked for", async ({ expect }) => {
    const twice = gate();
    let looks = 0;
    const queue = queueOf(async () => {
      looks += 1;
      if (looks === 2) twice.open();
      return await Promise.resolve(looks < 2 ? { againAfterMs: 1 } : undefined);
    });
    queue.start();
    queue.add("a");
    await twice.opened;
    await queue.stop();
    expect(looks).toBe(2);
  });

  it("ends after what is being worked on, and takes nothing up any more", async ({ expect }) => {
    const [entered, finish] = [gate(), gate()];
    const seen: string[] = [];
    const queue = queueOf(async (key) => {
      seen.push(key);
      entered.open();
      await finish.opened;
      seen.push(`${key} done`);
      return { againAfterMs: 0 };
    }, 1);
    queue.start();
    queue.add("a");
    queue.add("b");
    await entered.opened;
    const stopped = queue.stop();
    queue.add("c");
    finish.open();
    await stopped;
    expect(seen).toEqual(["a", "a done"]);
  });
});
