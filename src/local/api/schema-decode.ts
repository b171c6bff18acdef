// Type errors in core kinds and metadata, which kube-apiserver decodes into Go structs.
import { type Json, isObject } from "./json.ts";
import { type Schema, fieldSchema, resolve } from "./schemas.ts";

const goTypes: Readonly<Record<string, string>> = { string: "string", boolean: "bool", number: "float64" };

function goType(schema: Schema): string {
  const { type, format, items, additionalProperties } = schema;
  if (type === "integer") return format === "int64" ? "int64" : "int32";
  if (type === "array") return `[]${items === undefined ? "interface {}" : goType(resolve(items))}`;
  if (typeof additionalProperties === "object") return `map[string]${goType(resolve(additionalProperties))}`;
  return goTypes[type ?? ""] ?? "struct";
}

/** The type of a JSON value as encoding/json names it. */
function jsonName(value: Json): string {
  if (typeof value === "boolean") return "bool";
  return Array.isArray(value) ? "array" : typeof value;
}

function fits(value: Json, { type, oneOf }: Schema): boolean {
  if (oneOf !== undefined || type === undefined) return true;
  if (type === "integer") return typeof value === "number" && Number.isInteger(value);
  return jsonName(value) === (type === "boolean" ? "bool" : type);
}

/** The error of encoding/json for the first value of a wrong type. Quantities, times and int-or-strings are not checked. */
export function decodeFault(
  value: Json | undefined,
  schemaOrRef: Schema,
  struct: string,
  field = "",
): string | undefined {
  if (value === undefined || value === null) return undefined;
  const schema = resolve(schemaOrRef);
  if (!fits(value, schema)) {
    const where = field === "" ? "Go value" : `Go struct field ${struct}.${field}`;
    return `json: cannot unmarshal ${jsonName(value)} into ${where} of type ${goType(schema)}`;
  }
  const { items } = schema;
  if (Array.isArray(value) && items !== undefined) {
    return firstOf(value as readonly Json[], (item) => decodeFault(item, items, struct, field));
  }
  if (!isObject(value)) return undefined;
  return firstOf(Object.entries(value), ([key, inner]) => {
    const known = fieldSchema(schema, key);
    if (known === undefined) return undefined;
    const isMap = schema.properties === undefined;
    return decodeFault(inner, known, struct, isMap ? field : field === "" ? key : `${field}.${key}`);
  });
}

function firstOf<T>(items: readonly T[], find: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}
