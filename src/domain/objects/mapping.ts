// JSON values of unknown type.

/** True for a mapping, as opposed to a list or a plain value. */
export function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The type of a value, as text for people. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return "empty";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "string") return "text";
  if (typeof value === "number") return Number.isInteger(value) ? "a whole number" : "a number";
  return typeof value === "boolean" ? "true or false" : "a mapping";
}

/** undefined for a text that is not JSON: the parser's error would quote the text, which may be a Secret. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** The JSON object that the text is; undefined for any other text. */
export function parseMapping(text: string): Readonly<Record<string, unknown>> | undefined {
  const value = parseJson(text);
  return isMapping(value) ? value : undefined;
}
