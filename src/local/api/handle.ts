// One request for objects: from route, method and body to the answer.
import type { IncomingMessage, ServerResponse } from "node:http";
import {
  acceptedFormat,
  addWarnings,
  listMeta,
  listText,
  metadataListText,
  metadataText,
  sendText,
} from "./answer.ts";
import { decodeBody, readBody } from "./body.ts";
import { type Context, type Write, writeOptions } from "./context.ts";
import { decodeObject } from "./decode.ts";
import type { Json, JsonObject } from "./json.ts";
import { type ApiObject, encoded, meta } from "./object.ts";
import { patchObject } from "./patch.ts";
import { bindPod } from "./pod-subresources.ts";
import { getObject, listObjects } from "./read.ts";
import { deleteObject, parseDeleteOptions } from "./remove.ts";
import { podType } from "./resource-types.ts";
import { type ResourceRoute, flag } from "./route.ts";
import { badRequest, methodNotAllowed, noSuchResource, success } from "./status.ts";
import { tableText } from "./table.ts";
import { serveWatch } from "./watch.ts";
import { createObject, requireRevision, updateObject } from "./write.ts";

/** One HTTP exchange about objects. `stopping` aborts when the server closes. */
interface Exchange {
  readonly context: Context;
  readonly route: ResourceRoute;
  readonly query: URLSearchParams;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly stopping: AbortSignal;
}

type Handler = (exchange: Exchange) => Promise<void> | void;

function format({ request }: Exchange): ReturnType<typeof acceptedFormat> {
  return acceptedFormat(request.headers.accept);
}

function table(
  { context, route, query }: Exchange,
  objects: readonly ApiObject[],
  metadata: JsonObject,
  header = true,
): string {
  return tableText(route.resource, objects, metadata, query.get("includeObject"), context.clock(), header);
}

function revisionOf(object: ApiObject): JsonObject {
  return { resourceVersion: meta(object, "resourceVersion") };
}

function answer(exchange: Exchange, code: number, object: ApiObject): void {
  const as = format(exchange);
  const text = (): string => {
    if (as === "table") return table(exchange, [object], revisionOf(object));
    return as === "metadata" ? metadataText(object) : encoded(object);
  };
  sendText(exchange.request, exchange.response, code, text(), as);
}

function watch(exchange: Exchange): void {
  const { context, route, query, response, stopping } = exchange;
  const as = format(exchange);
  if (as !== "table") {
    serveWatch(context, route, query, response, stopping, as === "metadata" ? metadataText : undefined);
    return;
  }
  let header = true;
  serveWatch(context, route, query, response, stopping, (object) => {
    const text = table(exchange, [object], revisionOf(object), header);
    header = false;
    return text;
  });
}

const read: Handler = (exchange) => {
  const { context, route, query, request, response } = exchange;
  if (flag(query, "watch")) watch(exchange);
  else if (route.name !== undefined) answer(exchange, 200, getObject(context, route));
  else {
    const as = format(exchange);
    const list = listObjects(context, route, query);
    const text = (): string => {
      if (as === "table") return table(exchange, list.items, listMeta(list));
      return as === "metadata" ? metadataListText(list) : listText(route.resource, list);
    };
    sendText(request, response, 200, text(), as);
  }
};

function writeOf(exchange: Exchange, kind: Parameters<typeof writeOptions>[2]): Write {
  const { context, route, query, request } = exchange;
  return { context, route, options: writeOptions(query, request.headers["user-agent"], kind) };
}

async function bodyOf({ request, route }: Exchange): Promise<Json> {
  return decodeBody(await readBody(request), request.headers["content-type"], route.resource.kind);
}

function answerWrite(exchange: Exchange, { options }: Write, code: number, object: ApiObject): void {
  addWarnings(exchange.response, options.warnings);
  answer(exchange, code, object);
}

const create: Handler = async (exchange) => {
  const { route, request, response } = exchange;
  const write = writeOf(exchange, "CreateOptions");
  const value = await bodyOf(exchange);
  if (route.subresource === "binding") {
    sendText(request, response, 201, JSON.stringify(bindPod(write, value)), "json");
    return;
  }
  const created = createObject(write, decodeObject(route.resource, value, write.options));
  answerWrite(exchange, write, 201, created);
};

const replace: Handler = async (exchange) => {
  const { context, route } = exchange;
  const write = writeOf(exchange, "UpdateOptions");
  const body = decodeObject(route.resource, await bodyOf(exchange), write.options);
  const name = meta(body, "name");
  if (name !== route.name) {
    throw badRequest(`the name of the object (${name}) does not match the name on the URL (${route.name})`);
  }
  const old = getObject(context, route);
  requireRevision(route.resource, name, body);
  answerWrite(exchange, write, 200, updateObject(write, old, body));
};

const patch: Handler = async (exchange) => {
  const { query, request } = exchange;
  const write = writeOf(exchange, "PatchOptions");
  const text = (await readBody(request)).toString("utf8");
  const patched = patchObject(write, { contentType: request.headers["content-type"], text, query });
  answerWrite(exchange, write, patched.created ? 201 : 200, patched.object);
};

const remove: Handler = async (exchange) => {
  const { context, route, query, request, response } = exchange;
  const write = writeOf(exchange, "DeleteOptions");
  const body = await readBody(request);
  const type = request.headers["content-type"];
  const wanted = parseDeleteOptions(
    body.length === 0 ? undefined : decodeBody(body, type, "DeleteOptions"),
    query,
  );
  if (route.name === undefined) {
    const list = listObjects(context, route, query);
    for (const object of list.items) {
      const namespace = meta(object, "namespace") || undefined;
      deleteObject({ ...write, route: { ...route, namespace, name: meta(object, "name") } }, wanted);
    }
    sendText(request, response, 200, listText(route.resource, list), format(exchange));
    return;
  }
  const { object, gone } = deleteObject(write, wanted);
  if (!gone || route.resource === podType) {
    answerWrite(exchange, write, 200, object);
    return;
  }
  addWarnings(response, write.options.warnings);
  const { group, plural: kind } = route.resource;
  const details = { name: route.name, ...(group !== "" && { group }), kind, uid: meta(object, "uid") };
  sendText(request, response, 200, JSON.stringify(success({ details })), format(exchange));
};

const byMethod: Readonly<Record<string, Handler>> = {
  GET: read,
  POST: create,
  PUT: replace,
  PATCH: patch,
  DELETE: remove,
};

function allowed(method: string, { name, subresource, resource, namespace }: ResourceRoute): boolean {
  if (subresource === "binding") return method === "POST";
  if (subresource !== undefined) return ["GET", "PUT", "PATCH"].includes(method);
  if (name !== undefined) return method !== "POST";
  if (method === "GET") return true;
  return (method === "POST" || method === "DELETE") && (!resource.namespaced || namespace !== undefined);
}

function hasSubresource({ resource, subresource }: ResourceRoute): boolean {
  if (subresource === "binding") return resource === podType;
  return subresource === undefined || (subresource === "status" && resource.status);
}

/** Answers, or throws an ApiError before anything is sent. */
export async function handleObjects(exchange: Exchange): Promise<void> {
  const { route, request } = exchange;
  if (!hasSubresource(route)) throw noSuchResource();
  const method = request.method === "HEAD" ? "GET" : (request.method ?? "GET");
  const handler = byMethod[method];
  if (handler === undefined || !allowed(method, route)) throw methodNotAllowed();
  await handler(exchange);
}
