// Time that passes only when a test says so, and pauses that are over at once and remembered.
import type { Timing } from "../../src/kube/timing.ts";

export interface TestTiming extends Timing {
  /** Every pause asked for, in milliseconds. */
  readonly pauses: number[];
  advance(milliseconds: number): void;
}

/** `random` is the same each time; full jitter then waits that share of its limit. */
export function createTestTiming(random = 0.5): TestTiming {
  let now = 1_000_000;
  const pauses: number[] = [];
  return {
    pauses,
    advance(milliseconds) {
      now += milliseconds;
    },
    now: () => now,
    clock: () => new Date(now),
    random: () => random,
    async sleep(milliseconds, signal) {
      signal.throwIfAborted();
      pauses.push(milliseconds);
      now += milliseconds;
    },
  };
}
