// Equality of two JSON values in the sense of Kubernetes: unset, null, "" and [] are the same thing.
import { isDeepStrictEqual } from "node:util";

/**
 * True when Go's decoder would make equal objects of both. `{}` stays different from unset: an empty struct
 * behind a pointer is a choice (`bridge: {}`). Quantities are compared by their text.
 */
export function semanticEqual(a: unknown, b: unknown): boolean {
  return isDeepStrictEqual(withoutEmpty(a), withoutEmpty(b));
}

function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmpty);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, field]) => !isEmpty(field))
      .map(([name, field]) => [name, withoutEmpty(field)]),
  );
}

function isEmpty(field: unknown): boolean {
  return (
    field === undefined || field === null || field === "" || (Array.isArray(field) && field.length === 0)
  );
}
