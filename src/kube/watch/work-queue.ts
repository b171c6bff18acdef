// Keys to look at: each once, never two looks at one key at a time, slower after failures.
// Level-based: the work learns the key only and looks at the world itself.
import { isKubeError } from "../errors.ts";
import type { KubeLog } from "../log.ts";

/** Milliseconds after which to look again even if nothing changes; undefined: only when something does. */
export type Outcome = number | undefined;

export interface WorkQueueOptions {
  /** What a key names, for the log. */
  readonly name: string;
  /** Brings the world nearer to what the key's object asks for. A rejection is tried again, later each time. */
  readonly work: (key: string) => Promise<Outcome>;
  readonly log: KubeLog;
  /** How many keys are worked on at the same time. Default 10, as in virt-controller and virt-handler. */
  readonly concurrency?: number;
}

export interface WorkQueue {
  /** Asks for a look soon; many calls before it are one. A key that is being worked on is looked at once more. */
  add(key: string): void;
  /** The same after a wait; of several waits for one key the shortest counts. */
  addAfter(key: string, delayMs: number): void;
  /** Nothing is worked on before this call. */
  start(): void;
  /** Takes nothing up any more; resolves when what is being worked on has ended. */
  stop(): Promise<void>;
}

const firstBackoffMs = 10;
const longestBackoffMs = 5_000;
/** Lost races in a row that are nobody's business: about 0.6 s of them. */
const patience = 6;

interface Timer {
  readonly at: number;
  readonly handle: NodeJS.Timeout;
}

/** An empty queue that does not work yet. */
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

  /** Not at once: a cache reports the events of one answer one by one, and one run handles them all. */
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
    // Somebody else wrote in between, or the object is gone: the cache is about to show it.
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
