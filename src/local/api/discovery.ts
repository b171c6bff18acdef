// Discovery: which groups, versions and resources there are, as kubectl asks before anything else.
import type { JsonObject } from "./json.ts";
import { type ResourceType, apiVersionOf, resourceTypes } from "./resource-types.ts";

const verbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

const groups = [...new Set(resourceTypes.map(({ group }) => group))].filter((group) => group !== "");

function groupDocument(name: string): JsonObject {
  const version = { groupVersion: `${name}/v1`, version: "v1" };
  return { name, versions: [version], preferredVersion: version };
}

function resourceEntries(type: ResourceType): readonly JsonObject[] {
  const { plural: name, singular: singularName, namespaced, kind, shortNames, categories } = type;
  const entry = {
    name,
    singularName,
    namespaced,
    kind,
    verbs,
    ...(shortNames.length > 0 && { shortNames }),
    ...(categories.length > 0 && { categories }),
  };
  const sub = (subresource: string, subKind: string, subVerbs: readonly string[]): JsonObject => ({
    name: `${name}/${subresource}`,
    singularName: "",
    namespaced,
    kind: subKind,
    verbs: subVerbs,
  });
  return [
    entry,
    ...(type.status ? [sub("status", kind, ["get", "patch", "update"])] : []),
    ...(kind === "Pod"
      ? [sub("binding", "Binding", ["create"]), sub("proxy", "PodProxyOptions", ["get"])]
      : []),
  ];
}

function resourceList(group: string): JsonObject {
  const types = resourceTypes.filter((type) => type.group === group);
  return {
    kind: "APIResourceList",
    apiVersion: "v1",
    groupVersion: apiVersionOf({ group, version: "v1" }),
    resources: types.flatMap(resourceEntries),
  };
}

/** The document at a discovery path, or undefined when the path is none. */
export function discovery(path: string): JsonObject | undefined {
  if (path === "/") return { paths: ["/api", "/apis", "/livez", "/openapi/v2", "/readyz", "/version"] };
  if (path === "/api") {
    const serverAddressByClientCIDRs = [{ clientCIDR: "0.0.0.0/0", serverAddress: "" }];
    return { kind: "APIVersions", versions: ["v1"], serverAddressByClientCIDRs };
  }
  if (path === "/api/v1") return resourceList("");
  if (path === "/apis") return { kind: "APIGroupList", apiVersion: "v1", groups: groups.map(groupDocument) };
  const [, apis, group = "", version, ...rest] = path.split("/");
  if (apis !== "apis" || rest.length > 0 || !groups.includes(group)) return undefined;
  if (version === undefined) return { kind: "APIGroup", apiVersion: "v1", ...groupDocument(group) };
  return version === "v1" ? resourceList(group) : undefined;
}
