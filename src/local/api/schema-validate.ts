// Validation of values by a structural schema, with the messages of kube-apiserver.
import { type Json, type JsonObject, canonicalJson, isObject } from "./json.ts";
import { type Schema, fieldSchema, resolve } from "./schemas.ts";
import { type Cause, invalidField, requiredField, tooLongField, unsupportedField } from "./status.ts";

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

class Validator {
  readonly causes: Cause[] = [];

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

  #invalid(value: Json, path: string, why: string): void {
    this.causes.push(invalidField(path, value, `${path} in body ${why}`));
  }

  #wrongType(value: Json, type: string, path: string): void {
    const actual = typeOf(value);
    const message = `Invalid value: "${actual}": ${path} in body must be of type ${type}: "${actual}"`;
    this.causes.push({ reason: "FieldValueTypeInvalid", message, field: path });
  }

  #enum(value: Json, schema: Schema, path: string): void {
    if (schema.enum === undefined || schema.enum.includes(value as string)) return;
    this.causes.push(unsupportedField(path, JSON.stringify(value), schema.enum));
  }

  #text(value: string, { pattern, minLength, maxLength }: Schema, path: string): void {
    if (pattern !== undefined && !new RegExp(pattern).test(value)) {
      this.#invalid(value, path, `should match '${pattern}'`);
    }
    if (minLength !== undefined && value.length < minLength) {
      this.#invalid(value, path, `should be at least ${minLength} chars long`);
    }
    if (maxLength !== undefined && value.length > maxLength) this.causes.push(tooLongField(path, maxLength));
  }

  #number(value: number, { minimum, maximum }: Schema, path: string): void {
    if (minimum !== undefined && value < minimum) {
      this.#invalid(value, path, `should be greater than or equal to ${minimum}`);
    }
    if (maximum !== undefined && value > maximum) {
      this.#invalid(value, path, `should be less than or equal to ${maximum}`);
    }
  }

  #list(value: readonly Json[], schema: Schema, path: string): void {
    const { items, maxItems, minItems } = schema;
    if (maxItems !== undefined && value.length > maxItems) {
      const message = `Too many: ${value.length}: must have at most ${maxItems} items`;
      this.causes.push({ reason: "FieldValueTooMany", message, field: path });
      return;
    }
    if (minItems !== undefined && value.length < minItems) {
      this.#invalid(value.length, path, `should have at least ${minItems} items`);
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
      const message = `Duplicate value: ${identity}`;
      if (seen.has(identity))
        this.causes.push({ reason: "FieldValueDuplicate", message, field: `${path}[${index}]` });
      seen.add(identity);
    });
  }

  #object(value: JsonObject, schema: Schema, path: string): void {
    const under = (key: string): string => (path === "" ? key : `${path}.${key}`);
    for (const key of schema.required ?? []) {
      if (!Object.hasOwn(value, key)) this.causes.push(requiredField(under(key)));
    }
    for (const [key, field] of Object.entries(value)) {
      const known = fieldSchema(schema, key);
      if (known !== undefined && field !== undefined) this.check(field, known, under(key));
    }
  }
}

/** Every violation of a schema; empty when there is none. */
export function schemaCauses(value: Json, schema: Schema): readonly Cause[] {
  const validator = new Validator();
  validator.check(value, schema, "");
  return validator.causes;
}
