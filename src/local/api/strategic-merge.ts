// Strategic merge patch of core kinds: a merge patch whose lists merge by key where the schema says so.
import { type Json, type JsonObject, getField, isObject, jsonEqual, setField } from "./json.ts";
import { type Schema, fieldSchema, resolve } from "./schemas.ts";

const untyped: Schema = {};

/** The target with the patch applied. Directives: `$patch` (replace, delete, merge), `$deleteFromPrimitiveList/…`, `$retainKeys`. */
export function strategicMerge(target: Json | undefined, patch: Json, schemaOrRef: Schema): Json {
  if (!isObject(patch)) return patch;
  const schema = resolve(schemaOrRef);
  const { $patch, $retainKeys, ...fields } = patch;
  const base = $patch === "replace" || !isObject(target) ? {} : target;
  const result: JsonObject = { ...base };
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
      const doomed = Array.isArray(value) ? (value as readonly Json[]) : [];
      if (Array.isArray(list)) {
        result[deleteFrom] = list.filter((item: Json) => !doomed.some((one) => jsonEqual(one, item)));
      }
    } else if (key.startsWith("$setElementOrder/")) {
      continue;
    } else if (value === null) delete result[key];
    else if (value !== undefined) {
      const known = fieldSchema(schema, key) ?? untyped;
      setField(result, key, mergeField(getField(result, key), value, known));
    }
  }
  return result;
}

function mergeField(target: Json | undefined, patch: Json, schemaOrRef: Schema): Json {
  const schema = resolve(schemaOrRef);
  if (!Array.isArray(patch)) return strategicMerge(target, patch, schema);
  const merges = schema["x-kubernetes-patch-strategy"]?.split(",").includes("merge") === true;
  if (!merges || !Array.isArray(target)) return withoutDirectives(patch as readonly Json[]);
  const key = schema["x-kubernetes-patch-merge-key"];
  if (key === undefined) return mergePrimitives(target as readonly Json[], patch as readonly Json[]);
  return mergeByKey(target as readonly Json[], patch as readonly Json[], key, schema.items ?? untyped);
}

/** The patch's items in its order; the others keep their place before the items that they stood before. */
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

function withoutDirectives(list: readonly Json[]): Json {
  return list.filter((item) => !(isObject(item) && typeof item["$patch"] === "string"));
}
