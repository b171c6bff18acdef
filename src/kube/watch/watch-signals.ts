// What one list-watch records of itself: for the health of its cache, and for the moment as of which the cache is current.
import type { Contact, Moment } from "./contact.ts";
import type { WatchEnding } from "./watch-failure.ts";

export interface WatchSignals {
  /** The moment as of which the mirror was current before the present watch; see the function currentAsOf. */
  currentAsOf: Moment | undefined;
  /** When the present watch was opened, by the monotonic clock; undefined while none is open. */
  watchingSince: number | undefined;
  /** The version up to which the mirror has followed the collection; undefined while a list is needed. */
  position: string | undefined;
  /** True until the next complete list: the store went back, so equal versions may have different contents. */
  isRewritten: boolean;
  /** Complete lists. */
  lists: number;
  readonly reconnects: Partial<Record<WatchEnding, number>>;
  decodeErrors: number;
  /** Events that were ignored because a version at least as late was already seen. */
  staleEvents: number;
  /** Why the last list or watch failed; undefined once a watch is open again. */
  failure: unknown;
}

export function createWatchSignals(): WatchSignals {
  return {
    currentAsOf: undefined,
    watchingSince: undefined,
    position: undefined,
    isRewritten: false,
    lists: 0,
    reconnects: {},
    decodeErrors: 0,
    staleEvents: 0,
    failure: undefined,
  };
}

/** Time for the API server to send what happened before a watch was opened, or to refuse to go on from there. */
const catchUpMs = 1_000;

/**
 * The moment as of which the mirror is current: the last answer of the API server while a watch is open and has caught up,
 * otherwise the last such moment before. Undefined before the first list.
 */
export function currentAsOf(signals: WatchSignals, { last }: Contact): Moment | undefined {
  const { watchingSince } = signals;
  const isCaughtUp =
    watchingSince !== undefined && last !== undefined && last.at >= watchingSince + catchUpMs;
  return isCaughtUp ? last : signals.currentAsOf;
}
