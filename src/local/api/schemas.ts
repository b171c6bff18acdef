// The schemas of the served kinds, read from crds/ when first needed: CRDs as KubeVirt and Multus ship them,
// and core/v1 as kube-apiserver 1.37 publishes it (descriptions left out).
import { readFileSync } from "node:fs";
import { type JsonObject, isObject } from "./json.ts";

/** A structural schema (OpenAPI v3 as CRDs use it): the keywords that are read here. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: "object" | "array" | "string" | "integer" | "number" | "boolean";
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly required?: readonly string[];
  readonly enum?: readonly (string | number | boolean | null)[];
  readonly nullable?: boolean;
  readonly default?: unknown;
  readonly format?: string;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly oneOf?: readonly Schema[];
  readonly "x-kubernetes-preserve-unknown-fields"?: boolean;
  readonly "x-kubernetes-int-or-string"?: boolean;
  readonly "x-kubernetes-list-type"?: "atomic" | "set" | "map";
  readonly "x-kubernetes-list-map-keys"?: readonly string[];
  readonly "x-kubernetes-map-type"?: "atomic" | "granular";
  readonly "x-kubernetes-patch-strategy"?: string;
  readonly "x-kubernetes-patch-merge-key"?: string;
  readonly "x-kubernetes-validations"?: readonly CelRule[];
}

/** A rule in the Common Expression Language over `self`, the value that the schema describes. */
export interface CelRule {
  readonly rule: string;
  readonly message?: string;
}

/**
 * Where a kind's schema comes from: a file of crds/, a manifest that was read already, a core/v1 kind, or nowhere, so that
 * spec and status are open.
 */
export type SchemaSource =
  | { readonly file: string }
  | { readonly manifest: Schema }
  | { readonly core: string }
  | { readonly open: true };

const files = new Map<string, JsonObject>();

function readSchemaFile(name: string): JsonObject {
  const known = files.get(name);
  if (known !== undefined) return known;
  const schema: unknown = JSON.parse(readFileSync(new URL(`crds/${name}`, import.meta.url), "utf8"));
  if (!isObject(schema)) throw new Error(`crds/${name} is not a schema`);
  files.set(name, schema);
  return schema;
}

const components = "#/components/schemas/";

export const objectMeta: Schema = { $ref: `${components}io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta` };

const open: Schema = { type: "object", "x-kubernetes-preserve-unknown-fields": true };

function load(source: SchemaSource): Schema {
  if ("core" in source) return { $ref: `${components}io.k8s.api.core.v1.${source.core}` };
  const outline = { apiVersion: { type: "string" }, kind: { type: "string" }, metadata: objectMeta } as const;
  if ("open" in source) return { type: "object", properties: { ...outline, spec: open, status: open } };
  const schema = "manifest" in source ? source.manifest : (readSchemaFile(source.file) as Schema);
  return { ...schema, properties: { ...schema.properties, ...outline } };
}

const loaded = new Map<SchemaSource, Schema>();

/** Every schema of core/v1, by name. */
export function coreSchemas(): JsonObject {
  return readSchemaFile("core-v1.json");
}

/** The schema of a kind, with the metadata that every kind has. */
export function schemaOf(source: SchemaSource): Schema {
  const schema = loaded.get(source) ?? load(source);
  loaded.set(source, schema);
  return schema;
}

/** The schema that a `$ref` refers to; other schemas are returned unchanged. */
export function resolve(schema: Schema): Schema {
  if (schema.$ref === undefined) return schema;
  const name = schema.$ref.slice(components.length);
  const target = coreSchemas()[name];
  if (!isObject(target)) throw new Error(`no schema ${name}`);
  return target;
}

/** The schema of one field of an object; undefined for an unknown field. */
export function fieldSchema(schema: Schema, field: string): Schema | undefined {
  const { properties, additionalProperties } = resolve(schema);
  if (properties !== undefined && Object.hasOwn(properties, field)) return properties[field];
  return typeof additionalProperties === "object" ? additionalProperties : undefined;
}

/** Whether a kind's schema has CEL rules. */
export function hasRules(source: SchemaSource): boolean {
  const schema = "file" in source ? readSchemaFile(source.file) : "manifest" in source && source.manifest;
  return JSON.stringify(schema).includes("x-kubernetes-validations");
}
