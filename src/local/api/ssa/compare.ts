// The fields that a value has, and those that differ between two values.
import { type Json, isObject, jsonEqual } from "../json.ts";
import type { Schema } from "../schemas.ts";
import { type FieldSet, FieldSetBuilder, type Path } from "./field-set.ts";
import { type Part, isEmptyValue, partsOf, shapeOf } from "./shape.ts";

/** The fields that a manager owns after it applies this value. */
export function fieldsOf(value: Json, schema: Schema): FieldSet {
  const set = new FieldSetBuilder();
  collect(value, schema, [], set);
  return set.build();
}

function collect(value: Json, schema: Schema, path: Path, set: FieldSetBuilder): void {
  const shape = shapeOf(schema, value);
  if (shape === "leaf") {
    set.insert(path);
    return;
  }
  for (const part of partsOf(schema, value)) {
    const at = [...path, part.element];
    collect(part.value, part.schema, at, set);
    const emptyMap = isObject(part.value) && isEmptyValue(part.value);
    if (part.value === null || emptyMap || shape === "list" || !part.named) set.insert(at);
  }
}

/** The fields that a change added, modified and removed. */
export interface Comparison {
  readonly added: FieldSet;
  readonly modified: FieldSet;
  readonly removed: FieldSet;
}

/** Compares two values of one schema; undefined is the value of an absent field. */
export function compare(before: Json | undefined, after: Json | undefined, schema: Schema): Comparison {
  const comparer = new Comparer();
  comparer.walk(before, after, schema, []);
  return {
    added: comparer.added.build(),
    modified: comparer.modified.build(),
    removed: comparer.removed.build(),
  };
}

class Comparer {
  readonly added = new FieldSetBuilder();
  readonly modified = new FieldSetBuilder();
  readonly removed = new FieldSetBuilder();

  walk(before: Json | undefined, after: Json | undefined, schema: Schema, path: Path): void {
    if (before === undefined) this.added.insert(path);
    if (after === undefined) this.removed.insert(path);
    if (this.#isLeaf(before, after, schema)) {
      if (before !== undefined && after !== undefined && !jsonEqual(before, after))
        this.modified.insert(path);
      return;
    }
    const afterParts = new Map(partsOf(schema, after).map((part) => [part.element, part]));
    const seen = new Set<string>();
    for (const part of partsOf(schema, before)) {
      seen.add(part.element);
      this.#part(part, afterParts.get(part.element), path);
    }
    for (const part of afterParts.values()) if (!seen.has(part.element)) this.#part(undefined, part, path);
  }

  #part(before: Part | undefined, after: Part | undefined, path: Path): void {
    const { element, schema } = (before ?? after) as Part;
    this.walk(before?.value, after?.value, schema, [...path, element]);
  }

  #isLeaf(before: Json | undefined, after: Json | undefined, schema: Schema): boolean {
    // Two empty values are compared whole, so that {} and null differ.
    if (isEmptyValue(before) && isEmptyValue(after)) return true;
    const shapes = [before, after].flatMap((value) =>
      value === undefined || value === null ? [] : [shapeOf(schema, value)],
    );
    return shapes.includes("leaf") || new Set(shapes).size > 1;
  }
}
