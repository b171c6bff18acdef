// metadata.managedFields: which manager owns which fields, decoded, sorted and encoded.
import { type Json, type JsonObject, asList, asObject, asString, isObject } from "../json.ts";
import type { ApiObject } from "../object.ts";
import { type ResourceType, apiVersionOf } from "../resource-types.ts";
import {
  type FieldSet,
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
  /** undefined for a manager that only ever applied what others own already, as in kube-apiserver. */
  readonly time: string | undefined;
  readonly fields: FieldSet;
}

/** Who writes, and when. */
export interface Writer {
  readonly manager: string;
  readonly subresource: string | undefined;
  readonly time: string;
}

type Identity = Omit<Manager, "time" | "fields">;

export function identityOf(
  { manager, subresource = "" }: Writer,
  operation: Manager["operation"],
  resource: ResourceType,
): Identity {
  return { manager, operation, apiVersion: apiVersionOf(resource), subresource };
}

/** Whether two identities share one entry. */
export function sameManager(a: Identity, b: Identity): boolean {
  return a.manager === b.manager && a.operation === b.operation && a.subresource === b.subresource;
}

/** The entries of an object, without those of an unknown operation. */
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

/** Whether managedFields is `[{}]`, which resets it. */
export function asksForReset(object: ApiObject): boolean {
  const entries = asList(object.metadata["managedFields"]);
  return entries.length === 1 && isObject(entries[0]) && Object.keys(entries[0]).length === 0;
}

function sortKey({ operation, time = "", manager, apiVersion, subresource }: Manager): string {
  return [operation, time, manager, apiVersion, subresource].join("\0");
}

function order(a: Manager, b: Manager): number {
  const [left, right] = [sortKey(a), sortKey(b)];
  return left < right ? -1 : Number(left > right);
}

const maxUpdateManagers = 10;

/** Beyond ten, the managers that updated longest ago become one, `ancient-changes`. */
function capped(managers: readonly Manager[]): readonly Manager[] {
  const updates = managers.filter(({ operation }) => operation === "Update").sort(order);
  const old = updates.slice(0, updates.length - maxUpdateManagers + 1);
  const last = old.at(-1);
  if (updates.length <= maxUpdateManagers || last === undefined) return managers;
  const ancient: Manager = {
    ...last,
    manager: "ancient-changes",
    subresource: "",
    fields: old.reduce((all, { fields }) => union(all, fields), emptySet),
  };
  return [...managers.filter((manager) => !old.includes(manager)), ancient];
}

/** managedFields of these managers; undefined when none of them owns a field. */
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

const serverMetadata = [
  "name",
  "namespace",
  "creationTimestamp",
  "selfLink",
  "uid",
  "clusterName",
  "generation",
  "managedFields",
  "resourceVersion",
];

const unowned = fromFieldsV1({
  "f:apiVersion": {},
  "f:kind": {},
  "f:metadata": { ".": {}, ...Object.fromEntries(serverMetadata.map((field) => [`f:${field}`, {}])) },
});

/** The set without the fields that have no owner because the server sets them. */
export function ownable(fields: FieldSet): FieldSet {
  return difference(fields, unowned);
}

/** The object without managedFields, which have no owner. */
export function withoutManagers(object: ApiObject): Json {
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}
