// A work queue of keys: each key is queued once and never worked on concurrently, with backoff after failures.
// Level-based: the work gets the key only and reads the current state itself.
import { isKubeError } from "../errors.ts";
import type { KubeLog } from "../log.ts";

/** Milliseconds after which to process the key again even without a change; undefined: only after a change. */
export type Outcome = number | undefined;

export interface WorkQueueOptions {
  /** The name of the queue in the log. */
  readonly name: string;
  /** Reconciles the object of the key. If it rejects, it is retried with backoff. */
  readonly work: (key: string) => Promise<Outcome>;
  readonly log: KubeLog;
  /** Keys processed at the same time. Default 10, as in virt-controller and virt-handler. */
  readonly concurrency?: number;
}

export interface WorkQueue {
  /** Queues the key. A key that is already queued is processed once; one that is being processed, once more. */
  add(key: string): void;
  /** Queues the key after a delay; of several delays for one key the shortest counts. */
  addAfter(key: string, delayMs: number): void;
  /** Nothing is processed before this call. */
  start(): void;
  /** Stops processing; resolves when running work has ended. */
  stop(): Promise<void>;
}

const firstBackoffMs = 10;
const longestBackoffMs = 5_000;
/** Lost races in a row before they are logged: about 0.6 s. */
const patience = 6;

interface Timer {
  readonly at: number;
  readonly handle: NodeJS.Timeout;
}

export function createWorkQueue({ name, work, log, concurrency = 10 }: WorkQueueOptions): WorkQueue {
  const waiting = new Set<string>();
  const again = new Set<string>();
  const running = new Map<string, Promise<void>>();
  const timers = new Map<string, Timer>();
  const failures = new Map<string, number>();
  let state: "new" | "started" | "stopped" = "new";
  let takesUpSoon = false;

  function add(key: string): void {
    if (state === "stopped") return;
    if (running.has(key)) again.add(key);
    else waiting.add(key);
    takeUpSoon();
  }

  function addAfter(key: string, delayMs: number): void {
    if (state === "stopped") return;
    const at = performance.now() + delayMs;
    const known = timers.get(key);
    if (known !== undefined && known.at <= at) return;
    clearTimeout(known?.handle);
    const handle = setTimeout(() => {
      timers.delete(key);
      add(key);
    }, delayMs);
    timers.set(key, { at, handle });
  }

  /** Deferred: a cache reports the events of one response one by one, and one run can handle them all. */
  function takeUpSoon(): void {
    if (state !== "started" || takesUpSoon) return;
    takesUpSoon = true;
    setImmediate(() => {
      takesUpSoon = false;
      takeUp();
    });
  }

  function takeUp(): void {
    for (const key of waiting) {
      if (state !== "started" || running.size >= concurrency) return;
      waiting.delete(key);
      running.set(key, run(key));
    }
  }

  async function run(key: string): Promise<void> {
    try {
      const outcome = await work(key);
      failures.delete(key);
      if (outcome !== undefined) addAfter(key, outcome);
    } catch (error) {
      retry(key, error);
    }
    running.delete(key);
    if (again.delete(key)) add(key);
    takeUp();
  }

  function retry(key: string, error: unknown): void {
    const count = failures.get(key) ?? 0;
    failures.set(key, count + 1);
    // Another client wrote in between, or the object is gone: the cache will report it soon.
    const lostRace = isKubeError(error, "Conflict") || isKubeError(error, "NotFound");
    if (state === "started" && (!lostRace || count >= patience)) {
      log.warn({ err: error, queue: name, key }, "an object could not be brought further; trying again");
    }
    addAfter(key, Math.min(firstBackoffMs * 2 ** count, longestBackoffMs));
  }

  return {
    add,
    addAfter,
    start() {
      state = "started";
      takeUp();
    },
    async stop() {
      state = "stopped";
      for (const { handle } of timers.values()) clearTimeout(handle);
      timers.clear();
      waiting.clear();
      await Promise.all(running.values());
    },
  };
}
