// Clock and randomness of the client, which tests replace.
import { setTimeout as sleep } from "node:timers/promises";

export interface Timing {
  /** Milliseconds of a monotonic clock, for every wait and age. */
  readonly now: () => number;
  /** The wall clock, for times that are shown. */
  readonly clock: () => Date;
  /** Resolves after `milliseconds`; rejects with the reason of the signal as soon as it is aborted. */
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

export const systemTiming: Timing = {
  now: () => performance.now(),
  clock: () => new Date(),
  sleep: (milliseconds, signal) => sleep(milliseconds, undefined, { signal }),
  random: () => Math.random(),
};
