// What the end of a watch or a failed list means: why it happened, and what must be done before the next try.
import { KubeError, isKubeError } from "../errors.ts";
import { isExpired } from "../paging.ts";
import { codeOf } from "../status.ts";

/**
 * Why a connection had to be made again.
 * closed: the API server ended the watch in order; broken: reset, refused or cut off inside a line; silent: nothing came
 * for longer than the bookmark interval; expired: the version is no longer kept; undecodable: a line made no sense;
 * throttled: 429; denied: 401 or 403; refused: another 4xx; failed: 5xx; fault: an error of this program.
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
  | "fault";

export interface Verdict {
  readonly ending: WatchEnding;
  /** True when resuming from the last version cannot help or could miss something. */
  readonly relist: boolean;
  /** Never try sooner than this, in milliseconds. */
  readonly leastWaitMs: number;
}

const deniedWaitMs = 5_000;

export function judge(error: unknown): Verdict {
  if (!(error instanceof KubeError)) return { ending: "fault", relist: true, leastWaitMs: 0 };
  const leastWaitMs = (error.retryAfterSeconds ?? 0) * 1_000;
  if (isExpired(error)) return { ending: "expired", relist: true, leastWaitMs };
  if (isKubeError(error, "Undecodable")) return { ending: "undecodable", relist: true, leastWaitMs };
  if (isKubeError(error, "Unreachable")) {
    const silent = codeOf(error.cause) === "UND_ERR_BODY_TIMEOUT";
    return { ending: silent ? "silent" : "broken", relist: false, leastWaitMs };
  }
  if (error.status === 429) return { ending: "throttled", relist: false, leastWaitMs };
  if (error.status === 401 || error.status === 403) {
    return { ending: "denied", relist: false, leastWaitMs: Math.max(leastWaitMs, deniedWaitMs) };
  }
  if (error.status >= 500) {
    // The store went back, as after a restore from a backup: the version will not exist for a long time.
    const fromTheFuture = error.causes.some(({ reason }) => reason === "ResourceVersionTooLarge");
    return { ending: "failed", relist: fromTheFuture, leastWaitMs };
  }
  return { ending: "refused", relist: true, leastWaitMs };
}
