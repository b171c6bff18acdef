// What a reader of another replica, or of this one before a restart, has to be sent. Many readers reconnect at once and
// most of their tokens are equal, so they share what is found out, and few lists run at the same time.
import { abortable, startDeadline } from "../kube/deadline.ts";
import type { KubeLog } from "../kube/log.ts";
import { isLater } from "../kube/watch/resource-version.ts";
import { type Differences, differencesSince, type PastStatesOptions } from "./past-states.ts";
import { type SharedPosition, sharedText, type Versions } from "./resume-token.ts";
import { scopeText, type StatusScope } from "./status-scope.ts";

/**
 * The differences between what a reader knows and now. Undefined if they cannot be found, or not within 10 s: then it needs a
 * snapshot. @throws the reason of the signal.
 */
export type CatchUp = (
  known: SharedPosition,
  scope: StatusScope,
  signal: AbortSignal,
) => Promise<Differences | undefined>;

export interface CatchUpOptions extends PastStatesOptions {
  readonly log: Pick<KubeLog, "warn">;
  /** Ends the lists. */
  readonly signal: AbortSignal;
}

/** At the same time. Each lists VMs and instances, in pages. */
const maxSearches = 2;
/** For a turn; a snapshot costs the API server nothing. */
const maxWaiting = 200;
/**
 * For one second, a replica that is behind is waited for. After that it probably has no bookmark yet, which the API server
 * sends every minute for a collection that does not change; equal states then are the same states.
 */
const lookEveryMs = 50;
const looks = 20;
/** The stream is silent until then. */
const answerWithinMs = 10_000;
const listWithinMs = 30_000;
/** Results, which have only what differs. The readers of one replica come within seconds. */
const maxFound = 16;

export function createCatchUp(options: CatchUpOptions): CatchUp {
  const { model, log, signal: stopping, sleepOrAborted } = options;
  const searches = new Map<string, Promise<Differences | undefined>>();
  const found = new Map<string, Differences>();
  const turns = createTurns();

  async function search(known: SharedPosition, scope: StatusScope): Promise<Differences | undefined> {
    if (!(await turns.take())) return undefined;
    const deadline = startDeadline(listWithinMs, stopping);
    try {
      return await differencesSince(known, scope, { ...options, signal: deadline.signal });
    } catch (error) {
      const fields = { ...known.versions, err: error };
      if (!stopping.aborted)
        log.warn(fields, "a stream starts again, because the API server did not list an earlier version");
      return undefined;
    } finally {
      deadline.release();
      turns.give();
    }
  }

  async function shared(known: SharedPosition, scope: StatusScope): Promise<Differences | undefined> {
    const key = `${sharedText(known)} ${scopeText(scope)}`;
    const before = found.get(key);
    if (before !== undefined && model.since(before.revision) !== undefined) return before;
    const running = searches.get(key);
    if (running !== undefined) return await running;
    const started = search(known, scope);
    searches.set(key, started);
    const differences = await started;
    searches.delete(key);
    found.delete(key);
    if (differences !== undefined) found.set(key, differences);
    for (const oldest of found.keys()) if (found.size > maxFound) found.delete(oldest);
    return differences;
  }

  /** Nothing is listed if the reader knows what is shown. */
  async function answer(known: SharedPosition, scope: StatusScope, signal: AbortSignal) {
    for (let look = 0; look < looks && !isReached(model.versions, known.versions); look += 1) {
      await sleepOrAborted(lookEveryMs, signal);
      signal.throwIfAborted();
    }
    const isShown = model.versions !== undefined && model.digest(scope) === known.digest;
    return isShown ? { revision: model.revision, vms: [] } : await shared(known, scope);
  }

  return async (known, scope, signal) => {
    const answered = new AbortController();
    const late = sleepOrAborted(answerWithinMs, answered.signal).then(() => undefined);
    try {
      return await Promise.race([abortable(answer(known, scope, signal), signal), late]);
    } finally {
      answered.abort();
    }
  };
}

function isReached(now: Versions | undefined, versions: Versions): boolean {
  return now !== undefined && !isLater(versions.vms, now.vms) && !isLater(versions.vmis, now.vmis);
}

interface Turns {
  /** Resolves when it is the caller's turn; false if too many wait. */
  take(): Promise<boolean>;
  /** Only after a turn that was taken. */
  give(): void;
}

function createTurns(): Turns {
  const waiting: (() => void)[] = [];
  let free = maxSearches;
  return {
    async take() {
      if (free > 0) free -= 1;
      else if (waiting.length >= maxWaiting) return false;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      return true;
    },
    give() {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    },
  };
}
