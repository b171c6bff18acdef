// What is wrong with JSON that is not of a message's form: every field, by its path, as a document's reader reports it.
import { type DescField, type DescMessage, fromJson, type JsonValue, ScalarType } from "@bufbuild/protobuf";
import { isMapping } from "../domain/objects/mapping.ts";
import { entryPath } from "../domain/paths.ts";
import type { FieldViolation } from "./transport/errors.ts";

/** At most this many are reported. */
const limit = 100;

/**
 * The fields of `json` that a message of that schema cannot take; none if it can take all of it. Paths are spelt as in
 * JSON; inside the VM of a request they start at the VM, as in all findings.
 */
export function jsonViolations(schema: DescMessage, json: unknown): readonly FieldViolation[] {
  const found: FieldViolation[] = [];
  for (const violation of inMessage(schema, json, "")) {
    if (found.push(violation) === limit) break;
  }
  return found;
}

function* inMessage(schema: DescMessage, json: unknown, path: string): Generator<FieldViolation> {
  if (reads(schema, json)) return;
  if (!isMapping(json) || isWellKnown(schema)) {
    yield { field: path, description: `must be ${expectation(schema)}`, reason: "WRONG_TYPE" };
    return;
  }
  for (const [name, value] of Object.entries(json)) {
    const field = schema.fields.find(({ jsonName, name: protoName }) => [jsonName, protoName].includes(name));
    const at = isInVm(path, name) ? "" : `${path === "" ? "" : `${path}.`}${name}`;
    if (field === undefined) {
      const known = schema.fields.map(({ jsonName }) => jsonName).join(", ");
      const description = `unknown field ${name.slice(0, 80)}; known fields are ${known}`;
      yield { field: at, description, reason: "UNKNOWN_FIELD" };
    } else if (!reads(schema, { [name]: value })) yield* inField(field, value, at);
  }
}

const isInVm = (path: string, name: string): boolean =>
  path === "" && (name === "virtualMachine" || name === "virtual_machine");

/** Of a value that the field cannot take. */
function* inField(field: DescField, value: unknown, path: string): Generator<FieldViolation> {
  if (field.fieldKind === "message") return yield* inMessage(field.message, value, path);
  if (field.fieldKind === "list" && Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      const at = `${path}[${index}]`;
      if (field.listKind === "message") yield* inMessage(field.message, item, at);
      else if (!reads(field.parent, { [field.jsonName]: [item] })) yield wrongValue(field, at);
    }
    return;
  }
  if (field.fieldKind === "map" && isMapping(value)) {
    for (const [key, entry] of Object.entries(value)) {
      if (!reads(field.parent, { [field.jsonName]: { [key]: entry } }))
        yield { field: entryPath(path, key), description: "must be text", reason: "WRONG_TYPE" };
    }
    return;
  }
  yield wrongValue(field, path);
}

function wrongValue(field: DescField, path: string): FieldViolation {
  if (field.enum !== undefined) {
    const names = field.enum.values.filter(({ number }) => number !== 0).map(({ name }) => name);
    return { field: path, description: `is not one of ${names.join(", ")}`, reason: "VALUE_UNKNOWN" };
  }
  return { field: path, description: `must be ${typeOf(field)}`, reason: "WRONG_TYPE" };
}

function typeOf(field: DescField): string {
  if (field.fieldKind === "list") return "a list";
  return field.fieldKind === "scalar" ? (scalarTypes[ScalarType[field.scalar]] ?? "a number") : "a mapping";
}

const scalarTypes: Readonly<Record<string, string>> = {
  STRING: "text",
  BOOL: "true or false",
  INT32: "a whole number of 32 bits",
  UINT32: "a whole number from 0 to 4294967295",
};

/** Types of google.protobuf have JSON forms of their own. */
const isWellKnown = ({ typeName }: DescMessage): boolean => typeName.startsWith("google.protobuf.");

const expectation = (schema: DescMessage): string =>
  isWellKnown(schema) ? `a ${schema.typeName}` : "a mapping";

function reads(schema: DescMessage, json: unknown): boolean {
  try {
    fromJson(schema, json as JsonValue, { ignoreUnknownFields: false });
    return true;
  } catch {
    return false;
  }
}
