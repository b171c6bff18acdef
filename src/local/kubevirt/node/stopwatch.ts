// Steps that take time: since when each is under way, by the injected clock.

/** Remembers when a step was first asked for, and forgets it once it is done. */
export interface Stopwatch {
  /** Milliseconds still to wait for a step that takes `delayMs` from the first call on; 0 when it is done. */
  remaining(step: string, delayMs: number): number;
}

/** No step is under way. */
export function createStopwatch(clock: () => Date): Stopwatch {
  const since = new Map<string, number>();
  return {
    remaining(step, delayMs) {
      const now = clock().getTime();
      const started = since.get(step) ?? now;
      const left = Math.max(0, started + delayMs - now);
      if (left === 0) since.delete(step);
      else since.set(step, started);
      return left;
    },
  };
}
