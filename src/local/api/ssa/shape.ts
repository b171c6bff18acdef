// How a schema cuts an object into fields that can have owners: maps and keyed lists by part, the rest whole.
import { type Json, type JsonObject, canonicalJson, getField, isObject } from "../json.ts";
import { isOpen } from "../schema-prune.ts";
import { type Schema, fieldSchema, resolve } from "../schemas.ts";

/** The schema of what no schema describes: objects by field, lists whole. */
const untyped: Schema = { "x-kubernetes-preserve-unknown-fields": true };

/** One part of a value: its path element, its schema and whether its schema names it as a field. */
export interface Part {
  readonly element: string;
  readonly value: Json;
  readonly schema: Schema;
  readonly named: boolean;
}

/** How a value is owned: whole ("leaf"), or by its parts. `empty` parts-wise values count as leaves in a comparison. */
export type Shape = "leaf" | "map" | "list";

/** The shape of values of this schema, as far as one value shows where the schema is silent. */
export function shapeOf(schemaOrRef: Schema, value: Json): Shape {
  const schema = resolve(schemaOrRef);
  if (isObject(value)) {
    if (schema["x-kubernetes-map-type"] === "atomic") return "leaf";
    const granular =
      schema.properties !== undefined || typeof schema.additionalProperties === "object" || isOpen(schema);
    return granular ? "map" : "leaf";
  }
  if (!Array.isArray(value)) return "leaf";
  const listType = schema["x-kubernetes-list-type"];
  return listType === "map" || listType === "set" ? "list" : "leaf";
}

/** The path element of an item of a keyed list or a set. */
function itemElement(schemaOrRef: Schema, item: Json): string {
  const schema = resolve(schemaOrRef);
  if (schema["x-kubernetes-list-type"] !== "map" || !isObject(item)) return `v:${canonicalJson(item)}`;
  const keys = schema["x-kubernetes-list-map-keys"] ?? [];
  const identity: JsonObject = {};
  for (const key of keys) {
    const known = schema.items === undefined ? undefined : fieldSchema(schema.items, key);
    const value = getField(item, key) ?? (known?.default as Json | undefined);
    if (value !== undefined) identity[key] = value;
  }
  return `k:${canonicalJson(identity)}`;
}

/** The parts of a value whose shape is "map" or "list". */
export function partsOf(schemaOrRef: Schema, value: Json | undefined): readonly Part[] {
  const schema = resolve(schemaOrRef);
  if (Array.isArray(value)) {
    const items = schema.items ?? untyped;
    return value.map((item: Json) => ({
      element: itemElement(schema, item),
      value: item,
      schema: items,
      named: false,
    }));
  }
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([key, field]) =>
    field === undefined ? [] : [{ element: `f:${key}`, value: field, ...childOf(schema, key) }],
  );
}

/** Schema of a field, and whether it is a declared one rather than an entry of a map. */
export function childOf(
  schemaOrRef: Schema,
  key: string,
): { readonly schema: Schema; readonly named: boolean } {
  const schema = resolve(schemaOrRef);
  const named = schema.properties !== undefined && Object.hasOwn(schema.properties, key);
  return { schema: fieldSchema(schema, key) ?? untyped, named };
}

/** The schema below a path element. */
export function elementSchema(schemaOrRef: Schema, element: string): { schema: Schema; named: boolean } {
  const schema = resolve(schemaOrRef);
  if (element.startsWith("f:")) return childOf(schema, element.slice(2));
  return { schema: schema.items ?? untyped, named: false };
}

/** True for an object or list without content. */
export function isEmptyValue(value: Json | undefined): boolean {
  if (value === undefined || value === null) return true;
  return Array.isArray(value) ? value.length === 0 : isObject(value) && Object.keys(value).length === 0;
}
