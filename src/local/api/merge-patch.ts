// JSON merge patch (RFC 7396).
import { type Json, type JsonObject, asObject, getField, isObject, setField } from "./json.ts";

/** The target with the patch applied; neither is changed. */
export function mergePatch(target: Json | undefined, patch: Json): Json {
  if (!isObject(patch)) return patch;
  const base = asObject(target);
  const result: JsonObject = { ...base };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else if (value !== undefined) setField(result, key, mergePatch(getField(base, key), value));
  }
  return result;
}
