// One request for objects: from route, method and body to the answer.
import type { IncomingMessage, ServerResponse } from "node:http";
import { acceptedFormat, addWarnings, listMeta, listText, sendText } from "./answer.ts";
import { bindPod } from "./binding.ts";
import { decodeBody, readBody } from "./body.ts";
import { type Context, writeOptions } from "./context.ts";
import { decodeObject } from "./decode.ts";
import type { Json } from "./json.ts";
import { type ApiObject, encoded, meta } from "./object.ts";
import { patchObject } from "./patch.ts";
import { getObject, listObjects } from "./read.ts";
import { deleteObject, parseDeleteOptions } from "./remove.ts";
import { type ResourceRoute, flag } from "./route.ts";
import { badRequest, methodNotAllowed, noSuchResource } from "./status.ts";
import { includeObjectOf, tableText } from "./table.ts";
import { serveWatch } from "./watch.ts";
import { createObject, requireRevision, updateObject } from "./write.ts";

/** One HTTP exchange about objects. `stopping` aborts when the server closes. */
export interface Exchange {
  readonly context: Context;
  readonly route: ResourceRoute;
  readonly query: URLSearchParams;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly stopping: AbortSignal;
}

type Handler = (exchange: Exchange) => Promise<void> | void;

function answer(exchange: Exchange, code: number, object: ApiObject): void {
  const { request, response, route, query, context } = exchange;
  const format = acceptedFormat(request.headers.accept);
  const revision = { resourceVersion: meta(object, "resourceVersion") };
  const text =
    format === "table"
      ? tableText(route.resource, [object], revision, includeObjectOf(query), context.clock())
      : encoded(object);
  sendText(request, response, code, text, format);
}

function watch({ context, route, query, request, response, stopping }: Exchange): void {
  if (acceptedFormat(request.headers.accept) !== "table") {
    serveWatch(context, route, query, response, stopping);
    return;
  }
  let header = true;
  serveWatch(context, route, query, response, stopping, (object) => {
    const revision = { resourceVersion: meta(object, "resourceVersion") };
    const now = context.clock();
    const text = tableText(route.resource, [object], revision, includeObjectOf(query), now, header);
    header = false;
    return text;
  });
}

const read: Handler = (exchange) => {
  const { context, route, query, request, response } = exchange;
  if (flag(query, "watch")) {
    watch(exchange);
    return;
  }
  if (route.name !== undefined) {
    answer(exchange, 200, getObject(context, route));
    return;
  }
  const format = acceptedFormat(request.headers.accept);
  const list = listObjects(context, route, query);
  const text =
    format === "table"
      ? tableText(route.resource, list.items, listMeta(list), includeObjectOf(query), context.clock())
      : listText(route.resource, list);
  sendText(request, response, 200, text, format);
};

const create: Handler = async (exchange) => {
  const { context, route, query, request, response } = exchange;
  const options = writeOptions(query, request.headers["user-agent"], "CreateOptions");
  const value = decodeBody(await readBody(request), request.headers["content-type"], route.resource.kind);
  if (route.subresource === "binding") {
    sendText(request, response, 201, JSON.stringify(bindPod(context, route, value, options)), "json");
    return;
  }
  const body = decodeObject(route.resource, value, options);
  const created = createObject(context, route, body, options);
  addWarnings(response, options.warnings);
  answer(exchange, 201, created);
};

const replace: Handler = async (exchange) => {
  const { context, route, query, request, response } = exchange;
  const options = writeOptions(query, request.headers["user-agent"], "UpdateOptions");
  const value = decodeBody(await readBody(request), request.headers["content-type"], route.resource.kind);
  const body = decodeObject(route.resource, value, options);
  if (meta(body, "name") !== route.name) {
    throw badRequest(
      `the name of the object (${meta(body, "name")}) does not match the name on the URL (${route.name})`,
    );
  }
  const old = getObject(context, route);
  requireRevision(route.resource, meta(old, "name"), body);
  const updated = updateObject(context, route, old, body, options);
  addWarnings(response, options.warnings);
  answer(exchange, 200, updated);
};

const patch: Handler = async (exchange) => {
  const { context, route, query, request, response } = exchange;
  const options = writeOptions(query, request.headers["user-agent"], "PatchOptions");
  const text = (await readBody(request)).toString("utf8");
  const patched = patchObject(
    context,
    route,
    { contentType: request.headers["content-type"], text, query },
    options,
  );
  addWarnings(response, options.warnings);
  answer(exchange, patched.created ? 201 : 200, patched.object);
};

async function deleteBody(request: IncomingMessage): Promise<Json | undefined> {
  const body = await readBody(request);
  return body.length === 0 ? undefined : decodeBody(body, request.headers["content-type"], "DeleteOptions");
}

const remove: Handler = async (exchange) => {
  const { context, route, query, request, response } = exchange;
  const options = writeOptions(query, request.headers["user-agent"], "DeleteOptions");
  const wanted = parseDeleteOptions(await deleteBody(request), query);
  if (route.name === undefined) {
    const doomed = listObjects(context, route, query);
    for (const object of doomed.items) {
      const namespace = meta(object, "namespace") || undefined;
      deleteObject(context, { ...route, namespace, name: meta(object, "name") }, wanted, options);
    }
    sendText(
      request,
      response,
      200,
      listText(route.resource, doomed),
      acceptedFormat(request.headers.accept),
    );
    return;
  }
  const removal = deleteObject(context, route, wanted, options);
  addWarnings(response, options.warnings);
  if (!removal.gone || route.resource.plural === "pods") {
    answer(exchange, 200, removal.object);
    return;
  }
  const { group, plural } = route.resource;
  const status = {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Success",
    details: {
      name: route.name,
      ...(group !== "" && { group }),
      kind: plural,
      uid: meta(removal.object, "uid"),
    },
  };
  sendText(request, response, 200, JSON.stringify(status), acceptedFormat(request.headers.accept));
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
  if (subresource === "binding") return resource.kind === "Pod";
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
