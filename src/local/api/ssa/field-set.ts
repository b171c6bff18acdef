// Sets of field paths: what a manager owns, what a write changed. Path elements are written as in FieldsV1:
// `f:name` for a field, `k:{…}` for an item of a keyed list, `v:…` for an item of a set.
import { type JsonObject, isObject } from "../json.ts";

/** A path from the object down, not empty. */
export type Path = readonly string[];

/** A tree of path elements: paths that end here (`members`) and that continue (`children`). Immutable. */
export interface FieldSet {
  readonly members: ReadonlySet<string>;
  readonly children: ReadonlyMap<string, FieldSet>;
}

export const emptySet: FieldSet = { members: new Set(), children: new Map() };

export function isEmpty(set: FieldSet): boolean {
  return set.members.size === 0 && set.children.size === 0;
}

function make(members: ReadonlySet<string>, children: Iterable<readonly [string, FieldSet]>): FieldSet {
  const kept = new Map<string, FieldSet>();
  for (const [element, child] of children) if (!isEmpty(child)) kept.set(element, child);
  return { members, children: kept };
}

export function union(a: FieldSet, b: FieldSet): FieldSet {
  const children = new Map(a.children);
  for (const [element, child] of b.children) {
    const known = children.get(element);
    children.set(element, known === undefined ? child : union(known, child));
  }
  return make(new Set([...a.members, ...b.members]), children);
}

/** The paths of `a` that are also in `b`, or those that are not. */
function select(a: FieldSet, b: FieldSet, inBoth: boolean): FieldSet {
  const members = [...a.members].filter((element) => b.members.has(element) === inBoth);
  const children = [...a.children].map(
    ([element, child]) => [element, select(child, b.children.get(element) ?? emptySet, inBoth)] as const,
  );
  return make(new Set(members), children);
}

export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  return select(a, b, true);
}

/** The paths of `a` that are not in `b`; a path below one of `b` stays. */
export function difference(a: FieldSet, b: FieldSet): FieldSet {
  return select(a, b, false);
}

/** Every path, sorted, parents before their children. */
export function paths(set: FieldSet, prefix: Path = []): readonly Path[] {
  return [
    ...[...set.members].sort().map((element) => [...prefix, element]),
    ...[...set.children.keys()]
      .sort()
      .flatMap((element) => paths(set.children.get(element) ?? emptySet, [...prefix, element])),
  ];
}

/** Collects paths into a set. */
export class FieldSetBuilder {
  readonly #members = new Set<string>();
  readonly #children = new Map<string, FieldSetBuilder>();

  insert(path: Path): void {
    const [element, ...rest] = path;
    if (element === undefined) return;
    if (rest.length === 0) {
      this.#members.add(element);
      return;
    }
    const child = this.#children.get(element) ?? new FieldSetBuilder();
    this.#children.set(element, child);
    child.insert(rest);
  }

  build(): FieldSet {
    const children = [...this.#children].map(([element, child]) => [element, child.build()] as const);
    return make(this.#members, children);
  }
}

/** The set as the fieldsV1 of a managedFields entry. */
export function toFieldsV1(set: FieldSet): JsonObject {
  const elements = [...new Set([...set.members, ...set.children.keys()])].sort();
  return Object.fromEntries(
    elements.map((element) => {
      const child = set.children.get(element);
      if (child === undefined) return [element, {}];
      return [element, { ...(set.members.has(element) && { ".": {} }), ...toFieldsV1(child) }];
    }),
  );
}

/** The set of a fieldsV1 value. */
export function fromFieldsV1(value: JsonObject): FieldSet {
  const members = new Set<string>();
  const children = new Map<string, FieldSet>();
  for (const [element, below] of Object.entries(value)) {
    if (element === "." || !isObject(below)) continue;
    const keys = Object.keys(below);
    if (keys.length === 0 || keys.includes(".")) members.add(element);
    children.set(element, fromFieldsV1(below));
  }
  return make(members, children);
}

/** A path as in conflict messages: `.spec.containers[name="a"].image`, `.metadata.finalizers[="x"]`. */
export function pathText(path: Path): string {
  return path
    .map((element) => {
      const rest = element.slice(2);
      if (element.startsWith("f:")) return `.${rest}`;
      if (element.startsWith("v:")) return `[=${rest}]`;
      const keys: unknown = JSON.parse(rest);
      if (!isObject(keys)) return `[${rest}]`;
      return `[${Object.entries(keys)
        .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
        .join(",")}]`;
    })
    .join("");
}
