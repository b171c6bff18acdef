// Which failed requests are retried, and when.
import { createBackoff } from "../backoff.ts";
import type { Deadline } from "../deadline.ts";
import { KubeError } from "../errors.ts";
import { neverSent } from "../status.ts";
import type { Timing } from "../timing.ts";

const maxAttempts = 5;

/**
 * True if a retry may help and is safe. After a 429 with Retry-After, or without a connection, the request was not
 * executed; after any other failure it may have been, so it must be repeatable.
 */
function worthRepeating(error: KubeError, repeatable: boolean): boolean {
  if (error.reason === "TooManyRequests" && error.retryAfterSeconds !== undefined) return true;
  if (neverSent(error)) return true;
  if (!repeatable) return false;
  // An answer that was cut off, or that a proxy in between has made.
  if (error.reason === "Unreachable" || error.reason === "Undecodable") return true;
  return error.status === 429 || error.status >= 500;
}

/**
 * Up to five attempts within the deadline, never sooner than the API server asked (Retry-After). If the next wait would
 * exceed the deadline, the failure is thrown at once.
 */
export async function repeating<R>(
  send: () => Promise<R>,
  { repeatable, deadline, timing }: { repeatable: boolean; deadline: Deadline; timing: Timing },
): Promise<R> {
  const backoff = createBackoff(100, 5_000, timing.random);
  for (let attempt = 1; ; attempt++) {
    try {
      return await send();
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
