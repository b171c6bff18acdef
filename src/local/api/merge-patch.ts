// JSON merge patch (RFC 7396), and strategic merge patch of core kinds, whose lists merge by key where the schema asks.
import {
  type Json,
  type JsonObject,
  asList,
  asObject,
  getField,
  isObject,
  jsonEqual,
  setField,
} from "./json.ts";
import { type Schema, fieldSchema, resolve } from "./schemas.ts";

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

const untyped: Schema = {};

/** The target with the patch applied. Directives: `$patch` (replace, delete, merge), `$deleteFromPrimitiveList/…`, `$retainKeys`. */
export function strategicMerge(target: Json | undefined, patch: Json, schemaOrRef: Schema): Json {
  if (!isObject(patch)) return patch;
  const schema = resolve(schemaOrRef);
  const { $patch, $retainKeys, ...fields } = patch;
  const result: JsonObject = $patch === "replace" ? {} : { ...asObject(target) };
  if (Array.isArray($retainKeys)) {
    for (const key of Object.keys(result)) if (!$retainKeys.includes(key)) delete result[key];
  }
  const directivesFirst = Object.entries(fields).sort(
    ([a], [b]) => Number(b.startsWith("$")) - Number(a.startsWith("$")),
  );
  for (const [key, value] of directivesFirst) {
    const deleteFrom = /^\$deleteFromPrimitiveList\/(.+)$/.exec(key)?.[1];
    if (deleteFrom !== undefined) {
      const list = getField(result, deleteFrom);
      const remains = (item: Json): boolean => !asList(value).some((deleted) => jsonEqual(deleted, item));
      if (Array.isArray(list)) result[deleteFrom] = list.filter(remains);
    } else if (value === null) delete result[key];
    else if (value !== undefined && !key.startsWith("$setElementOrder/")) {
      const known = fieldSchema(schema, key) ?? untyped;
      setField(result, key, mergeField(getField(result, key), value, known));
    }
  }
  return result;
}

function mergeField(target: Json | undefined, patch: Json, schemaOrRef: Schema): Json {
  const schema = resolve(schemaOrRef);
  if (!Array.isArray(patch)) return strategicMerge(target, patch, schema);
  const items = asList(patch);
  const merges = schema["x-kubernetes-patch-strategy"]?.split(",").includes("merge") === true;
  if (!merges || !Array.isArray(target)) {
    return items.filter((item) => typeof asObject(item)["$patch"] !== "string");
  }
  const key = schema["x-kubernetes-patch-merge-key"];
  if (key === undefined) return mergePrimitives(asList(target), items);
  return mergeByKey(asList(target), items, key, schema.items ?? untyped);
}

/** The patch's items in its order; each other item stays before those that it preceded in the target. */
function mergePrimitives(target: readonly Json[], patch: readonly Json[]): Json {
  const place = (item: Json): number => target.findIndex((one) => jsonEqual(one, item));
  const others = target.filter((item) => !patch.some((one) => jsonEqual(one, item)));
  const result: Json[] = [];
  for (const item of patch) {
    while (others[0] !== undefined && place(others[0]) < place(item)) result.push(others.shift() as Json);
    result.push(item);
  }
  return [...result, ...others];
}

function mergeByKey(target: readonly Json[], patch: readonly Json[], key: string, items: Schema): Json {
  const result = patch.some((item) => isObject(item) && item["$patch"] === "replace") ? [] : [...target];
  for (const item of patch) {
    if (!isObject(item) || item["$patch"] === "replace") continue;
    const index = result.findIndex((one) => isObject(one) && jsonEqual(one[key], item[key]));
    if (item["$patch"] === "delete") {
      if (index >= 0) result.splice(index, 1);
    } else if (index >= 0) result[index] = strategicMerge(result[index], item, items);
    else result.push(strategicMerge({}, item, items));
  }
  return result;
}
