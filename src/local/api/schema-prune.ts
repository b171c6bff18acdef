// Decoding by a schema: removes unknown fields, which it reports, and nulls, and adds defaults.
import { type Json, type JsonObject, isObject, setField } from "./json.ts";
import { type Schema, fieldSchema, resolve } from "./schemas.ts";

/** A value with only the fields of its schema, and the paths of the others. */
interface Pruned {
  readonly value: Json;
  readonly unknown: readonly string[];
}

/** True for a schema that allows any field. */
export function isOpen(schema: Schema): boolean {
  return schema["x-kubernetes-preserve-unknown-fields"] === true || Object.keys(schema).length === 0;
}

class Pruner {
  readonly unknown: string[] = [];
  readonly #keepNulls: boolean;

  constructor(keepNulls: boolean) {
    this.#keepNulls = keepNulls;
  }

  /** `outer`: inside a Go struct of kube-apiserver, which holds core kinds and the metadata of every kind. */
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
    // The default in a core kind's schema is the zero value of a Go field, which is not stored.
    if (!typed) addDefaults(result, schema);
    return result;
  }
}

/** A resource.Quantity, which may be a number in the request and is stored as text. */
function isQuantity({ oneOf }: Schema): boolean {
  return oneOf?.some(({ type }) => type === "number") === true;
}

/** JSON leaves out an empty Go field of map or slice type. */
function isOmitted(value: Json, { type, additionalProperties }: Schema): boolean {
  if (Array.isArray(value)) return type === "array" && value.length === 0;
  return isObject(value) && additionalProperties !== undefined && Object.keys(value).length === 0;
}

function addDefaults(result: JsonObject, schema: Schema): void {
  for (const [key, field] of Object.entries(schema.properties ?? {})) {
    if (field.default !== undefined && !Object.hasOwn(result, key)) result[key] = field.default as Json;
  }
}

/** `keepNulls` keeps nulls outside of Go structs, for the schema to refuse. */
export function prune(value: Json, schema: Schema, keepNulls = false): Pruned {
  const pruner = new Pruner(keepNulls);
  return { value: pruner.value(value, schema, "", false), unknown: pruner.unknown };
}
