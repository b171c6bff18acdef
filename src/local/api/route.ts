// What a path and query name: a resource, or one of the few other paths.
import { type ResourceType, findResource, namespaceType } from "./resource-types.ts";
import { badRequest, noSuchResource } from "./status.ts";

/** A request for objects. `name` is absent for collections, `namespace` for all namespaces and cluster scope. */
export interface ResourceRoute {
  readonly resource: ResourceType;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
}

const groupVersionParts = (parts: readonly string[]): readonly string[] | undefined => {
  if (parts[0] === "api" && parts.length > 2) return ["", ...parts.slice(1)];
  if (parts[0] === "apis" && parts.length > 3) return parts.slice(1);
  return undefined;
};

/** @throws ApiError 400. */
export function decodePart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch (error) {
    throw Object.assign(badRequest(`invalid URL escape in ${JSON.stringify(part)}`), { cause: error });
  }
}

/**
 * The objects that a path names, or undefined when it is not a path of resources.
 * @throws ApiError 404 for a resource that is not served.
 */
export function parseRoute(pathname: string): ResourceRoute | undefined {
  const parts = pathname
    .split("/")
    .filter((part) => part !== "")
    .map(decodePart);
  const grouped = groupVersionParts(parts);
  if (grouped === undefined) return undefined;
  const [group = "", version = "", ...rest] = grouped;
  const scoped = rest[0] === "namespaces" && rest.length > 2 && !isNamespaceSubresource(group, rest);
  const namespace = scoped ? rest[1] : undefined;
  const [plural = "", name, subresource, ...more] = scoped ? rest.slice(2) : rest;
  const resource = findResource(group, version, plural);
  if (resource === undefined || more.length > 0 || (scoped && !resource.namespaced)) throw noSuchResource();
  if (resource.namespaced && namespace === undefined && name !== undefined) throw noSuchResource();
  return { resource, namespace, name, subresource };
}

function isNamespaceSubresource(group: string, rest: readonly string[]): boolean {
  const [, , third = ""] = rest;
  return group === namespaceType.group && rest.length === 3 && third === "status";
}

/** A query parameter that is absent, or `true`/`1`, or false. */
export function flag(query: URLSearchParams, name: string): boolean {
  const value = query.get(name);
  return value === "true" || value === "1" || (value === "" && query.has(name));
}
