// metadata.managedFields: who set which field, decoded, kept in order and encoded again.
import { type Json, type JsonObject, asList, asObject, asString, isObject } from "../json.ts";
import type { ApiObject } from "../object.ts";
import {
  type FieldSet,
  FieldSetBuilder,
  difference,
  emptySet,
  fromFieldsV1,
  isEmpty,
  toFieldsV1,
  union,
} from "./field-set.ts";

/** One entry of managedFields. */
export interface Manager {
  readonly manager: string;
  readonly operation: "Apply" | "Update";
  readonly apiVersion: string;
  readonly subresource: string;
  /** Absent on an entry that only ever repeated what others own, as kube-apiserver leaves it. */
  readonly time: string | undefined;
  readonly fields: FieldSet;
}

/** Entries with the same identity are one. */
export function sameManager(
  a: Pick<Manager, "manager" | "operation" | "subresource">,
  b: Pick<Manager, "manager" | "operation" | "subresource">,
): boolean {
  return a.manager === b.manager && a.operation === b.operation && a.subresource === b.subresource;
}

/** The entries of an object; entries that make no sense are left out. */
export function decodeManagers(object: ApiObject): readonly Manager[] {
  return asList(object.metadata["managedFields"])
    .filter(isObject)
    .flatMap((entry) => {
      const operation = entry["operation"];
      if (operation !== "Apply" && operation !== "Update") return [];
      return [
        {
          manager: asString(entry["manager"]) ?? "",
          operation,
          apiVersion: asString(entry["apiVersion"]) ?? "",
          subresource: asString(entry["subresource"]) ?? "",
          time: asString(entry["time"]),
          fields: fromFieldsV1(asObject(entry["fieldsV1"])),
        },
      ];
    });
}

/** True for `[{}]`, which asks to forget all managers. */
export function asksForReset(object: ApiObject): boolean {
  const entries = asList(object.metadata["managedFields"]);
  return entries.length === 1 && isObject(entries[0]) && Object.keys(entries[0]).length === 0;
}

function order(a: Manager, b: Manager): number {
  const keys = ({ operation, time, manager, apiVersion, subresource }: Manager): readonly string[] => [
    operation,
    time ?? "",
    manager,
    apiVersion,
    subresource,
  ];
  const [left, right] = [keys(a), keys(b)];
  const index = left.findIndex((key, at) => key !== right[at]);
  return index < 0 ? 0 : (left[index] ?? "") < (right[index] ?? "") ? -1 : 1;
}

const maxUpdateManagers = 10;

/** Beyond ten, the managers that updated longest ago become one, `ancient-changes`. */
function capped(managers: readonly Manager[]): readonly Manager[] {
  const updates = managers.filter(({ operation }) => operation === "Update").sort(order);
  if (updates.length <= maxUpdateManagers) return managers;
  const old = updates.slice(0, updates.length - maxUpdateManagers + 1);
  const last = old.at(-1);
  if (last === undefined) return managers;
  const ancient: Manager = {
    ...last,
    manager: "ancient-changes",
    subresource: "",
    fields: old.reduce((all, { fields }) => union(all, fields), emptySet),
  };
  return [...managers.filter((manager) => !old.includes(manager)), ancient];
}

/** managedFields of these managers; undefined when nobody owns anything. */
export function encodeManagers(managers: readonly Manager[]): readonly JsonObject[] | undefined {
  const kept = capped(managers.filter(({ fields }) => !isEmpty(fields)));
  if (kept.length === 0) return undefined;
  return [...kept]
    .sort(order)
    .map(({ manager, operation, apiVersion, subresource, time, fields }): JsonObject => ({
      manager,
      operation,
      apiVersion,
      ...(time !== undefined && { time }),
      fieldsType: "FieldsV1",
      fieldsV1: toFieldsV1(fields),
      ...(subresource !== "" && { subresource }),
    }));
}

const serverSet = new FieldSetBuilder();
for (const field of ["apiVersion", "kind", "metadata"]) serverSet.insert([`f:${field}`]);
for (const field of [
  "name",
  "namespace",
  "creationTimestamp",
  "selfLink",
  "uid",
  "clusterName",
  "generation",
  "managedFields",
  "resourceVersion",
]) {
  serverSet.insert(["f:metadata", `f:${field}`]);
}
const unowned = serverSet.build();

/** The set without the fields that nobody owns because the server sets them. */
export function ownable(fields: FieldSet): FieldSet {
  return difference(fields, unowned);
}

/** An object's JSON without its managedFields, which are not themselves a field with owners. */
export function withoutManagers(object: ApiObject): Json {
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}
