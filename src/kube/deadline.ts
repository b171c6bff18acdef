// Time limits: one abort signal from the caller's signal and the deadline of the client, released after the call.

export interface Deadline {
  readonly signal: AbortSignal;
  /** True if the time ran out; false if the caller cancelled, or neither happened. */
  expired(): boolean;
  /** Milliseconds until the time runs out. */
  remainingMs(): number;
  /** Removes the time limit; the caller may still cancel. */
  disarm(): void;
  /** Must be called after the call, so that the caller's signal, which may be long-lived, keeps no reference to it. */
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

/** Rejects with the reason of the signal as soon as it is aborted; the work behind the promise continues. */
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
