// Time and chance as the client needs them, so that a test decides both.
import { setTimeout as sleep } from "node:timers/promises";

export interface Timing {
  /** Milliseconds of a clock that only runs forward; the wall clock decides nothing here. */
  readonly now: () => number;
  /** Resolves after that many milliseconds; rejects with the signal's reason as soon as it is aborted. */
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** The machine's own clock and chance. */
export const systemTiming: Timing = {
  now: () => performance.now(),
  sleep: (milliseconds, signal) => sleep(milliseconds, undefined, { signal }),
  random: () => Math.random(),
};
