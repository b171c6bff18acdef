// Watches: the changes of one collection from a revision on, as the selector of the request sees them.
import type { ServerResponse } from "node:http";
import type { Context } from "./context.ts";
import type { JsonObject } from "./json.ts";
import { type ApiObject, encoded, withMeta } from "./object.ts";
import { listObjects, parseRevision } from "./read.ts";
import { apiVersionOf } from "./resource-types.ts";
import { type ResourceRoute, flag } from "./route.ts";
import { type Selector, selectorOf } from "./selectors.ts";
import { ApiError } from "./status.ts";
import { type StoreEvent, keyOf } from "./store.ts";

/** How an object is written into an event; Table watches wrap it. */
export type EventBody = (object: ApiObject) => string;

/** A watcher that lets this many bytes pile up is cut off, as kube-apiserver closes slow watchers. */
const maxBacklogBytes = 16 * 1024 * 1024;

/** A longer timer would fire at once. */
const maxTimerMs = 2 ** 31 - 1;

interface WatchPlan {
  readonly route: ResourceRoute;
  readonly selects: Selector;
  readonly bookmarks: boolean;
  /** State first, then changes; and whether its end is marked by a bookmark. */
  readonly initial: readonly ApiObject[] | undefined;
  readonly markInitialEnd: boolean;
  readonly from: number;
  readonly timeoutMs: number;
}

function invalidSendInitialEvents(message: string, field: string): ApiError {
  const text = `Forbidden: ${message}`;
  return new ApiError(422, "Invalid", `ListOptions.meta.k8s.io "" is invalid: ${field}: ${text}`, {
    group: "meta.k8s.io",
    kind: "ListOptions",
    causes: [{ reason: "FieldValueForbidden", message: text, field }],
  });
}

function plan(context: Context, route: ResourceRoute, query: URLSearchParams): WatchPlan {
  const revision = parseRevision(query.get("resourceVersion"));
  const sendInitial = query.has("sendInitialEvents") ? flag(query, "sendInitialEvents") : undefined;
  const match = query.get("resourceVersionMatch") ?? "";
  if (sendInitial !== undefined && match !== "NotOlderThan") {
    throw invalidSendInitialEvents(
      "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
      "resourceVersionMatch",
    );
  }
  if (sendInitial === undefined && match !== "") {
    throw invalidSendInitialEvents(
      "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
      "resourceVersionMatch",
    );
  }
  const state = sendInitial ?? (revision === undefined || revision === 0);
  const bookmarks = flag(query, "allowWatchBookmarks");
  const seconds = Number(query.get("timeoutSeconds") ?? 0);
  const initial = new URLSearchParams(
    [...query].filter(([key]) => key === "labelSelector" || key === "fieldSelector"),
  );
  return {
    route,
    selects: selectorOf(route.resource, query) ?? (() => true),
    bookmarks,
    initial: state ? listObjects(context, route, initial).items : undefined,
    markInitialEnd: sendInitial === true && bookmarks,
    from: state || revision === undefined || revision === 0 ? context.store.revision : revision,
    timeoutMs: seconds > 0 ? Math.min(seconds * 1000, maxTimerMs) : 1_800_000 + Math.random() * 1_800_000,
  };
}

/** The event as a watcher with this selector sees it; undefined when the object was and is outside of it. */
function transition(
  event: StoreEvent,
  selects: Selector,
): { readonly type: StoreEvent["type"]; readonly object: ApiObject } | undefined {
  const was = event.previous !== undefined && selects(event.previous);
  const is = event.type !== "DELETED" && selects(event.object);
  if (is) return { type: was ? "MODIFIED" : "ADDED", object: event.object };
  if (!was || event.previous === undefined) return undefined;
  return {
    type: "DELETED",
    object: withMeta(event.previous, { resourceVersion: String(event.revision) }),
  };
}

function bookmarkObject(route: ResourceRoute, revision: number, endOfInitial: boolean): JsonObject {
  return {
    kind: route.resource.kind,
    apiVersion: apiVersionOf(route.resource),
    metadata: {
      resourceVersion: String(revision),
      creationTimestamp: null,
      ...(endOfInitial && { annotations: { "k8s.io/initial-events-end": "true" } }),
    },
  };
}

/**
 * Answers a watch until the client leaves, its time is over, or `signal` aborts.
 * @throws ApiError before anything is sent, when the request makes no sense.
 */
export function serveWatch(
  context: Context,
  route: ResourceRoute,
  query: URLSearchParams,
  response: ServerResponse,
  signal: AbortSignal,
  eventBody: EventBody = encoded,
): void {
  const { store } = context;
  const watch = plan(context, route, query);
  const prefix = route.namespace === undefined ? "" : `${route.namespace}/`;
  const only = route.name === undefined ? undefined : keyOf(route.namespace, route.name);
  const send = (type: string, body: string): void => {
    if (response.writableLength > maxBacklogBytes) response.destroy();
    else response.write(`{"type":"${type}","object":${body}}\n`);
  };
  const sendBookmark = (endOfInitial = false): void => {
    send("BOOKMARK", JSON.stringify(bookmarkObject(route, store.revision, endOfInitial)));
  };
  const onEvent = (event: StoreEvent): void => {
    if (event.revision <= watch.from || event.resource !== route.resource) return;
    if (!event.key.startsWith(prefix)) return;
    if (only !== undefined && event.key !== only) return;
    const seen = transition(event, watch.selects);
    if (seen !== undefined) send(seen.type, eventBody(seen.object));
  };

  response.writeHead(200, { "content-type": "application/json", "cache-control": "no-cache, private" });
  response.flushHeaders();
  const missed = watch.initial === undefined ? store.since(watch.from) : [];
  if (missed === undefined) {
    const gone = new ApiError(410, "Expired", `too old resource version: ${watch.from} (${store.compacted})`);
    send("ERROR", JSON.stringify(gone.toStatus()));
    response.end();
    return;
  }
  for (const object of watch.initial ?? []) send("ADDED", eventBody(object));
  if (watch.markInitialEnd) sendBookmark(true);
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
