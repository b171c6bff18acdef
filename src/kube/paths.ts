// Paths of objects and collections, and their queries.
import type { KubernetesObject } from "../domain/objects/kubernetes.ts";
import { KubeError } from "./errors.ts";
import type { ObjectRef } from "./kube-client.ts";
import { type Resource, resourcePath } from "./resource.ts";

/**
 * Path of one object. An empty name would address the whole collection, and a DELETE would remove all of it.
 * @throws KubeError "BadRequest" for a name or namespace that is missing, `.` or `..`.
 */
export function objectPath(
  resource: Resource<KubernetesObject>,
  ref: ObjectRef,
  subresource?: string,
): string {
  const namespace = namespaceOf(resource, ref);
  if (isNoSegment(ref.name)) {
    throw new KubeError("BadRequest", 0, `"${ref.name}" is not a name of a ${resource.kind}`);
  }
  return resourcePath(resource, { namespace, name: ref.name }, subresource);
}

/** Path of the collection in which the object is created. */
export function collectionPath(resource: Resource<KubernetesObject>, ref: ObjectRef): string {
  return resourcePath(resource, { namespace: namespaceOf(resource, ref) });
}

/** Path of a collection, of one namespace or of all if undefined. An empty namespace is an error, not "all". */
export function listPath(resource: Resource<KubernetesObject>, namespace: string | undefined): string {
  if (namespace !== undefined && isNoSegment(namespace)) {
    throw new KubeError("BadRequest", 0, `"${namespace}" is not a namespace`);
  }
  return resourcePath(resource, { namespace });
}

function isNoSegment(text: string): boolean {
  return text === "" || text === "." || text === "..";
}

function namespaceOf(resource: Resource<KubernetesObject>, ref: ObjectRef): string | undefined {
  if (!resource.namespaced) return undefined;
  if (ref.namespace === undefined || isNoSegment(ref.namespace)) {
    throw new KubeError("BadRequest", 0, `the ${resource.kind} "${ref.name}" needs a namespace`);
  }
  return ref.namespace;
}

/** Appends the defined parameters; the path may already have a query. */
export function withQuery(path: string, query: Readonly<Record<string, string | undefined>>): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) if (value !== undefined) search.set(key, value);
  if (search.size === 0) return path;
  return `${path}${path.includes("?") ? "&" : "?"}${search.toString()}`;
}
