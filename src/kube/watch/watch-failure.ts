// Classifies the end of a watch or a failed list: the cause, and what to do before the next attempt.
import { KubeError, isKubeError } from "../errors.ts";
import { WatchInterrupted } from "./interrupts.ts";
import { isExpired } from "../paging.ts";
import { codeOf } from "../status.ts";

/**
 * Why a watch ended or a list failed.
 * closed: the API server ended the watch normally; broken: reset, refused, or ended inside a line; silent: no data for
 * longer than the bookmark interval; expired: the version is no longer kept; undecodable: a line could not be decoded;
 * throttled: 429; denied: 401 or 403; refused: another 4xx; failed: 5xx; restored: the API server is at an earlier version than
 * before; mismatched: the cache differs from a list (audit.ts); lost: the API server was away, and the watch, which has heard
 * nothing since, may have lost its connection; fault: an error in this program.
 */
export type WatchEnding =
  | "closed"
  | "broken"
  | "silent"
  | "expired"
  | "undecodable"
  | "throttled"
  | "denied"
  | "refused"
  | "failed"
  | "restored"
  | "mismatched"
  | "lost"
  | "fault";

export interface Verdict {
  readonly ending: WatchEnding;
  /** True if resuming from the last version would fail or could miss changes. */
  readonly relist: boolean;
  /** True if the store went back, so equal versions may have different contents. Default false. */
  readonly isRewritten?: boolean;
  /** Minimum wait before the next attempt. */
  readonly leastWaitMs: number;
}

const deniedWaitMs = 5_000;

export function judge(error: unknown): Verdict {
  if (error instanceof WatchInterrupted) {
    const isRewritten = error.reason === "restored";
    return { ending: error.reason, relist: error.reason !== "lost", isRewritten, leastWaitMs: 0 };
  }
  if (!(error instanceof KubeError)) return { ending: "fault", relist: true, leastWaitMs: 0 };
  const leastWaitMs = (error.retryAfterSeconds ?? 0) * 1_000;
  if (isExpired(error)) return { ending: "expired", relist: true, leastWaitMs };
  if (isKubeError(error, "Undecodable")) return { ending: "undecodable", relist: true, leastWaitMs };
  if (isKubeError(error, "Unreachable")) {
    const silent = codeOf(error.cause) === "UND_ERR_BODY_TIMEOUT";
    // A watch from a version that the API server has not reached is silent too.
    return { ending: silent ? "silent" : "broken", relist: silent, leastWaitMs };
  }
  if (error.status === 429) return { ending: "throttled", relist: false, leastWaitMs };
  if (error.status === 401 || error.status === 403) {
    return { ending: "denied", relist: false, leastWaitMs: Math.max(leastWaitMs, deniedWaitMs) };
  }
  if (error.status >= 500) {
    // The store was reset, as after a restore from a backup: it will not reach this version for a long time.
    const fromTheFuture = error.causes.some(({ reason }) => reason === "ResourceVersionTooLarge");
    return { ending: "failed", relist: fromTheFuture, isRewritten: fromTheFuture, leastWaitMs };
  }
  return { ending: "refused", relist: true, leastWaitMs };
}

/** Refusals of a request that have nothing to do with sendInitialEvents. */
const otherRefusals: readonly number[] = [401, 403, 404, 408, 410, 429];

/** True if an API server answers so to sendInitialEvents that does not offer it, or a proxy before it. */
export function isNotOffered(error: unknown): boolean {
  if (!(error instanceof KubeError)) return false;
  if (judge(error).ending === "silent") return true;
  return error.status >= 400 && error.status < 500 && !otherRefusals.includes(error.status);
}
