// Values against a structural schema: every violation, in the words of kube-apiserver.
import { type Json, type JsonObject, canonicalJson, isObject } from "./json.ts";
import { type Schema, fieldSchema, resolve } from "./schemas.ts";
import type { Cause } from "./status.ts";

function typeOf(value: Json): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  return typeof value;
}

function hasType(value: Json, type: Schema["type"]): boolean {
  const actual = typeOf(value);
  return type === undefined || actual === type || (type === "number" && actual === "integer");
}

/** Collects the causes of one object. */
class Validator {
  readonly causes: Cause[] = [];

  add(reason: string, path: string, message: string): void {
    this.causes.push({ reason, message, field: path });
  }

  check(value: Json, schemaOrRef: Schema, path: string): void {
    const schema = resolve(schemaOrRef);
    if (value === null && schema.nullable === true) return;
    if (schema["x-kubernetes-int-or-string"] === true) {
      if (!hasType(value, "integer") && !hasType(value, "string"))
        this.#wrongType(value, "integer,string", path);
    } else if (!hasType(value, schema.type)) {
      this.#wrongType(value, schema.type ?? "", path);
      return;
    }
    if (typeof value === "string") this.#text(value, schema, path);
    else if (typeof value === "number") this.#number(value, schema, path);
    else if (Array.isArray(value)) this.#list(value as readonly Json[], schema, path);
    else if (isObject(value)) this.#object(value, schema, path);
    this.#enum(value, schema, path);
  }

  #wrongType(value: Json, type: string, path: string): void {
    const actual = typeOf(value);
    const message = `Invalid value: "${actual}": ${path} in body must be of type ${type}: "${actual}"`;
    this.add("FieldValueTypeInvalid", path, message);
  }

  #enum(value: Json, schema: Schema, path: string): void {
    if (schema.enum === undefined || schema.enum.includes(value as string)) return;
    const allowed = schema.enum.map((one) => JSON.stringify(one)).join(", ");
    const message = `Unsupported value: ${JSON.stringify(value)}: supported values: ${allowed}`;
    this.add("FieldValueNotSupported", path, message);
  }

  #text(value: string, { pattern, minLength, maxLength }: Schema, path: string): void {
    const given = `Invalid value: ${JSON.stringify(value)}: ${path} in body`;
    if (pattern !== undefined && !new RegExp(pattern).test(value)) {
      this.add("FieldValueInvalid", path, `${given} should match '${pattern}'`);
    }
    if (minLength !== undefined && value.length < minLength) {
      this.add("FieldValueInvalid", path, `${given} should be at least ${minLength} chars long`);
    }
    if (maxLength !== undefined && value.length > maxLength) {
      this.add("FieldValueTooLong", path, `Too long: may not be more than ${maxLength} bytes`);
    }
  }

  #number(value: number, { minimum, maximum }: Schema, path: string): void {
    const given = `Invalid value: ${value}: ${path} in body should be`;
    if (minimum !== undefined && value < minimum) {
      this.add("FieldValueInvalid", path, `${given} greater than or equal to ${minimum}`);
    }
    if (maximum !== undefined && value > maximum) {
      this.add("FieldValueInvalid", path, `${given} less than or equal to ${maximum}`);
    }
  }

  #list(value: readonly Json[], schema: Schema, path: string): void {
    const { items, maxItems, minItems } = schema;
    if (maxItems !== undefined && value.length > maxItems) {
      this.add("FieldValueTooMany", path, `Too many: ${value.length}: must have at most ${maxItems} items`);
      return;
    }
    if (minItems !== undefined && value.length < minItems) {
      const message = `Invalid value: ${value.length}: ${path} in body should have at least ${minItems} items`;
      this.add("FieldValueInvalid", path, message);
    }
    if (items !== undefined) value.forEach((item, index) => this.check(item, items, `${path}[${index}]`));
    this.#unique(value, schema, path);
  }

  #unique(value: readonly Json[], schema: Schema, path: string): void {
    const listType = schema["x-kubernetes-list-type"];
    if (listType !== "set" && listType !== "map") return;
    const keys = schema["x-kubernetes-list-map-keys"] ?? [];
    const seen = new Set<string>();
    value.forEach((item, index) => {
      const identity =
        listType === "set" || !isObject(item)
          ? canonicalJson(item)
          : canonicalJson(Object.fromEntries(keys.map((key) => [key, item[key] ?? null])));
      if (seen.has(identity))
        this.add("FieldValueDuplicate", `${path}[${index}]`, `Duplicate value: ${identity}`);
      seen.add(identity);
    });
  }

  #object(value: JsonObject, schema: Schema, path: string): void {
    const under = (key: string): string => (path === "" ? key : `${path}.${key}`);
    for (const key of schema.required ?? []) {
      if (!Object.hasOwn(value, key)) this.add("FieldValueRequired", under(key), "Required value");
    }
    for (const [key, field] of Object.entries(value)) {
      const known = fieldSchema(schema, key);
      if (known !== undefined && field !== undefined) this.check(field, known, under(key));
    }
  }
}

/** Every way in which a value breaks its schema; an empty list when it does not. */
export function schemaCauses(value: Json, schema: Schema): readonly Cause[] {
  const validator = new Validator();
  validator.check(value, schema, "");
  return validator.causes;
}
