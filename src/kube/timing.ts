// Clock and randomness of the client, which tests replace.
import { setTimeout as sleep } from "node:timers/promises";

export interface Timing {
  /** Milliseconds of a monotonic clock; the wall clock is not used. */
  readonly now: () => number;
  /** Resolves after `milliseconds`; rejects with the reason of the signal as soon as it is aborted. */
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

export const systemTiming: Timing = {
  now: () => performance.now(),
  sleep: (milliseconds, signal) => sleep(milliseconds, undefined, { signal }),
  random: () => Math.random(),
};
