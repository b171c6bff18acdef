// When the API server last answered, shared by all caches of it. A quiet watch proves nothing, so a prober asks meanwhile.
import { startDeadline } from "../deadline.ts";
import { KubeError } from "../errors.ts";
import type { KubeClient } from "../kube-client.ts";
import type { Timing } from "../timing.ts";

/** One moment on both clocks. */
export interface Moment {
  /** Milliseconds of the monotonic clock, to compare moments and to compute ages. */
  readonly at: number;
  /** The wall clock, to show. */
  readonly time: Date;
}

export interface Contact {
  /** The latest moment for which there is an answer of the API server; undefined before the first. */
  readonly last: Moment | undefined;
  now(): Moment;
  /** Records an answer. An answer to a request proves nothing later than the moment at which the request was sent. */
  heard(moment: Moment): void;
  /** Records that the API server did not answer a request that was sent at this moment. */
  missed(sent: Moment): void;
  /**
   * Calls the listener at each first answer after a missed one, with the time of the first request that was not answered, by
   * the monotonic clock, until the returned function is called.
   */
  onReturn(listener: (awaySince: number) => void): () => void;
}

export function createContact({ now, clock }: Pick<Timing, "now" | "clock">): Contact {
  const listeners = new Set<(awaySince: number) => void>();
  let last: Moment | undefined;
  let awaySince: number | undefined;
  return {
    get last() {
      return last;
    },
    now: () => ({ at: now(), time: clock() }),
    heard(moment) {
      if (last === undefined || moment.at > last.at) last = moment;
      if (awaySince === undefined) return;
      const since = awaySince;
      awaySince = undefined;
      for (const listener of listeners) listener(since);
    },
    missed({ at }) {
      awaySince ??= at;
    },
    onReturn(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** Without an answer for this long, the prober asks. The heartbeat of the streams is longer (app/watch-status.ts). */
const quietMs = 3_000;
const answerWithinMs = 5_000;

export interface ProbeOptions {
  readonly client: Pick<KubeClient, "getText" | "renewConnections">;
  readonly contact: Contact;
  readonly timing: Timing;
  readonly signal: AbortSignal;
}

/**
 * Asks the API server for /livez whenever it has said nothing for 3 s. Every caller may read it (the default ClusterRole
 * system:public-info-viewer), and it fails when etcd is away. Resolves when the signal is aborted; never rejects.
 */
export async function probeWhenQuiet(options: ProbeOptions): Promise<void> {
  const { client, contact, timing, signal } = options;
  let waitMs = quietMs;
  while (await paused(waitMs, timing, signal)) {
    const sent = contact.now();
    const quietForMs = contact.last === undefined ? quietMs : sent.at - contact.last.at;
    if (quietForMs < quietMs) {
      waitMs = quietMs - quietForMs;
      continue;
    }
    if (await isAnswered(options)) contact.heard(sent);
    else {
      contact.missed(sent);
      // Idle connections to a host that has vanished would be tried one after the other.
      client.renewConnections();
    }
    waitMs = quietMs;
  }
}

/** False when the signal is aborted. */
async function paused(milliseconds: number, timing: Timing, signal: AbortSignal): Promise<boolean> {
  try {
    await timing.sleep(milliseconds, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  return !signal.aborted;
}

/** A refusal is an answer too: a role may not allow /livez, and a proxy may not offer it. */
async function isAnswered({ client, signal }: ProbeOptions): Promise<boolean> {
  const deadline = startDeadline(answerWithinMs, signal);
  try {
    await client.getText("/livez", { signal: deadline.signal });
    return true;
  } catch (error) {
    return error instanceof KubeError && error.status >= 400 && error.status < 500;
  } finally {
    deadline.release();
  }
}
