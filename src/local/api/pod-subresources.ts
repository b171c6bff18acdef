// The subresources of a pod: POST …/binding, which a scheduler sends once per pod, and GET …/proxy/PATH.
import type { IncomingMessage, ServerResponse } from "node:http";
import { timestamp } from "../timestamp.ts";
import { send } from "./answer.ts";
import type { Context, Write } from "./context.ts";
import { type Json, type JsonObject, asList, asObject, textAt } from "./json.ts";
import { type ApiObject, isDeleting } from "./object.ts";
import { getObject } from "./read.ts";
import { podType } from "./resource-types.ts";
import { decodePart } from "./route.ts";
import {
  ApiError,
  badRequest,
  conflict,
  invalid,
  methodNotAllowed,
  requiredField,
  success,
} from "./status.ts";
import { keyOf } from "./store.ts";

/** Assigns the pod to the node that the Binding names. @throws ApiError 400, 404, 409 or 422. */
export function bindPod({ context, route, options }: Write, binding: Json): JsonObject {
  const { name = "", namespace } = route;
  const given = textAt(binding, "metadata", "name");
  if (given !== "" && given !== name) {
    throw badRequest("name in URL does not match name in Binding object");
  }
  const pod = getObject(context, route);
  const subject = { group: "", plural: "pods/binding", kind: "Binding" };
  const nodeName = textAt(binding, "target", "name");
  if (nodeName === "") throw invalid(subject, name, [requiredField("target.name")]);
  const assigned = textAt(pod, "spec", "nodeName");
  if (assigned !== "") {
    throw conflict(subject, name, `pod ${name} is already assigned to node ${JSON.stringify(assigned)}`);
  }
  if (isDeleting(pod)) {
    throw new ApiError(409, "Conflict", `pod ${name} is being deleted, cannot be assigned to a host`);
  }
  const status = asObject(pod["status"]);
  const scheduled = { type: "PodScheduled", status: "True", lastTransitionTime: timestamp(context.clock()) };
  const bound: ApiObject = {
    ...pod,
    spec: { ...asObject(pod["spec"]), nodeName },
    status: { ...status, conditions: [...asList(status["conditions"]), scheduled] },
  };
  if (!options.dryRun) context.store.put(podType, keyOf(namespace, name), bound);
  return success({ code: 201 });
}

/** A path of the form pods/[SCHEME:]NAME[:PORT]/proxy/PATH: `id` is decoded, `path` is not and begins with a slash. */
interface ProxyRoute {
  readonly namespace: string;
  readonly id: string;
  readonly path: string;
}

/** @throws ApiError 400 for an invalid escape. */
export function parseProxyRoute(pathname: string): ProxyRoute | undefined {
  const [, namespace = "", id = "", path = "/"] =
    /^\/api\/v1\/namespaces\/([^/]+)\/pods\/([^/]+)\/proxy(\/.*)?$/.exec(pathname) ?? [];
  return id === "" ? undefined : { namespace: decodePart(namespace), id: decodePart(id), path };
}

/**
 * Passes on the answer of the pod's server. The scheme is ignored: pods of this cluster serve plain HTTP inside this
 * process. @throws ApiError 400, 404, 405, or 503 when nothing listens at the pod's address.
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
  const pod = getObject(context, { resource: podType, namespace, name });
  const podIp = textAt(pod, "status", "podIP");
  if (podIp === "") throw badRequest("address not allowed");
  const address = `${podIp}:${port || firstPort(pod)}`;
  const server = context.podServer(address);
  if (server === undefined) throw unreachable(`dial tcp ${address}: connect: connection refused`);
  const answer = await fetch(`${server}${path}${search}`, { redirect: "manual" }).catch((cause: unknown) => {
    throw unreachable(cause instanceof Error ? cause.message : String(cause));
  });
  const contentType = answer.headers.get("content-type") ?? "application/octet-stream";
  send(request, response, answer.status, contentType, Buffer.from(await answer.arrayBuffer()));
}

/** The port that kube-apiserver takes when the request names none. */
function firstPort(pod: ApiObject): number {
  const containers = asList(asObject(pod["spec"])["containers"]);
  const [port] = containers.flatMap((container) => asList(asObject(container)["ports"]));
  return Number(asObject(port)["containerPort"] ?? 80);
}

function unreachable(why: string): ApiError {
  return new ApiError(503, "ServiceUnavailable", `error trying to reach service: ${why}`);
}
