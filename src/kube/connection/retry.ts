// Which failed request is sent again, and when.
import { createBackoff } from "../backoff.ts";
import type { Deadline } from "../deadline.ts";
import { KubeError } from "../errors.ts";
import { neverSent } from "../status.ts";
import type { Timing } from "../timing.ts";

const maxAttempts = 5;

/**
 * True when sending again may help and cannot do harm. A 429 with a time to wait, or no connection at all, means that
 * nothing was done; after any other failure the request may have been carried out, so it must bear repeating.
 */
function worthRepeating(error: KubeError, repeatable: boolean): boolean {
  if (error.reason === "TooManyRequests" && error.retryAfterSeconds !== undefined) return true;
  if (neverSent(error)) return true;
  if (!repeatable) return false;
  return error.reason === "Unreachable" || error.status === 429 || error.status >= 500;
}

/**
 * Sends until it succeeds, up to five times within the deadline; never sooner than the API server asked (Retry-After).
 * A wait that would outlast the deadline is not begun: the failure is thrown at once.
 */
export async function repeating<R>(
  send: (attempt: number) => Promise<R>,
  { repeatable, deadline, timing }: { repeatable: boolean; deadline: Deadline; timing: Timing },
): Promise<R> {
  const backoff = createBackoff(100, 5_000, timing.random);
  for (let attempt = 1; ; attempt++) {
    try {
      return await send(attempt);
    } catch (error) {
      if (!(error instanceof KubeError) || attempt === maxAttempts || deadline.signal.aborted) throw error;
      if (!worthRepeating(error, repeatable)) throw error;
      const wait = Math.max(backoff.next(), (error.retryAfterSeconds ?? 0) * 1_000);
      if (wait >= deadline.remainingMs()) throw error;
      await pause(wait, deadline, timing, error);
    }
  }
}

async function pause(wait: number, deadline: Deadline, timing: Timing, failure: KubeError): Promise<void> {
  try {
    await timing.sleep(wait, deadline.signal);
  } catch (cause) {
    if (deadline.expired()) throw failure;
    throw new KubeError("Cancelled", 0, "the caller gave up while waiting to send the request again", {
      cause,
    });
  }
}
