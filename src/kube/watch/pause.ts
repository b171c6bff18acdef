// A pause that an API server which was away can end early by its return.
import type { Contact } from "./contact.ts";
import type { KubeLog } from "../log.ts";
import type { Timing } from "../timing.ts";

export interface PauseOptions {
  readonly contact: Pick<Contact, "onReturn">;
  readonly timing: Pick<Timing, "sleep">;
  readonly signal: AbortSignal;
  readonly log: KubeLog;
  /** False if the API server has asked for this wait. */
  readonly mayEndEarly: boolean;
}

/** True if the API server was away and is back. Never rejects: it also ends when the signal is aborted. */
export async function pauseUntilReturn(milliseconds: number, options: PauseOptions): Promise<boolean> {
  const { contact, timing, signal, log, mayEndEarly } = options;
  let isBack = false;
  const back = Promise.withResolvers<void>();
  const unsubscribe = contact.onReturn(() => {
    if (!mayEndEarly) return;
    isBack = true;
    back.resolve();
  });
  try {
    await Promise.race([timing.sleep(milliseconds, signal), back.promise]);
  } catch (error) {
    if (!signal.aborted) log.error({ err: error }, "the pause before the next watch failed");
  } finally {
    unsubscribe();
  }
  return isBack;
}
