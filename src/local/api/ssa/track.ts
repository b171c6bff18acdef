// Ownership after a write that is not an Apply: its manager alone owns what it changed.
import type { JsonObject } from "../json.ts";
import type { ApiObject } from "../object.ts";
import type { ResourceType } from "../resource-types.ts";
import { schemaOf } from "../schemas.ts";
import { type Comparison, compare } from "./compare.ts";
import { type FieldSet, difference, emptySet, isEmpty, union } from "./field-set.ts";
import {
  type Manager,
  type Writer,
  asksForReset,
  decodeManagers,
  encodeManagers,
  identityOf,
  ownable,
  sameManager,
  withoutManagers,
} from "./managers.ts";

/** The fields that a write to this resource or subresource can change and own. */
export function reachable(
  resource: ResourceType,
  subresource: string | undefined,
  { members, children }: FieldSet,
): FieldSet {
  const reaches = (element: string): boolean =>
    subresource === "status" ? element === "f:status" : !resource.status || element !== "f:status";
  return ownable({
    members: new Set([...members].filter(reaches)),
    children: new Map([...children].filter(([element]) => reaches(element))),
  });
}

/** The fields that a write changed and can own; `before` is undefined for a create. */
export function changesOf(
  resource: ResourceType,
  subresource: string | undefined,
  before: ApiObject | undefined,
  after: ApiObject,
): Comparison {
  const empty = { apiVersion: after.apiVersion, kind: after.kind, metadata: {} };
  const reach = (fields: FieldSet): FieldSet => reachable(resource, subresource, fields);
  const { added, modified, removed } = compare(
    withoutManagers(before ?? empty),
    withoutManagers(after),
    schemaOf(resource.schema),
  );
  return { added: reach(added), modified: reach(modified), removed: reach(removed) };
}

/** The managers without the fields that a change took from them; those without fields are dropped. */
export function dispossess(managers: readonly Manager[], change: Comparison): readonly Manager[] {
  const lost = union(union(change.added, change.modified), change.removed);
  return managers
    .map((manager) => ({ ...manager, fields: difference(manager.fields, lost) }))
    .filter(({ fields }) => !isEmpty(fields));
}

/** managedFields after a create, replace or patch other than an Apply; `before` is undefined for a create. */
export function trackUpdate(
  resource: ResourceType,
  before: ApiObject | undefined,
  after: ApiObject,
  writer: Writer,
): readonly JsonObject[] | undefined {
  if (before !== undefined && asksForReset(after)) return undefined;
  const given = decodeManagers(after);
  const base = given.length > 0 || before === undefined ? given : decodeManagers(before);
  // An update never adds the first manager of an object; only an Apply does.
  if (before !== undefined && base.length === 0) return undefined;
  const change = changesOf(resource, writer.subresource, before, after);
  const others = dispossess(base, change);
  const taken = union(change.added, change.modified);
  if (isEmpty(taken)) return encodeManagers(others);
  const identity = identityOf(writer, "Update", resource);
  const own = others.find((manager) => sameManager(manager, identity));
  const entry: Manager = { ...identity, time: writer.time, fields: union(own?.fields ?? emptySet, taken) };
  return encodeManagers([...others.filter((manager) => manager !== own), entry]);
}
