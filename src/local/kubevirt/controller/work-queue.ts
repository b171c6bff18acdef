// A queue of names to look at: each key once, never two at a time of one key, slower after errors.

/** What one look at a key led to: look again after so many milliseconds, or when something changes. */
export type Outcome = { readonly againAfterMs: number } | undefined;

export interface WorkQueueOptions {
  /** Brings the world nearer to what the key's object asks for. A rejection is tried again, later each time. */
  readonly work: (key: string) => Promise<Outcome>;
  /** Told of every rejection, before the wait. */
  readonly onError: (key: string, error: unknown) => void;
  /** How many keys are worked on at the same time. */
  readonly concurrency: number;
  /** Wait after a first error; doubles with each further one of the same key up to a thousand times that. */
  readonly backoffMs: number;
}

export interface WorkQueue {
  /** Asks for a look at the key; a key that is being worked on is looked at once more afterwards. */
  add(key: string): void;
  /** The same after a wait; of several waits for one key the shortest counts. */
  addAfter(key: string, delayMs: number): void;
  /** Nothing is worked on before this call. */
  start(): void;
  /** Takes nothing up any more; resolves when what is being worked on has ended. */
  stop(): Promise<void>;
}

interface Timer {
  readonly at: number;
  readonly handle: NodeJS.Timeout;
}

export function createWorkQueue({ work, onError, concurrency, backoffMs }: WorkQueueOptions): WorkQueue {
  const waiting = new Set<string>();
  const again = new Set<string>();
  const running = new Map<string, Promise<void>>();
  const timers = new Map<string, Timer>();
  const failures = new Map<string, number>();
  let state: "new" | "started" | "stopped" = "new";

  function add(key: string): void {
    if (state === "stopped") return;
    if (running.has(key)) again.add(key);
    else waiting.add(key);
    takeUp();
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

  function takeUp(): void {
    if (state !== "started") return;
    for (const key of waiting) {
      if (running.size >= concurrency) return;
      waiting.delete(key);
      running.set(key, run(key));
    }
  }

  async function run(key: string): Promise<void> {
    try {
      const outcome = await work(key);
      failures.delete(key);
      if (outcome !== undefined) addAfter(key, outcome.againAfterMs);
    } catch (error) {
      onError(key, error);
      const count = failures.get(key) ?? 0;
      failures.set(key, count + 1);
      addAfter(key, backoffMs * Math.min(2 ** count, 1000));
    }
    running.delete(key);
    if (again.delete(key)) add(key);
    takeUp();
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
