// JSON that the API server sends, read without repeating it in an error: it may be a Secret.
import { isMapping } from "../domain/objects/mapping.ts";

/** The JSON object that the text is; undefined for any other text. */
export function jsonObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isMapping(value) ? value : undefined;
  } catch {
    // The parser's error quotes the text; a proxy's answer may be HTML.
    return undefined;
  }
}
