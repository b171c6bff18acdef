// Pauses that end when the test says so.

export interface ManualTime {
  readonly sleepOrAborted: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Lets everything run that can, then lets this much time pass. */
  advance(ms: number): Promise<void>;
  /** Milliseconds that have passed. */
  readonly now: () => number;
  /** Pauses that have not ended yet. */
  readonly pending: number;
}

/** Resolves once everything that waits only for promises has run. */
export async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

export function createManualTime(): ManualTime {
  const pauses = new Set<{ readonly until: number; readonly end: () => void }>();
  let now = 0;
  return {
    now: () => now,
    get pending() {
      return pauses.size;
    },
    async sleepOrAborted(ms, signal) {
      if (signal.aborted) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      const pause = { until: now + ms, end: resolve };
      pauses.add(pause);
      signal.addEventListener("abort", () => resolve(), { once: true });
      await promise;
      pauses.delete(pause);
    },
    async advance(ms) {
      await settled();
      now += ms;
      for (const { until, end } of pauses) if (until <= now) end();
      await settled();
    },
  };
}
