// Reads the values of a document by a table of fields, and reports what does not fit, with its path.
import { finding, type Finding } from "../findings.ts";
import { replaceWith, type Fix } from "../fix.ts";
import { isMapping, kindOf } from "../objects/mapping.ts";
import { nearest } from "../nearest.ts";
import { entryPath } from "../paths.ts";
import type { Field, MappingShape, Shape } from "./shape.ts";

/** How a document is read. */
export interface Reading {
  /** The API's own form: `vlan_id` for `vlanId`, `NETWORK_TYPE_BRIDGE` for `bridge`. */
  readonly apiNames: boolean;
  readonly report: (found: Finding) => void;
  /** Fields that are not in the table are ignored. */
  readonly ignoresUnknown?: true;
  /** Null and empty strings are errors, also for optional fields. */
  readonly strict?: true;
}

type Mapping = Readonly<Record<string, unknown>>;

/** Where a value is in the document, and how it is read. */
interface Place {
  readonly path: string;
  readonly reading: Reading;
}

/** The fields of `given` that could be read. Null, and for optional fields the empty string, mean "not given". */
export function readMapping(
  shape: MappingShape,
  given: unknown,
  path: string,
  reading: Reading,
): Record<string, unknown> {
  const read: Record<string, unknown> = {};
  const place = { path, reading };
  if (!isMapping(given)) {
    wrongType(given, "a mapping", place);
    return read;
  }
  const names = spellings(shape, reading);
  for (const [key, value] of Object.entries(given)) {
    const name = names.get(key);
    const field = name === undefined ? undefined : shape.fields[name];
    if (name === undefined || field === undefined) {
      if (!reading.ignoresUnknown) unknownField(shape, given, key, place);
    } else if (name !== key && Object.hasOwn(given, name)) givenTwice(name, key, place);
    else setRead(read, name, readField(field, value, { path: fieldPath(path, key), reading }));
  }
  for (const [name, field] of Object.entries(shape.fields)) {
    if (!field.required || typeof read[name] === "string") continue;
    // A value of the wrong type already has a finding. The field is set, so that list elements keep their positions.
    const value = given[name];
    if (!isGiven(value))
      reading.report(finding("FIELD_REQUIRED", fieldPath(path, name), { name: requiredText(name, field) }));
    read[name] = "";
  }
  for (const [name, field] of Object.entries(shape.fields))
    if ("otherwise" in field && read[name] === undefined) read[name] = field.otherwise;
  checkOneOf(shape, read, place);
  return read;
}

/** `networks` in `spec` of an outer path: the path of a field. */
export function fieldPath(path: string, name: string): string {
  const shown = name.length > longestShown ? `${name.slice(0, longestShown)}…` : name;
  return path === "" ? shown : `${path}.${shown}`;
}

const longestShown = 60;

function readField(field: Field, value: unknown, place: Place): unknown {
  if (!isGiven(value) && (!place.reading.strict || field.required)) return undefined;
  return readShape(field.shape, value, place);
}

function readShape(shape: Shape, value: unknown, place: Place): unknown {
  const { path, reading } = place;
  switch (shape.kind) {
    case "text":
      if (value === "" && reading.strict) return wrongType(value, "text", place, undefined, "empty");
      return typeof value === "string" ? value : wrongType(value, "text", place, asText(value, path));
    case "quantity":
      if (typeof value === "number" && Number.isFinite(value)) return String(value);
      return typeof value === "string" ? value : wrongType(value, "an amount such as 4Gi", place);
    case "flag":
      return typeof value === "boolean"
        ? value
        : wrongType(value, "true or false", place, asFlag(value, path));
    case "integer":
      return readInteger(shape, value, place);
    case "word":
      return readWord(shape, value, place);
    case "list":
      if (!Array.isArray(value)) return wrongType(value, "a list", place);
      return value.map((element: unknown, index) =>
        readElement(shape.of, element, { path: `${path}[${index}]`, reading }),
      );
    case "mapping":
      if (!isMapping(value)) return wrongType(value, "a mapping", place);
      return readMapping(shape, value, path, reading);
    case "texts":
      return readTexts(value, place);
    case "parsed":
      return shape.parse(value) ?? wrongType(value, shape.expected, place, undefined, valueText(value));
    case "chosen":
      return readShape(shape.of(value), value, place);
    case "unread":
      return undefined;
  }
}

/** Unlike a field, an entry may be empty text, and null is an error: the text that it stands for is not known. */
function readTexts(value: unknown, place: Place): Readonly<Record<string, string>> | undefined {
  if (!isMapping(value)) return wrongType(value, "a mapping", place);
  const read = Object.entries(value).flatMap(([key, given]): readonly (readonly [string, string])[] => {
    const path = entryPath(place.path, key);
    if (typeof given === "string") return [[key, given]];
    wrongType(given, "text", { ...place, path }, given === null ? asEmpty(path) : asText(given, path));
    return [];
  });
  return Object.fromEntries(read);
}

/** An element that cannot be read is replaced by an empty one, so that paths of later findings still match. */
function readElement(shape: Shape, element: unknown, place: Place): unknown {
  const read = readShape(shape, element, place);
  if (read !== undefined) return read;
  if (shape.kind !== "mapping") return "";
  const required = Object.entries(shape.fields).filter(([, field]) => field.required);
  return Object.fromEntries(required.map(([name]) => [name, ""]));
}

