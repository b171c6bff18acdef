// Keeps a mirror of one collection: lists once, then watches, and retries forever. watch-failure.ts decides for each
// failure whether the watch can be resumed or everything must be listed again.
import type { KubernetesObject } from "../../domain/objects/kubernetes.ts";
import { type Backoff, createBackoff } from "../backoff.ts";
import { isKubeError } from "../errors.ts";
import { followWatch } from "./follow-watch.ts";
import type { ListWatchOptions } from "./mirror.ts";
import { pageSize } from "../paging.ts";
import { pauseUntilReturn } from "./pause.ts";
import { isNotOffered, judge, type Verdict, type WatchEnding } from "./watch-failure.ts";
import type { WatchSignals } from "./watch-signals.ts";

/** client-go's reflector: 0.8 s doubling to 30 s. */
const shortestWaitMs = 800;
const longestWaitMs = 30_000;
/** After a watch that lasted as long as the longest wait, the backoff may be reset without loading the API server. */
const healthyMs = longestWaitMs;

/** Returns when the signal is aborted or the client is closed; never rejects. */
export async function listWatch<T extends KubernetesObject>(options: ListWatchOptions<T>): Promise<void> {
  const { signals, timing, signal } = options;
  const backoff = createBackoff(shortestWaitMs, longestWaitMs, timing.random);
  let limit: number | undefined = pageSize;
  let offersInitialEvents = true;

  /** Lists if there is no position, then watches. With initial events, one watch does both. */
  async function attempt(): Promise<void> {
    if (signals.position === undefined) {
      if (offersInitialEvents) {
        offersInitialEvents = await isOffered(options);
        if (offersInitialEvents) return;
      }
      await list(options, limit);
    }
    await followWatch(options);
  }

  while (!signal.aborted) {
    const since = timing.now();
    let verdict: Verdict = endedInOrder;
    try {
      await attempt();
    } catch (error) {
      if (isKubeError(error, "Cancelled")) break;
      verdict = judge(error);
      signals.failure = error;
      report(options, verdict.ending, error);
    }
    count(signals, verdict.ending);
    const listing = signals.position === undefined;
    if (verdict.relist) signals.position = undefined;
    if (verdict.isRewritten === true) signals.isRewritten = true;
    // If the pages expire before the list is complete, the next list is requested in one piece.
    limit = listing && verdict.ending === "expired" ? undefined : pageSize;
    const held = !listing && timing.now() - since >= healthyMs;
    const wait = waitAfter(verdict, held, backoff);
    const mayEndEarly = verdict.leastWaitMs === 0;
    if (await pauseUntilReturn(wait, { ...options, mayEndEarly })) backoff.reset();
  }
}

const endedInOrder: Verdict = { ending: "closed", relist: false, leastWaitMs: 0 };

/** A watch that lasted resets the backoff; if it also ended normally, the next one starts at once. */
function waitAfter({ ending, leastWaitMs }: Verdict, held: boolean, backoff: Backoff): number {
  if (held) backoff.reset();
  return Math.max(held && ending === "closed" ? 0 : backoff.next(), leastWaitMs);
}

function count(signals: WatchSignals, ending: WatchEnding): void {
  signals.reconnects[ending] = (signals.reconnects[ending] ?? 0) + 1;
  if (ending === "undecodable") signals.decodeErrors += 1;
}

function report<T extends KubernetesObject>(
  { log, resource, namespace, signals }: ListWatchOptions<T>,
  ending: WatchEnding,
  error: unknown,
): void {
  const listing = signals.position === undefined;
  const fields = { resource: resource.plural, namespace, ending, err: error };
  if (ending === "fault") log.error(fields, listing ? "list failed" : "watch failed");
  else log.warn(fields, listing ? "list failed" : "watch ended");
}

/**
 * Follows a watch that begins with the present objects. False if the API server does not offer that: it refuses the request,
 * or ends the watch before it has sent all objects. @throws any other failure.
 */
async function isOffered<T extends KubernetesObject>(options: ListWatchOptions<T>): Promise<boolean> {
  const { signals } = options;
  try {
    await followWatch(options);
  } catch (error) {
    if (signals.position !== undefined || !isNotOffered(error)) throw error;
  }
  return signals.position !== undefined;
}

/** Replaces the content of the mirror and sets the position to watch from. An incomplete list changes nothing. */
async function list<T extends KubernetesObject>(
  options: ListWatchOptions<T>,
  limit: number | undefined,
): Promise<void> {
  const { client, resource, namespace, labelSelector, mirror, signals, contact, signal } = options;
  const draft = mirror.draft(signals.isRewritten);
  const began = contact.now();
  let continueToken: string | undefined;
  for (;;) {
    const page = await client.listPage(resource, { namespace, labelSelector, signal, limit, continueToken });
    contact.heard(contact.now());
    for (const object of page.items) draft.add(object);
    if (page.continueToken === undefined) {
      // All pages show the version of the first one.
      signals.currentAsOf = began;
      signals.position = page.resourceVersion;
      signals.lists += 1;
      signals.isRewritten = false;
      draft.commit();
      return;
    }
    continueToken = page.continueToken;
  }
}
