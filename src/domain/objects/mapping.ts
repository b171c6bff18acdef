// Distinguishes JSON and YAML mappings from lists and plain values.

/** True for a mapping, as opposed to a list or a plain value. */
export function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
