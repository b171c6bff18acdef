// Every path that is not one of objects: health, version, and discovery, which kubectl asks for first.
import type { IncomingMessage, ServerResponse } from "node:http";
import { send } from "./answer.ts";
import type { JsonObject } from "./json.ts";
import { openApiV2, openApiV2Protobuf, openApiV2ProtobufType, openApiV3 } from "./openapi.ts";
import { type ResourceType, apiVersionOf, podType, resourceTypes } from "./resource-types.ts";
import { methodNotAllowed, noSuchResource } from "./status.ts";

/** The Kubernetes release whose behaviour the server follows. */
const serverVersion = {
  major: "1",
  minor: "37",
  gitVersion: "v1.37.2+multinic",
  gitCommit: "",
  gitTreeState: "clean",
  buildDate: "1970-01-01T00:00:00Z",
  goVersion: "",
  compiler: "node",
  platform: `${process.platform}/${process.arch}`,
} as const;

const health = new Set(["/healthz", "/livez", "/readyz", "/healthz/ping", "/livez/ping", "/readyz/ping"]);

function documentAt(path: string): JsonObject | undefined {
  if (path === "/version") return serverVersion;
  if (path === "/openapi/v2") return openApiV2;
  return path.startsWith("/openapi/v3") ? openApiV3(path) : discovery(path);
}

const verbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

/** Every group but the core, with its one version. */
const groups = new Map(
  resourceTypes.filter(({ group }) => group !== "").map((type) => [type.group, type.version]),
);

function groupDocument(name: string, served: string): JsonObject {
  const version = { groupVersion: `${name}/${served}`, version: served };
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
  const subresource = (last: string, kind: string, ...verbs: string[]): JsonObject => ({
    name: `${name}/${last}`,
    singularName: "",
    namespaced,
    kind,
    verbs,
  });
  return [
    entry,
    ...(type.status ? [subresource("status", kind, "get", "patch", "update")] : []),
    ...(type === podType ? [subresource("binding", "Binding", "create")] : []),
    ...(type === podType ? [subresource("proxy", "PodProxyOptions", "get")] : []),
  ];
}

function resourceList(group: string, version: string): JsonObject {
  const types = resourceTypes.filter((type) => type.group === group);
  return {
    kind: "APIResourceList",
    apiVersion: "v1",
    groupVersion: apiVersionOf({ group, version }),
    resources: types.flatMap(resourceEntries),
  };
}

function discovery(path: string): JsonObject | undefined {
  if (path === "/") return { paths: ["/api", "/apis", "/livez", "/openapi/v2", "/readyz", "/version"] };
  if (path === "/api") {
    const serverAddressByClientCIDRs = [{ clientCIDR: "0.0.0.0/0", serverAddress: "" }];
    return { kind: "APIVersions", versions: ["v1"], serverAddressByClientCIDRs };
  }
  if (path === "/api/v1") return resourceList("", "v1");
  if (path === "/apis") {
    const documents = [...groups].map(([name, served]) => groupDocument(name, served));
    return { kind: "APIGroupList", apiVersion: "v1", groups: documents };
  }
  const [, apis, group = "", version, ...rest] = path.split("/");
  const served = groups.get(group);
  if (apis !== "apis" || rest.length > 0 || served === undefined) return undefined;
  if (version === undefined) return { kind: "APIGroup", apiVersion: "v1", ...groupDocument(group, served) };
  return version === served ? resourceList(group, version) : undefined;
}

/** @throws ApiError 404 or 405. */
export function handlePath(pathname: string, request: IncomingMessage, response: ServerResponse): void {
  if (request.method !== "GET" && request.method !== "HEAD") throw methodNotAllowed();
  const path = pathname.length > 1 ? pathname.replace(/\/+$/, "") : pathname;
  if (health.has(path)) {
    send(request, response, 200, "text/plain; charset=utf-8", "ok");
    return;
  }
  if (path === "/openapi/v2" && (request.headers.accept ?? "").includes(openApiV2ProtobufType)) {
    send(request, response, 200, openApiV2ProtobufType, openApiV2Protobuf);
    return;
  }
  const document = documentAt(path);
  if (document === undefined) throw noSuchResource();
  send(request, response, 200, "application/json", JSON.stringify(document));
}
