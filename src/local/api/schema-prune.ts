// What decoding does to an object by its schema: unknown fields go and are named, nulls go, defaults come in.
import { type Json, type JsonObject, isObject, setField } from "./json.ts";
import { type Schema, fieldSchema, resolve } from "./schemas.ts";

/** A value that fits its schema's fields, and the paths of what it had besides. */
export interface Pruned {
  readonly value: Json;
  readonly unknown: readonly string[];
}

/** True where any field is allowed and nothing is known of it. */
export function isOpen(schema: Schema): boolean {
  return schema["x-kubernetes-preserve-unknown-fields"] === true || Object.keys(schema).length === 0;
}

class Pruner {
  readonly unknown: string[] = [];
  readonly #keepNulls: boolean;

  constructor(keepNulls: boolean) {
    this.#keepNulls = keepNulls;
  }

  /** `typed`: inside what a real API server holds as a Go struct: core kinds, and the metadata of every kind. */
  value(given: Json, schemaOrRef: Schema, path: string, outer: boolean): Json {
    const typed = outer || schemaOrRef.$ref !== undefined;
    const schema = resolve(schemaOrRef);
    if (Array.isArray(given)) {
      const { items } = schema;
      if (items === undefined) return given;
      return given.map((item: Json, index) => this.value(item, items, `${path}[${index}]`, typed));
    }
    if (isObject(given)) return this.#object(given, schema, path, typed);
    return typed && typeof given === "number" && isQuantity(schema) ? String(given) : given;
  }

  #object(given: JsonObject, schema: Schema, path: string, typed: boolean): JsonObject {
    const open = isOpen(schema) || schema.additionalProperties === true;
    const result: JsonObject = {};
    for (const [key, value] of Object.entries(given)) {
      const at = path === "" ? key : `${path}.${key}`;
      const field = fieldSchema(schema, key);
      if (value === undefined) continue;
      if (field === undefined) {
        if (open) setField(result, key, value);
        else this.unknown.push(at);
      } else if (value !== null) {
        const kept = this.value(value, field, at, typed);
        if (!(typed && isOmitted(kept, resolve(field)))) setField(result, key, kept);
      } else if (resolve(field).nullable === true || (this.#keepNulls && !typed)) setField(result, key, null);
    }
    // What a core kind's schema calls a default is the zero value of a Go field, which is not stored.
    if (!typed) addDefaults(result, schema);
    return result;
  }
}

/** A resource.Quantity: may come as a number and is kept as text. */
function isQuantity({ oneOf }: Schema): boolean {
  return oneOf?.some(({ type }) => type === "number") === true;
}

/** A Go field of map or slice type is left out of JSON when it is empty. */
function isOmitted(value: Json, { type, additionalProperties }: Schema): boolean {
  if (Array.isArray(value)) return type === "array" && value.length === 0;
  return isObject(value) && additionalProperties !== undefined && Object.keys(value).length === 0;
}

function addDefaults(result: JsonObject, schema: Schema): void {
  for (const [key, field] of Object.entries(schema.properties ?? {})) {
    if (field.default !== undefined && !Object.hasOwn(result, key)) result[key] = field.default as Json;
  }
}

/** The value as its schema has it: without unknown fields and nulls, with defaults. */
export function prune(value: Json, schema: Schema, keepNulls = false): Pruned {
  const pruner = new Pruner(keepNulls);
  return { value: pruner.value(value, schema, "", false), unknown: pruner.unknown };
}