function readInteger(
  shape: Extract<Shape, { kind: "integer" }>,
  value: unknown,
  place: Place,
): number | undefined {
  const fits = (n: unknown): n is number =>
    typeof n === "number" && Number.isInteger(n) && n >= shape.min && n <= shape.max;
  // -0 becomes 0, so that they compare as equal.
  if (fits(value)) return value === 0 ? 0 : value;
  if (typeof value === "number") {
    const expected = `a whole number from ${shape.min} to ${shape.max}`;
    return wrongType(value, expected, place, undefined, String(value));
  }
  const meant = typeof value === "string" && /^-?\d+$/.test(value) ? Number(value) : undefined;
  return wrongType(value, "a whole number", place, fits(meant) ? replaceWith(place.path, meant) : undefined);
}

function readWord(shape: Extract<Shape, { kind: "word" }>, value: unknown, place: Place): string | undefined {
  const { path, reading } = place;
  const known = shape.words.join(", ");
  if (typeof value !== "string") return wrongType(value, `one of ${known}`, place);
  if (shape.words.includes(value)) return value;
  const bare = value.startsWith(`${shape.prefix}_`) ? value.slice(shape.prefix.length + 1) : undefined;
  if (reading.apiNames && bare !== undefined) {
    const named = shape.words.find((word) => enumName(word) === bare);
    if (named !== undefined) return named;
    if (bare === "UNSPECIFIED") return undefined;
  }
  const meant = nearest(bare ?? value, shape.words);
  const fix = meant === undefined ? {} : { fix: replaceWith(path, meant) };
  reading.report(finding("VALUE_UNKNOWN", path, { given: clipped(value), known }, fix));
  return undefined;
}

function checkOneOf(shape: MappingShape, read: Mapping, { path, reading }: Place): void {
  if (!shape.oneOf) return;
  const given = shape.oneOf.fields.filter((name) => read[name] !== undefined);
  if (given.length > 1) {
    const related = given.map((name) => fieldPath(path, name));
    reading.report(finding(shape.oneOf.code, path, { count: given.length }, { related }));
  }
}

function wrongType(
  value: unknown,
  expected: string,
  { path, reading }: Place,
  fix?: Fix,
  given = kindOf(value),
): undefined {
  reading.report(finding("WRONG_TYPE", path, { expected, given }, fix ? { fix } : {}));
  return undefined;
}

function unknownField(shape: MappingShape, given: Mapping, key: string, { path, reading }: Place): void {
  const field = fieldPath(path, key);
  const known = Object.entries(shape.fields).flatMap(([name, { shape }]) =>
    shape.kind === "unread" ? [] : name,
  );
  const all = Object.keys(shape.fields);
  const meant = nearest(key, all);
  const fix =
    meant === undefined || Object.hasOwn(given, meant)
      ? {}
      : { fix: renamed(field, fieldPath(path, meant), given[key]) };
  const names = (known.length > 0 ? known : all).join(", ");
  reading.report(finding("UNKNOWN_FIELD", field, { name: clipped(key), known: names }, fix));
}

function renamed(from: string, to: string, value: unknown): Fix {
  return { description: `rename ${from} to ${to}`, patches: [{ field: from }, { field: to, value }] };
}

function givenTwice(name: string, key: string, { path, reading }: Place): void {
  const problem = `${key} and ${name} are the same field; give it once`;
  const related = [fieldPath(path, name)];
  reading.report(finding("DOCUMENT_INVALID", fieldPath(path, key), { problem }, { related }));
}

/** Every accepted key with the field it names. */
function spellings(shape: MappingShape, reading: Reading): ReadonlyMap<string, string> {
  const names = Object.keys(shape.fields);
  const snake = reading.apiNames ? names.map((name) => [snakeCase(name), name] as const) : [];
  return new Map([...snake, ...names.map((name) => [name, name] as const)]);
}

const snakeCase = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** RerunOnFailure → RERUN_ON_FAILURE. */
const enumName = (word: string): string =>
  word
    .replaceAll(/(?<=[a-z])(?=[A-Z])/g, "_")
    .replaceAll("-", "_")
    .toUpperCase();

/** Of a number with a fraction the digits as written are not known: 1.10 is read as 1.1. */
const asText = (value: unknown, path: string): Fix | undefined =>
  (typeof value === "number" && Number.isSafeInteger(value)) || typeof value === "boolean"
    ? { description: `put ${path} in quotes: "${value}"`, patches: [{ field: path, value: String(value) }] }
    : undefined;

const asEmpty = (path: string): Fix => ({
  description: `set ${path} to ""`,
  patches: [{ field: path, value: "" }],
});

const asFlag = (value: unknown, path: string): Fix | undefined => {
  const word = typeof value === "string" ? value.toLowerCase() : undefined;
  if (word === "true" || word === "yes" || word === "on") return replaceWith(path, true);
  return word === "false" || word === "no" || word === "off" ? replaceWith(path, false) : undefined;
};

function setRead(read: Record<string, unknown>, name: string, value: unknown): void {
  if (value !== undefined) read[name] = value;
}

/** Kubernetes drops nulls, and protobuf does not distinguish empty from absent strings: both mean "not given". */
const isGiven = (value: unknown): boolean => value !== null && value !== undefined && value !== "";

const valueText = (value: unknown): string =>
  typeof value === "string" || typeof value === "number" ? clipped(JSON.stringify(value)) : kindOf(value);

const requiredText = (name: string, { shape }: Field): string =>
  shape.kind === "word" ? `${name}, one of ${shape.words.join(", ")},` : name;

const clipped = (text: string): string =>
  text.length > longestShown ? `${text.slice(0, longestShown)}…` : text;
