// Keys to look at: each one at a time, again after a failure, later when its handler says so.
import { isKubeError } from "../../../kube/errors.ts";
import type { KubeLog } from "../../../kube/log.ts";

/** Level-based: a handler learns the key only and looks at the world itself. */
export interface WorkQueue {
  /** Looks at the key soon; many calls before that are one. A shorter wait wins over a longer one. */
  add(key: string, afterMs?: number): void;
  /** Resolves when no handler runs any more. */
  stop(): Promise<void>;
}

export interface WorkQueueOptions {
  /** What a key is, for the log. */
  readonly name: string;
  /** @returns milliseconds after which to look again even when nothing changes, or undefined. */
  readonly handle: (key: string) => Promise<number | undefined>;
  readonly log: KubeLog;
}

const firstRetryMs = 20;
const lastRetryMs = 5_000;
/** Lost races in a row that are nobody's business. */
const patience = 5;

/** Starts an empty queue. A handler that throws is called again, with a doubling wait. */
export function startWorkQueue({ name, handle, log }: WorkQueueOptions): WorkQueue {
  const timers = new Map<string, { readonly timer: NodeJS.Timeout; readonly at: number }>();
  const running = new Map<string, Promise<void>>();
  const again = new Set<string>();
  const failures = new Map<string, number>();
  let stopped = false;

  async function run(key: string): Promise<void> {
    try {
      const afterMs = await handle(key);
      failures.delete(key);
      if (afterMs !== undefined) add(key, afterMs);
    } catch (error) {
      const count = failures.get(key) ?? 0;
      failures.set(key, count + 1);
      // Somebody else wrote in between, or the object is gone: the cache will say so soon.
      const lostRace = isKubeError(error, "Conflict") || isKubeError(error, "NotFound");
      if (!stopped && (!lostRace || count >= patience)) {
        log.warn({ err: error, key }, `${name}: failed, will be tried again`);
      }
      add(key, Math.min(firstRetryMs * 2 ** count, lastRetryMs));
    }
  }

  function start(key: string): void {
    timers.delete(key);
    if (stopped) return;
    if (running.has(key)) {
      again.add(key);
      return;
    }
    const work = run(key).finally(() => {
      running.delete(key);
      if (again.delete(key)) add(key);
    });
    running.set(key, work);
  }

  function add(key: string, afterMs = 0): void {
    if (stopped) return;
    const at = performance.now() + afterMs;
    const waiting = timers.get(key);
    if (waiting !== undefined) {
      if (waiting.at <= at) return;
      clearTimeout(waiting.timer);
    }
    timers.set(key, { timer: setTimeout(start, afterMs, key), at });
  }

  return {
    add,
    async stop() {
      stopped = true;
      for (const { timer } of timers.values()) clearTimeout(timer);
      timers.clear();
      await Promise.all(running.values());
    },
  };
}
