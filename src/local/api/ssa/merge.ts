// Merging an applied configuration into a live value, and removing fields from a value.
import { type Json, type JsonObject, getField, isObject, setField } from "../json.ts";
import type { Schema } from "../schemas.ts";
import { type FieldSet, emptySet, isEmpty } from "./field-set.ts";
import { childOf, isEmptyValue, partsOf, shapeOf } from "./shape.ts";

/** The live value with everything that the configuration sets; all else stays. */
export function merge(live: Json | undefined, config: Json, schema: Schema): Json {
  if (live === undefined || live === null) return config;
  const shape = shapeOf(schema, config);
  if (shape === "leaf" || shapeOf(schema, live) !== shape) return config;
  if (isObject(live) && isObject(config)) {
    const merged: JsonObject = { ...live };
    for (const [key, value] of Object.entries(config)) {
      if (value !== undefined)
        setField(merged, key, merge(getField(live, key), value, childOf(schema, key).schema));
    }
    return merged;
  }
  return mergeLists(live, config, schema);
}

/**
 * Items of the live list alone keep their place. Shared items take the order of the configuration; its other items
 * come before the shared item that they precede there.
 */
function mergeLists(live: Json, config: Json, schema: Schema): Json {
  const liveParts = partsOf(schema, live);
  const configParts = partsOf(schema, config);
  const liveValues = new Map(liveParts.map(({ element, value }) => [element, value]));
  const configElements = new Set(configParts.map(({ element }) => element));
  const merged: Json[] = [];
  let next = 0;
  const takeThrough = (last: string | undefined): void => {
    while (next < configParts.length) {
      const part = configParts[next];
      next += 1;
      if (part === undefined) continue;
      merged.push(merge(liveValues.get(part.element), part.value, part.schema));
      if (part.element === last) return;
    }
  };
  const nextShared = (): string | undefined =>
    configParts.slice(next).find(({ element }) => liveValues.has(element))?.element;
  for (const { element, value } of liveParts) {
    if (!configElements.has(element)) merged.push(value);
    else if (element === nextShared()) takeThrough(element);
  }
  takeThrough(undefined);
  return merged;
}

/**
 * The value without the fields of the set. A map or list that loses its last part becomes null, as in
 * structured-merge-diff; kube-apiserver then refuses it where the schema requires an object.
 */
export function removeFields(value: Json, gone: FieldSet, schema: Schema): Json {
  const shape = shapeOf(schema, value);
  if (isEmpty(gone) || shape === "leaf" || isEmptyValue(value)) return value;
  const kept = partsOf(schema, value)
    .filter(({ element }) => !gone.members.has(element))
    .map((part) => ({
      element: part.element,
      value: removeFields(part.value, gone.children.get(part.element) ?? emptySet, part.schema),
    }));
  if (kept.length === 0) return null;
  if (shape === "list") return kept.map((part) => part.value);
  const result: JsonObject = {};
  for (const part of kept) setField(result, part.element.slice(2), part.value);
  return result;
}
