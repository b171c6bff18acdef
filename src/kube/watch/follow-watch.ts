// One watch of one collection: its events go to the mirror until it ends. It can also begin with the present objects
// (sendInitialEvents, KEP-3157), instead of a list.
import type { KubernetesObject } from "../../domain/objects/kubernetes.ts";
import { WatchInterrupted } from "./interrupts.ts";
import type { Draft, ListWatchOptions } from "./mirror.ts";
import { listPath, withQuery } from "../paths.ts";
import { isLater, wentBack } from "./resource-version.ts";
import { decodeWatchEvent, type WatchEvent } from "./watch-event.ts";
import { currentAsOf } from "./watch-signals.ts";

/** kube-apiserver sends a bookmark every 60 s, so after 90 s of silence the peer is considered gone. */
const silenceMs = 90_000;

/**
 * Follows the collection after `signals.position`, which advances with each event, until the watch ends. Without a position,
 * it asks for the present objects first; they become visible together.
 */
export async function followWatch<T extends KubernetesObject>(options: ListWatchOptions<T>): Promise<void> {
  const { interrupts, signal } = options;
  await interrupts.during(signal, async (signal) => await follow({ ...options, signal }));
}

async function follow<T extends KubernetesObject>(options: ListWatchOptions<T>): Promise<void> {
  const { client, mirror, signals, contact, interrupts, timing, signal } = options;
  const began = contact.now();
  let draft = signals.position === undefined ? mirror.draft(signals.isRewritten) : undefined;
  let isOver = false;
  let lastHeard = timing.now();
  // The connection may have gone with the API server, and its silence would go on for as long as silenceMs.
  const unsubscribe = contact.onReturn((awaySince) => {
    if (lastHeard < awaySince) interrupts.interrupt(lost());
  });
  const isFollowing = (): void => {
    if (isOver) return;
    signals.watchingSince = timing.now();
    signals.failure = undefined;
  };
  const onOpen = (): void => {
    if (draft !== undefined) return;
    // After the watch is open, so that the store cannot go back in between.
    requireSameHistory(options).then(isFollowing, (error: unknown) => {
      if (!isOver) interrupts.interrupt(error);
    });
  };
  const idleTimeoutMs = silenceMs;
  try {
    for await (const line of client.stream(pathOf(options), { signal, idleTimeoutMs, onOpen })) {
      lastHeard = timing.now();
      contact.heard(contact.now());
      const event = decodeWatchEvent<T>(line);
      if (event.type === "ERROR") throw event.error;
      if (draft === undefined) take(options, event);
      else if (collect(draft, event)) {
        draft.commit();
        draft = undefined;
        signals.currentAsOf = began;
        signals.position = event.resourceVersion;
        signals.lists += 1;
        signals.isRewritten = false;
        isFollowing();
      }
    }
  } finally {
    isOver = true;
    unsubscribe();
    if (signals.position !== undefined) signals.currentAsOf = currentAsOf(signals, contact);
    signals.watchingSince = undefined;
  }
}

function lost(): WatchInterrupted {
  return new WatchInterrupted("lost", "the API server was away, and the watch has heard nothing since");
}

function pathOf<T extends KubernetesObject>(options: ListWatchOptions<T>): string {
  const { resource, namespace, labelSelector, signals, timing } = options;
  const isInitial = signals.position === undefined;
  return withQuery(listPath(resource, namespace), {
    watch: "true",
    allowWatchBookmarks: "true",
    resourceVersion: signals.position,
    sendInitialEvents: isInitial ? "true" : undefined,
    resourceVersionMatch: isInitial ? "NotOlderThan" : undefined,
    timeoutSeconds: String(300 + Math.floor(timing.random() * 301)),
    labelSelector,
  });
}

/** Events come in the order of their versions, so an event at or before the last one is a repetition. */
function take<T extends KubernetesObject>(
  { mirror, signals }: ListWatchOptions<T>,
  event: Exclude<WatchEvent<T>, { type: "ERROR" }>,
): void {
  if (signals.position !== undefined && !isLater(event.resourceVersion, signals.position)) {
    if (event.type !== "BOOKMARK") signals.staleEvents += 1;
    return;
  }
  if (event.type === "DELETED") mirror.remove(event.object);
  else if (event.type !== "BOOKMARK") mirror.set(event.object);
  signals.position = event.resourceVersion;
}

/** True when all present objects have come. */
function collect<T extends KubernetesObject>(
  draft: Draft<T>,
  event: Exclude<WatchEvent<T>, { type: "ERROR" }>,
): boolean {
  if (event.type === "BOOKMARK") return event.endsInitialEvents;
  if (event.type === "DELETED") draft.remove(event.object);
  else draft.add(event.object);
  return false;
}

/**
 * A watch from a version that the API server has not reached is accepted and stays silent (kubernetes#107457). That happens
 * after etcd was restored from a backup, so the version of the collection is compared with that of each opened watch.
 * @throws WatchInterrupted "restored"; KubeError.
 */
async function requireSameHistory<T extends KubernetesObject>(options: ListWatchOptions<T>): Promise<void> {
  const { client, resource, namespace, labelSelector, contact, signal } = options;
  const { position } = options.signals;
  if (position === undefined) return;
  const began = contact.now();
  const query = { namespace, labelSelector, signal, limit: 1 };
  const { resourceVersion } = await client.listMetadataPage(resource, query);
  contact.heard(began);
  if (wentBack(position, resourceVersion)) throw restored(position, resourceVersion);
}

export function restored(position: string, listed: string): WatchInterrupted {
  return new WatchInterrupted(
    "restored",
    `the API server is at version ${listed}, but version ${position} was seen before; its store was probably restored from a backup`,
  );
}
