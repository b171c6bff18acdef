// The promises of the work queue: each key once, one at a time, later after failures, and an end.
import { describe, it } from "vitest";
import { KubeError } from "../../src/kube/errors.ts";
import type { KubeLog } from "../../src/kube/log.ts";
import { createWorkQueue, type Outcome } from "../../src/kube/watch/work-queue.ts";

/** A piece of work that the test ends when it likes. */
function gate(): { readonly opened: Promise<void>; open(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve };
}

/** A log that keeps the messages of the errors it is told. */
function errorLog(): KubeLog & { readonly errors: string[] } {
  const errors: string[] = [];
  const keep = ({ err }: Readonly<Record<string, unknown>>): void => {
    errors.push(err instanceof Error ? err.message : String(err));
  };
  return { errors, info: () => undefined, warn: keep, error: keep };
}

function queueOf(
  work: (key: string) => Promise<Outcome>,
  options: { readonly concurrency?: number; readonly log?: KubeLog } = {},
): ReturnType<typeof createWorkQueue> {
  return createWorkQueue({ name: "test", work, log: errorLog(), ...options });
}

describe("the work queue", () => {
  it("looks once at a key that was added many times, and at nothing before it is started", async ({
    expect,
  }) => {
    const seen: string[] = [];
    const done = gate();
    const queue = queueOf(
      async (key) => {
        seen.push(key);
        if (key === "last") done.open();
        return await Promise.resolve(undefined);
      },
      { concurrency: 1 },
    );
    for (const key of ["a", "b", "a", "a", "last"]) queue.add(key);
    expect(seen).toEqual([]);
    queue.start();
    await done.opened;
    await queue.stop();
    expect(seen).toEqual(["a", "b", "last"]);
  });

  it("takes what is added in one go for one look", async ({ expect }) => {
    const seen: string[] = [];
    const done = gate();
    const queue = queueOf(async (key) => {
      seen.push(key);
      if (key === "last") done.open();
      return await Promise.resolve(undefined);
    });
    queue.start();
    for (const key of ["a", "a", "b", "a", "last"]) queue.add(key);
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
    const queue = queueOf(
      async (key) => {
        running.add(key);
        most = Math.max(most, running.size);
        if (running.size === 2) full.open();
        await everything.opened;
        running.delete(key);
        return undefined;
      },
      { concurrency: 2 },
    );
    queue.start();
    for (const key of ["a", "b", "c", "d"]) queue.add(key);
    await full.opened;
    everything.open();
    await queue.stop();
    expect(most).toBe(2);
  });

  it.for([
    ["tells of every other failure", [new Error("broken"), new Error("again")], ["broken", "again"]],
    [
      "keeps lost races to itself",
      [new KubeError("Conflict", 409, "changed"), new KubeError("NotFound", 404, "gone")],
      [],
    ],
    [
      "tells of races that are lost again and again",
      Array.from({ length: 7 }, () => new KubeError("Conflict", 409, "changed")),
      ["changed"],
    ],
  ] as const)(
    "tries again after a failure until it works, and %s",
    async ([, failures, told], { expect }) => {
      const log = errorLog();
      const worked = gate();
      const left = [...failures];
      const queue = queueOf(
        async () => {
          const failure = left.shift();
          if (failure !== undefined) throw failure;
          worked.open();
          return await Promise.resolve(undefined);
        },
        { log },
      );
      queue.start();
      queue.add("a");
      await worked.opened;
      await queue.stop();
      expect(log.errors).toEqual(told);
    },
  );

  it("looks again after the wait that the work asked for", async ({ expect }) => {
    const twice = gate();
    let looks = 0;
    const queue = queueOf(async () => {
      looks += 1;
      if (looks === 2) twice.open();
      return await Promise.resolve(looks < 2 ? 1 : undefined);
    });
    queue.start();
    queue.add("a");
    await twice.opened;
    await queue.stop();
    expect(looks).toBe(2);
  });

  it.for([
    ["then the shorter", [60_000, 1]],
    ["then the longer", [1, 60_000]],
  ] as const)("waits the shorter of two waits, told %s", async ([, waits], { expect }) => {
    const looked = gate();
    let looks = 0;
    const queue = queueOf(async () => {
      looks += 1;
      looked.open();
      return await Promise.resolve(undefined);
    });
    queue.start();
    for (const wait of waits) queue.addAfter("a", wait);
    await looked.opened;
    await queue.stop();
    expect(looks).toBe(1);
  });

  it("ends after what is being worked on, and takes nothing up any more", async ({ expect }) => {
    const [entered, finish] = [gate(), gate()];
    const seen: string[] = [];
    const queue = queueOf(
      async (key) => {
        seen.push(key);
        entered.open();
        await finish.opened;
        seen.push(`${key} done`);
        return 0;
      },
      { concurrency: 1 },
    );
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
