// GET pods/[SCHEME:]NAME[:PORT]/proxy/PATH: the API server asks the pod's own server and hands its answer on.
import type { IncomingMessage, ServerResponse } from "node:http";
import { send } from "./answer.ts";
import type { Context } from "./context.ts";
import { asList, asObject, asString, type JsonObject } from "./json.ts";
import { getObject } from "./read.ts";
import { podType } from "./resource-types.ts";
import { decodePart } from "./route.ts";
import { ApiError, badRequest, methodNotAllowed } from "./status.ts";

/** What a proxy path names; every part decoded but `path`, which begins with a slash. */
interface ProxyRoute {
  readonly namespace: string;
  readonly id: string;
  readonly path: string;
}

/** @throws ApiError 400 for an escape that is wrong. */
export function parseProxyRoute(pathname: string): ProxyRoute | undefined {
  const [, namespace = "", id = "", path = "/"] =
    /^\/api\/v1\/namespaces\/([^/]+)\/pods\/([^/]+)\/proxy(\/.*)?$/.exec(pathname) ?? [];
  return id === "" ? undefined : { namespace: decodePart(namespace), id: decodePart(id), path };
}

/**
 * The scheme is read and not used: pods of this cluster serve plain HTTP inside this process.
 * @throws ApiError 400, 404, 405, or 503 when nothing listens at the pod's address.
 */
export async function proxyToPod(
  context: Context,
  { namespace, id, path }: ProxyRoute,
  search: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method !== "GET") throw methodNotAllowed();
  const [, name = "", port] = /^(?:https?:)?([^:]+)(?::(\d*))?$/.exec(id) ?? [];
  if (name === "") throw badRequest(`invalid pod request ${JSON.stringify(id)}`);
  const pod = getObject(context, { resource: podType, namespace, name, subresource: undefined });
  const podIp = asString(asObject(pod["status"])["podIP"]);
  if (podIp === undefined) throw badRequest("address not allowed");
  const address = `${podIp}:${port || firstPort(asObject(pod["spec"]))}`;
  const server = context.podServer(address);
  if (server === undefined) throw unreachable(`dial tcp ${address}: connect: connection refused`);
  const answer = await fetch(`${server}${path}${search}`, { redirect: "manual" }).catch((cause: unknown) => {
    throw unreachable(cause instanceof Error ? cause.message : String(cause));
  });
  const contentType = answer.headers.get("content-type") ?? "application/octet-stream";
  send(request, response, answer.status, contentType, Buffer.from(await answer.arrayBuffer()));
}

/** The port of a request that names none, as kube-apiserver takes it. */
function firstPort(spec: JsonObject): number {
  const [port] = asList(spec["containers"]).flatMap((container) => asList(asObject(container)["ports"]));
  return Number(asObject(port)["containerPort"] ?? 80);
}

function unreachable(why: string): ApiError {
  return new ApiError(503, "ServiceUnavailable", `error trying to reach service: ${why}`);
}
