// What a field manager has applied to an object, from managedFields: the same apply puts the object back to that state.
import type { KubernetesObject } from "./kubernetes.ts";
import { isMapping, parseJson } from "./mapping.ts";

/**
 * The object with only the fields that the manager owns by server-side apply, as client-go's extractors return it; undefined if
 * it has applied none. Lists keep their order.
 */
export function appliedFields<T extends KubernetesObject>(object: T, manager: string): T | undefined {
  const entry = (object.metadata.managedFields ?? []).find(
    (each) =>
      isMapping(each) &&
      each["manager"] === manager &&
      each["operation"] === "Apply" &&
      (each["subresource"] ?? "") === "",
  );
  if (!isMapping(entry) || !isMapping(entry["fieldsV1"])) return undefined;
  const { apiVersion, kind, metadata } = object;
  const { name, namespace } = metadata;
  const owned = extract(object, entry["fieldsV1"]) as Partial<T>;
  const identity = { name, ...(namespace === undefined ? {} : { namespace }) };
  return { ...owned, apiVersion, kind, metadata: { ...owned.metadata, ...identity } } as T;
}

type FieldSet = Readonly<Record<string, unknown>>;

/** The part of the value in the set (structured-merge-diff fieldpath: `f:` field, `k:` element by key, `v:` element). */
function extract(value: unknown, fields: FieldSet): unknown {
  const entries = Object.entries(fields).filter(([name]) => name !== ".");
  if (entries.length === 0) return "." in fields && isMapping(value) ? {} : value;
  if (Array.isArray(value)) return value.flatMap((element: unknown) => ownedElement(element, entries));
  if (!isMapping(value)) return value;
  const owned = entries.flatMap(([name, below]) => {
    const field = name.slice("f:".length);
    return name.startsWith("f:") && Object.hasOwn(value, field)
      ? [[field, extract(value[field], isMapping(below) ? below : {})] as const]
      : [];
  });
  return Object.fromEntries(owned);
}

/** The owned part of an element of a list; none if the set does not have the element. */
function ownedElement(
  element: unknown,
  entries: readonly (readonly [string, unknown])[],
): readonly unknown[] {
  for (const [name, below] of entries) {
    const wanted = parseJson(name.slice("k:".length));
    if (name.startsWith("v:") && wanted === element) return [element];
    if (!name.startsWith("k:") || !isMapping(wanted) || !isMapping(element)) continue;
    if (!Object.entries(wanted).every(([key, text]) => element[key] === text)) continue;
    const owned = extract(element, isMapping(below) ? below : {});
    return [isMapping(owned) ? { ...wanted, ...owned } : owned];
  }
  return [];
}
