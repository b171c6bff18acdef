// When the states of NICs can no longer be trusted, because their source has gone quiet.
import type { Moment } from "../kube/watch/contact.ts";
import type { StatusModel } from "./status-model.ts";

/** Longer than a restart of one kube-apiserver behind a load balancer, short enough to be known within 20 s. */
const staleAfterMs = 15_000;
const lookEveryMs = 1_000;

export interface StalenessOptions {
  readonly model: StatusModel;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
  /** Resolves after `ms`, or when the signal is aborted. */
  readonly sleepOrAborted: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly signal: AbortSignal;
}

/**
 * Shows every NIC as STALE once `currentAsOf` of the model has not advanced for 15 s, until it advances again. The age of
 * `currentAsOf` is not used: a list that takes long is old when it is complete, but its watch catches up within seconds.
 * Resolves when the signal is aborted.
 */
export async function followStaleness(options: StalenessOptions): Promise<void> {
  const { model, now, sleepOrAborted, signal } = options;
  let seen: Moment | undefined;
  let advancedAt = now();
  while (!signal.aborted) {
    const moment = model.currentAsOf;
    if (moment !== undefined && moment.at !== seen?.at) {
      seen = moment;
      advancedAt = now();
    }
    const isStale = seen !== undefined && now() - advancedAt >= staleAfterMs;
    await model.setStaleSince(isStale ? seen?.time : undefined);
    await sleepOrAborted(lookEveryMs, signal);
  }
}
