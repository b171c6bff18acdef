// The parts of an object that can have owners, by its schema: maps and keyed lists by part, all else whole.
import { type Json, type JsonObject, canonicalJson, getField, isObject } from "../json.ts";
import { isOpen } from "../schema-prune.ts";
import { type Schema, fieldSchema, resolve } from "../schemas.ts";

/** For values that no schema describes: objects are owned by field, lists whole. */
const untyped: Schema = { "x-kubernetes-preserve-unknown-fields": true };

/** One part of a value; `named` when it is a declared field rather than an entry of a map or list. */
export interface Part {
  readonly element: string;
  readonly value: Json;
  readonly schema: Schema;
  readonly named: boolean;
}

/** How a value is owned: whole ("leaf"), or by its parts. */
type Shape = "leaf" | "map" | "list";

/** The shape of a value; the value decides where the schema has no type. */
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

/** The parts of a value of shape "map" or "list". */
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

/** The schema of a field, and whether the field is declared. */
export function childOf(schemaOrRef: Schema, key: string): Pick<Part, "schema" | "named"> {
  const schema = resolve(schemaOrRef);
  const named = schema.properties !== undefined && Object.hasOwn(schema.properties, key);
  return { schema: fieldSchema(schema, key) ?? untyped, named };
}

/** The schema below a path element. */
export function elementSchema(schemaOrRef: Schema, element: string): Pick<Part, "schema" | "named"> {
  if (element.startsWith("f:")) return childOf(schemaOrRef, element.slice(2));
  return { schema: resolve(schemaOrRef).items ?? untyped, named: false };
}

/** True for an empty object or list, null and undefined. */
export function isEmptyValue(value: Json | undefined): boolean {
  if (value === undefined || value === null) return true;
  return Array.isArray(value) ? value.length === 0 : isObject(value) && Object.keys(value).length === 0;
}
