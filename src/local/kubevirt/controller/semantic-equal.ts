// Kubernetes' semantic equality of two JSON values: unset, null, "" and [] are equal.
import { isDeepStrictEqual } from "node:util";

/**
 * True when Go would decode both to equal objects. `{}` is different from unset: a pointer to an empty struct is a
 * choice (`bridge: {}`). Quantities are compared as text.
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
  return (field ?? "") === "" || (Array.isArray(field) && field.length === 0);
}
