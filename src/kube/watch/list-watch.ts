// Keeps a mirror of one collection: lists once, then watches, and retries forever. watch-failure.ts decides for each
// failure whether the watch can be resumed or everything must be listed again.
import type { KubernetesObject } from "../../domain/objects/kubernetes.ts";
import { type Backoff, createBackoff } from "../backoff.ts";
import type { Contact, Moment } from "./contact.ts";
import { isKubeError } from "../errors.ts";
import type { KubeClient } from "../kube-client.ts";
import type { KubeLog } from "../log.ts";
import { pageSize } from "../paging.ts";
import { listPath, withQuery } from "../paths.ts";
import { isLater } from "./resource-version.ts";
import type { Resource } from "../resource.ts";
import type { Timing } from "../timing.ts";
import { decodeWatchEvent } from "./watch-event.ts";
import { judge, type Verdict, type WatchEnding } from "./watch-failure.ts";

/** Receives the objects. None of these may throw because of an object's content. */
export interface Mirror<T> {
  /** A new list: its objects become visible together on commit, or never. */
  draft(): { add(object: T): void; commit(): void };
  set(object: T): void;
  remove(object: T): void;
}

/** Counters of one list-watch, for its health. */
export interface WatchSignals {
  /** The moment as of which the mirror was current before the present watch; see the function currentAsOf. */
  currentAsOf: Moment | undefined;
  /** When the present watch was opened, by the monotonic clock; undefined while none is open. */
  watchingSince: number | undefined;
  /** Complete lists after the first. */
  relists: number;
  readonly reconnects: Partial<Record<WatchEnding, number>>;
  decodeErrors: number;
  /** Events that were ignored because a version at least as late was already seen. */
  staleEvents: number;
}

export interface ListWatchOptions<T extends KubernetesObject> {
  readonly client: KubeClient;
  readonly resource: Resource<T>;
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly mirror: Mirror<T>;
  readonly signals: WatchSignals;
  readonly contact: Contact;
  readonly log: KubeLog;
  readonly timing: Timing;
  /** Ends the loop. Only this and closing the client do. */
  readonly signal: AbortSignal;
}

/** kube-apiserver sends a bookmark every 60 s, so after 90 s of silence the peer is considered gone. */
const silenceMs = 90_000;
/** client-go's reflector: 0.8 s doubling to 30 s. */
const shortestWaitMs = 800;
const longestWaitMs = 30_000;
/** After a watch that lasted as long as the longest wait, the backoff may be reset without loading the API server. */
const healthyMs = longestWaitMs;

/** Resolves when the signal is aborted or the client is closed; never rejects. */
export async function listWatch<T extends KubernetesObject>(options: ListWatchOptions<T>): Promise<void> {
  const { signals, timing, signal } = options;
  const backoff = createBackoff(shortestWaitMs, longestWaitMs, timing.random);
  let position: string | undefined;
  let listed = false;
  let limit: number | undefined = pageSize;
  while (!signal.aborted) {
    const listing = position === undefined;
    const since = timing.now();
    let verdict: Verdict = endedInOrder;
    try {
      if (position === undefined) {
        position = await list(options, limit);
        if (listed) signals.relists += 1;
        listed = true;
        continue;
      }
      await watch(options, position, (version) => {
        position = version;
      });
    } catch (error) {
      if (isKubeError(error, "Cancelled")) break;
      verdict = judge(error);
      report(options, verdict.ending, listing, error);
    }
    count(signals, verdict.ending);
    if (verdict.relist) position = undefined;
    // If the pages expire before the list is complete, the next list is requested in one piece.
    limit = listing && verdict.ending === "expired" ? undefined : pageSize;
    const held = !listing && timing.now() - since >= healthyMs;
    const isBack = await pause(waitAfter(verdict, held, backoff), verdict, options);
    if (isBack) backoff.reset();
  }
}

const endedInOrder: Verdict = { ending: "closed", relist: false, leastWaitMs: 0 };

/** A watch that lasted resets the backoff; if it also ended normally, the next one starts at once. */
function waitAfter({ ending, leastWaitMs }: Verdict, held: boolean, backoff: Backoff): number {
  if (held) backoff.reset();
  return Math.max(held && ending === "closed" ? 0 : backoff.next(), leastWaitMs);
}

