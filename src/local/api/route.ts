// The objects that a path names, and the flags of a query.
import { type ResourceType, findResource, namespaceType } from "./resource-types.ts";
import { badRequest, noSuchResource } from "./status.ts";

/** `name` is undefined for collections, `namespace` for all namespaces and cluster scope. */
export interface ResourceRoute {
  readonly resource: ResourceType;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
}

/** The parts of a path from the group on; undefined when it has no resource. */
function groupedParts([root, ...parts]: readonly string[]): readonly string[] | undefined {
  if (root === "api" && parts.length > 1) return ["", ...parts];
  return root === "apis" && parts.length > 2 ? parts : undefined;
}

/** @throws ApiError 400. */
export function decodePart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw badRequest(`invalid URL escape in ${JSON.stringify(part)}`);
  }
}

/**
 * The objects that a path names; undefined for a path outside of /api and /apis, and for one of discovery.
 * @throws ApiError 404 for a resource that is not served.
 */
export function parseRoute(pathname: string): ResourceRoute | undefined {
  const parts = pathname
    .split("/")
    .filter((part) => part !== "")
    .map(decodePart);
  const grouped = groupedParts(parts);
  if (grouped === undefined) return undefined;
  const [group = "", version = "", ...rest] = grouped;
  const isNamespaceStatus = group === namespaceType.group && rest.length === 3 && rest[2] === "status";
  const scoped = rest[0] === "namespaces" && rest.length > 2 && !isNamespaceStatus;
  const namespace = scoped ? rest[1] : undefined;
  const [plural = "", name, subresource, ...more] = scoped ? rest.slice(2) : rest;
  const resource = findResource(group, version, plural);
  if (resource === undefined || more.length > 0 || (scoped && !resource.namespaced)) throw noSuchResource();
  if (resource.namespaced && namespace === undefined && name !== undefined) throw noSuchResource();
  return { resource, namespace, name, subresource };
}

/** True for a query parameter that is `true`, `1` or empty. */
export function flag(query: URLSearchParams, name: string): boolean {
  return ["true", "1", ""].includes(query.get(name) ?? "false");
}
