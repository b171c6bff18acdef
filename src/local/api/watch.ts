// Watches: the changes of one collection from a revision on, as the selector of the request sees them.
import type { ServerResponse } from "node:http";
import type { Context } from "./context.ts";
import { type ApiObject, encoded, withMeta } from "./object.ts";
import { covers, parseRevision } from "./read.ts";
import { apiVersionOf } from "./resource-types.ts";
import { type ResourceRoute, flag } from "./route.ts";
import { type Selector, selectorOf } from "./selectors.ts";
import { expired, forbiddenField, invalidOptions } from "./status.ts";
import type { StoreEvent } from "./store.ts";

/** A watcher with this many unsent bytes is disconnected, as kube-apiserver closes slow watchers. */
const maxBacklogBytes = 16 * 1024 * 1024;

/** A longer timer would fire at once. */
const maxTimerMs = 2 ** 31 - 1;

interface WatchPlan {
  readonly selects: Selector;
  readonly bookmarks: boolean;
  /** The state to send before the changes; undefined when the client has it already. */
  readonly initial: readonly ApiObject[] | undefined;
  /** Whether a bookmark marks the end of `initial`. */
  readonly markInitialEnd: boolean;
  readonly from: number;
  readonly timeoutMs: number;
}

function plan({ store }: Context, route: ResourceRoute, query: URLSearchParams): WatchPlan {
  const revision = parseRevision(query.get("resourceVersion")) ?? 0;
  const sendInitial = query.has("sendInitialEvents") ? flag(query, "sendInitialEvents") : undefined;
  const match = query.get("resourceVersionMatch") ?? "";
  const forbid = (when: string): never => {
    throw invalidOptions("ListOptions", forbiddenField("resourceVersionMatch", when));
  };
  if (sendInitial !== undefined && match !== "NotOlderThan") {
    forbid("sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
  }
  if (sendInitial === undefined && match !== "") {
    forbid("resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided");
  }
  const sendState = sendInitial ?? revision === 0;
  const bookmarks = flag(query, "allowWatchBookmarks");
  const seconds = Number(query.get("timeoutSeconds") ?? 0);
  const selects = selectorOf(route.resource, query) ?? (() => true);
  const state = sendState ? store.list(route.resource).entries : [];
  const initial = state.filter(([key, object]) => covers(route, key) && selects(object));
  return {
    selects,
    bookmarks,
    initial: sendState ? initial.map(([, object]) => object) : undefined,
    markInitialEnd: sendInitial === true && bookmarks,
    from: sendState || revision === 0 ? store.revision : revision,
    timeoutMs: seconds > 0 ? Math.min(seconds * 1000, maxTimerMs) : 1_800_000 + Math.random() * 1_800_000,
  };
}

/** The event as a watcher with this selector sees it; undefined when the object was and is not selected. */
function transition(
  { type, object, previous, revision }: StoreEvent,
  selects: Selector,
): Pick<StoreEvent, "type" | "object"> | undefined {
  const was = previous !== undefined && selects(previous);
  if (type !== "DELETED" && selects(object)) return { type: was ? "MODIFIED" : "ADDED", object };
  if (!was) return undefined;
  return { type: "DELETED", object: withMeta(previous, { resourceVersion: String(revision) }) };
}

/**
 * Answers a watch until the client leaves, its timeout is over, or `signal` aborts. `eventBody` writes an object
 * into an event. @throws ApiError 400 or 422, before anything is sent.
 */
export function serveWatch(
  context: Context,
  route: ResourceRoute,
  query: URLSearchParams,
  response: ServerResponse,
  signal: AbortSignal,
  eventBody: (object: ApiObject) => string = encoded,
): void {
  const { store } = context;
  const watch = plan(context, route, query);
  const send = (type: string, body: string): void => {
    if (response.writableLength > maxBacklogBytes) response.destroy();
    else response.write(`{"type":"${type}","object":${body}}\n`);
  };
  const sendBookmark = (more: object = {}): void => {
    const { kind } = route.resource;
    const metadata = { resourceVersion: String(store.revision), creationTimestamp: null, ...more };
    send("BOOKMARK", JSON.stringify({ kind, apiVersion: apiVersionOf(route.resource), metadata }));
  };
  const onEvent = (event: StoreEvent): void => {
    if (event.revision <= watch.from || event.resource !== route.resource) return;
    const seen = covers(route, event.key) ? transition(event, watch.selects) : undefined;
    if (seen !== undefined) send(seen.type, eventBody(seen.object));
  };

  response.writeHead(200, { "content-type": "application/json", "cache-control": "no-cache, private" });
  response.flushHeaders();
  const missed = watch.initial === undefined ? store.since(watch.from) : [];
  if (missed === undefined) {
    const gone = expired(`too old resource version: ${watch.from} (${store.compacted})`);
    send("ERROR", JSON.stringify(gone.toStatus()));
    response.end();
    return;
  }
  for (const object of watch.initial ?? []) send("ADDED", eventBody(object));
  if (watch.markInitialEnd) sendBookmark({ annotations: { "k8s.io/initial-events-end": "true" } });
  for (const event of missed) onEvent(event);

  const unsubscribe = store.subscribe(onEvent);
  const bookmarkTimer = watch.bookmarks
    ? setInterval(() => sendBookmark(), context.bookmarkIntervalMs)
    : undefined;
  const end = (): void => {
    if (watch.bookmarks && !response.writableEnded) sendBookmark();
    response.end();
  };
  const timeout = setTimeout(end, watch.timeoutMs);
  signal.addEventListener("abort", end, { once: true });
  response.once("close", () => {
    unsubscribe();
    clearInterval(bookmarkTimer);
    clearTimeout(timeout);
    signal.removeEventListener("abort", end);
  });
}
