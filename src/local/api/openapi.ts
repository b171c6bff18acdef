// OpenAPI documents: enough for kubectl to explain fields and to leave validation to the server.
import type { JsonObject } from "./json.ts";
import { type ResourceType, apiVersionOf, resourceTypes } from "./resource-types.ts";
import { coreSchemas, schemaOf } from "./schemas.ts";

const info = { title: "Kubernetes", version: "v1.37.2" };

/** Groups by their path under /openapi/v3. */
function groupPaths(): ReadonlyMap<string, readonly ResourceType[]> {
  const groups = new Map<string, ResourceType[]>();
  for (const type of resourceTypes) {
    const path = type.group === "" ? `api/${type.version}` : `apis/${apiVersionOf(type)}`;
    groups.set(path, [...(groups.get(path) ?? []), type]);
  }
  return groups;
}

function schemaName({ group, version, kind, schema }: ResourceType): string {
  if ("core" in schema) return `io.k8s.api.core.v1.${kind}`;
  return `${group.split(".").reverse().join(".")}.${version}.${kind}`;
}

function gvk({ group, version, kind }: ResourceType): JsonObject {
  return { group, version, kind };
}

function pathItem(type: ResourceType): readonly [string, JsonObject] {
  const namespace = type.namespaced ? "/namespaces/{namespace}" : "";
  const root = type.group === "" ? "/api/v1" : `/apis/${apiVersionOf(type)}`;
  const query = (name: string): JsonObject => ({
    name,
    in: "query",
    schema: { type: "string", uniqueItems: true },
  });
  const patch = {
    parameters: ["dryRun", "fieldManager", "fieldValidation", "force"].map(query),
    responses: { 200: { description: "OK" } },
    "x-kubernetes-action": "patch",
    "x-kubernetes-group-version-kind": gvk(type),
  };
  return [`${root}${namespace}/${type.plural}/{name}`, { patch }];
}

function groupDocument(types: readonly ResourceType[]): JsonObject {
  const own = types.map((type) => [
    schemaName(type),
    {
      ...("core" in type.schema
        ? (coreSchemas()[schemaName(type)] as JsonObject)
        : (schemaOf(type.schema) as JsonObject)),
      "x-kubernetes-group-version-kind": [gvk(type)],
    },
  ]);
  return {
    openapi: "3.0.0",
    info,
    paths: Object.fromEntries(types.map(pathItem)),
    components: { schemas: { ...coreSchemas(), ...Object.fromEntries(own) } },
  };
}

/** The document at a path below /openapi/v3; undefined when there is none. */
export function openApiV3(path: string): JsonObject | undefined {
  const groups = groupPaths();
  if (path === "/openapi/v3") {
    const entries = [...groups.keys()].map((name) => [name, { serverRelativeURL: `/openapi/v3/${name}` }]);
    return { paths: Object.fromEntries(entries) };
  }
  const types = groups.get(path.slice("/openapi/v3/".length));
  return types === undefined ? undefined : groupDocument(types);
}

/** A document without content, so that a client of version 2 skips its own validation. */
export const openApiV2: JsonObject = { swagger: "2.0", info, paths: {}, definitions: {} };

function bytesField(number: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([(number << 3) | 2, content.length]), content]);
}

/** openApiV2 as the protobuf message openapi.v2.Document, the only form that older kubectls read. */
export const openApiV2Protobuf: Buffer = Buffer.concat([
  bytesField(1, Buffer.from(openApiV2["swagger"] as string)),
  bytesField(
    2,
    Buffer.concat([bytesField(1, Buffer.from(info.title)), bytesField(2, Buffer.from(info.version))]),
  ),
]);

export const openApiV2ProtobufType = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";
