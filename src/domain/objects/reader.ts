// Readers of Kubernetes objects by type. Values of another type are left out and noted; readers never throw.
import { isMapping, kindOf } from "./mapping.ts";

/** Receives the path and the type of a value that was left out, never the value. */
export type Note = (text: string) => void;

/** Returns the value itself if all of it is of type T, else a copy of the part that is; undefined if nothing is. */
export type Reader<T> = (value: unknown, path: string, note: Note) => T | undefined;

type ReadersOf<T> = { readonly [K in keyof T]?: Reader<Exclude<T[K], undefined>> };

function wrong(expected: string, value: unknown, path: string, note: Note): undefined {
  note(`${path} must be ${expected}, not ${kindOf(value)}`);
}

function plain<T>(expected: string, isOfType: (value: unknown) => value is T): Reader<T> {
  return (value, path, note) => (isOfType(value) ? value : wrong(expected, value, path, note));
}

export const text = plain("text", (value) => typeof value === "string");
export const flag = plain("true or false", (value) => typeof value === "boolean");
export const anything = plain("a value", (value): value is unknown => value !== undefined);
export const anyMapping = plain("a mapping", isMapping);
/** For a field of which only the presence matters; the content is left out. */
export const emptyMapping: Reader<Record<string, never>> = (value, path, note) =>
  anyMapping(value, path, note) &&
  (Object.keys(Object(value)).length === 0 ? (value as Record<string, never>) : {});
/** From 0, and exact in a double. */
export const whole = plain(
  "a whole number",
  (value): value is number => Number.isSafeInteger(value) && Number(value) >= 0,
);
/** RFC 3339, with a year that google.protobuf.Timestamp supports. */
export const time = plain("a time", isTime);

/** The API server keeps a resource.Quantity as written, as text or number (x-kubernetes-int-or-string). */
export const quantity: Reader<string> = (value, path, note) =>
  typeof value === "number" ? String(value) : text(value, path, note);

export function isTime(value: unknown): value is string {
  return (
    typeof value === "string" && /^(?!0000)\d{4}-\d\d-\d\dT/.test(value) && !Number.isNaN(Date.parse(value))
  );
}

export function oneOf<W extends string>(...words: readonly W[]): Reader<W> {
  return plain(`one of ${words.join(", ")}`, (value): value is W => words.some((word) => word === value));
}

/** Elements that cannot be read are left out. */
export function list<T>(of: Reader<T>): Reader<T[]> {
  return (value, path, note) => {
    if (!Array.isArray(value)) return wrong("a list", value, path, note);
    const read = value.map((element: unknown, index) => of(element ?? undefined, `${path}[${index}]`, note));
    const kept = read.filter((element) => element !== undefined);
    return kept.length === value.length && kept.every((element, index) => element === value[index])
      ? (value as T[])
      : kept;
  };
}

/** A mapping with any names. */
export function mapOf<T>(of: Reader<T>): Reader<Record<string, T>> {
  return (value, path, note) => {
    if (!isMapping(value)) return wrong("a mapping", value, path, note);
    return changed(value, Object.keys(value), (given) => of(given, `a value of ${path}`, note)) as Record<
      string,
      T
    >;
  };
}

/**
 * A mapping with these fields; other fields are kept as they are. Null means absent, as in Kubernetes. `required`: a mapping
 * without these fields is left out. `defaults`: read instead of a field that is absent or cannot be read.
 */
export function mapping<T extends object>(
  fields: ReadersOf<T>,
  {
    required = [],
    defaults = {},
  }: {
    readonly required?: readonly (keyof NoInfer<T> & string)[];
    readonly defaults?: { readonly [K in keyof NoInfer<T>]?: object | "" };
  } = {},
): Reader<T> {
  const readers: Readonly<Record<string, Reader<unknown> | undefined>> = fields;
  const names = Object.keys(fields);
  const fallbacks: Readonly<Record<string, unknown>> = defaults;
  return (value, path, note) => {
    if (!isMapping(value)) return wrong("a mapping", value, path, note);
    const read = changed(value, names, (given, name) => {
      const at = path === "" ? name : `${path}.${name}`;
      const kept = given === undefined ? undefined : readers[name]?.(given, at, note);
      return kept === undefined && name in fallbacks ? readers[name]?.(fallbacks[name], at, note) : kept;
    });
    const missing = required.find((name) => read[name] === undefined);
    if (missing === undefined) return read as T;
    note(`${path} has no ${missing} that can be read`);
    return undefined;
  };
}

/** `value` itself if no field changes, else a copy. */
function changed(
  value: Readonly<Record<string, unknown>>,
  names: readonly string[],
  read: (given: unknown, name: string) => unknown,
): Readonly<Record<string, unknown>> {
  let copy: Record<string, unknown> | undefined;
  for (const name of names) {
    const has = Object.hasOwn(value, name) ? value[name] : undefined;
    const kept = read(has ?? undefined, name);
    if (kept === has) continue;
    copy ??= { ...value };
    if (kept === undefined) Reflect.deleteProperty(copy, name);
    else copy[name] = kept;
  }
  return copy ?? value;
}
