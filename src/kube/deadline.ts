// Limits on waiting: one abort signal out of the caller's and the client's own deadline, released when the call is over.

export interface Deadline {
  readonly signal: AbortSignal;
  /** True when the time ran out, false when the caller gave up or nothing happened. */
  expired(): boolean;
  /** Milliseconds until the time runs out. */
  remainingMs(): number;
  /** Takes the time limit off; the caller may still give up. */
  disarm(): void;
  /** Must be called when the call is over: a long-lived caller's signal keeps no trace of it. */
  release(): void;
}

/** AbortSignal.any is not used: it keeps a reference per call on a signal that lives as long as the process. */
export function startDeadline(milliseconds: number, caller: AbortSignal | undefined): Deadline {
  const controller = new AbortController();
  const end = performance.now() + milliseconds;
  let expired = false;
  const timer = setTimeout(() => {
    expired = true;
    controller.abort(new Error(`no answer within ${milliseconds} ms`));
  }, milliseconds);
  const cancel = (): void => controller.abort(caller?.reason);
  if (caller?.aborted === true) cancel();
  else caller?.addEventListener("abort", cancel, { once: true });
  return {
    signal: controller.signal,
    expired: () => expired,
    remainingMs: () => end - performance.now(),
    disarm: () => clearTimeout(timer),
    release() {
      clearTimeout(timer);
      caller?.removeEventListener("abort", cancel);
    },
  };
}

/** As the promise, but rejects with the signal's reason as soon as it is aborted; the work itself goes on. */
export async function abortable<R>(promise: Promise<R>, signal: AbortSignal): Promise<R> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