/** Ends early, and with true, when an API server that was away is back, unless it has asked for a longer wait. */
async function pause<T extends KubernetesObject>(
  milliseconds: number,
  { leastWaitMs }: Verdict,
  { contact, timing, signal, log }: ListWatchOptions<T>,
): Promise<boolean> {
  let isBack = false;
  const back = Promise.withResolvers<void>();
  const unsubscribe = contact.onReturn(() => {
    if (leastWaitMs > 0) return;
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

function count(signals: WatchSignals, ending: WatchEnding): void {
  signals.reconnects[ending] = (signals.reconnects[ending] ?? 0) + 1;
  if (ending === "undecodable") signals.decodeErrors += 1;
}

function report<T extends KubernetesObject>(
  { log, resource, namespace }: ListWatchOptions<T>,
  ending: WatchEnding,
  listing: boolean,
  error: unknown,
): void {
  const fields = { resource: resource.plural, namespace, ending, err: error };
  if (ending === "fault") log.error(fields, listing ? "list failed" : "watch failed");
  else log.warn(fields, listing ? "list failed" : "watch ended");
}

/** Replaces the content of the mirror and returns the version to watch from. An incomplete list changes nothing. */
async function list<T extends KubernetesObject>(
  options: ListWatchOptions<T>,
  limit: number | undefined,
): Promise<string> {
  const { client, resource, namespace, labelSelector, mirror, signals, contact, signal } = options;
  const draft = mirror.draft();
  const began = contact.now();
  let continueToken: string | undefined;
  for (;;) {
    const page = await client.listPage(resource, { namespace, labelSelector, signal, limit, continueToken });
    contact.heard(contact.now());
    for (const object of page.items) draft.add(object);
    if (page.continueToken === undefined) {
      // All pages show the version of the first one.
      signals.currentAsOf = began;
      draft.commit();
      return page.resourceVersion;
    }
    continueToken = page.continueToken;
  }
}

/**
 * Follows the changes after `from` until the watch ends; `reached` is called with each version from which it can be
 * resumed. Events come in the order of their versions, so an event at or before the last one is a repetition.
 */
async function watch<T extends KubernetesObject>(
  options: ListWatchOptions<T>,
  from: string,
  reached: (version: string) => void,
): Promise<void> {
  const { client, resource, namespace, labelSelector, mirror, signals, contact, timing, signal } = options;
  const path = withQuery(listPath(resource, namespace), {
    watch: "true",
    allowWatchBookmarks: "true",
    resourceVersion: from,
    timeoutSeconds: String(300 + Math.floor(timing.random() * 301)),
    labelSelector,
  });
  const onOpen = (): void => {
    signals.watchingSince = timing.now();
  };
  let last = from;
  try {
    for await (const line of client.stream(path, { signal, idleTimeoutMs: silenceMs, onOpen })) {
      contact.heard(contact.now());
      const event = decodeWatchEvent<T>(line);
      if (event.type === "ERROR") throw event.error;
      if (!isLater(event.resourceVersion, last)) {
        if (event.type !== "BOOKMARK") signals.staleEvents += 1;
        continue;
      }
      if (event.type === "DELETED") mirror.remove(event.object);
      else if (event.type !== "BOOKMARK") mirror.set(event.object);
      last = event.resourceVersion;
      reached(last);
    }
  } finally {
    signals.currentAsOf = currentAsOf(signals, contact);
    signals.watchingSince = undefined;
  }
}

/** Time for the API server to send what happened before a watch was opened, or to refuse to go on from there. */
const catchUpMs = 1_000;

/**
 * The moment as of which the mirror is current: the last answer of the API server while a watch is open and has caught up,
 * otherwise the last such moment before. Undefined before the first list.
 */
export function currentAsOf(signals: WatchSignals, { last }: Contact): Moment | undefined {
  const { watchingSince } = signals;
  const isCaughtUp =
    watchingSince !== undefined && last !== undefined && last.at >= watchingSince + catchUpMs;
  return isCaughtUp ? last : signals.currentAsOf;
}
