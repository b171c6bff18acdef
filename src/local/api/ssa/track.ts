// Ownership after an ordinary write: what it changed belongs to its manager, and to nobody else.
import type { JsonObject } from "../json.ts";
import type { ApiObject } from "../object.ts";
import { type ResourceType, apiVersionOf } from "../resource-types.ts";
import { schemaOf } from "../schemas.ts";
import { type Comparison, compare } from "./compare.ts";
import { difference, emptySet, isEmpty, union } from "./field-set.ts";
import {
  type Manager,
  asksForReset,
  decodeManagers,
  encodeManagers,
  ownable,
  sameManager,
  withoutManagers,
} from "./managers.ts";

/** Who writes, and when. */
export interface Writer {
  readonly manager: string;
  readonly subresource: string | undefined;
  readonly time: string;
}

/** Fields that a write to this (sub)resource cannot change, so that it never owns them. */
function untouchable(
  resource: ResourceType,
  subresource: string | undefined,
  fields: Manager["fields"],
): Manager["fields"] {
  const reset = (element: string): boolean =>
    subresource === "status" ? element !== "f:status" : resource.status && element === "f:status";
  return {
    members: new Set([...fields.members].filter(reset)),
    children: new Map([...fields.children].filter(([element]) => reset(element))),
  };
}

/** The set without what a write to this (sub)resource cannot change and what nobody owns. */
export function reachable(
  resource: ResourceType,
  subresource: string | undefined,
  fields: Manager["fields"],
): Manager["fields"] {
  return ownable(difference(fields, untouchable(resource, subresource, fields)));
}

/** What a write did, as far as ownership goes. */
export function changesOf(
  resource: ResourceType,
  subresource: string | undefined,
  before: ApiObject | undefined,
  after: ApiObject,
): Comparison {
  const schema = schemaOf(resource.schema);
  const empty = { apiVersion: after.apiVersion, kind: after.kind, metadata: {} };
  const { added, modified, removed } = compare(
    withoutManagers(before ?? empty),
    withoutManagers(after),
    schema,
  );
  const reach = (fields: Manager["fields"]): Manager["fields"] => reachable(resource, subresource, fields);
  return { added: reach(added), modified: reach(modified), removed: reach(removed) };
}

/** The managers after others' fields were changed or removed under them. */
export function dispossess(
  managers: readonly Manager[],
  change: Comparison,
  except?: Manager,
): readonly Manager[] {
  const lost = union(union(change.added, change.modified), change.removed);
  return managers
    .map((manager) =>
      manager === except ? manager : { ...manager, fields: difference(manager.fields, lost) },
    )
    .filter(({ fields }) => !isEmpty(fields));
}

/**
 * managedFields of an object after a create, replace or patch (everything but an Apply).
 * `before` is undefined for a create.
 */
export function trackUpdate(
  resource: ResourceType,
  before: ApiObject | undefined,
  after: ApiObject,
  writer: Writer,
): readonly JsonObject[] | undefined {
  if (before !== undefined && asksForReset(after)) return undefined;
  const given = decodeManagers(after);
  const base = given.length > 0 || before === undefined ? given : decodeManagers(before);
  // An object that has no managers (any more) gets none by an update, only by an Apply.
  if (before !== undefined && base.length === 0) return undefined;
  const change = changesOf(resource, writer.subresource, before, after);
  const others = dispossess(base, change);
  const taken = union(change.added, change.modified);
  if (isEmpty(taken)) return encodeManagers(others);
  const identity = {
    manager: writer.manager,
    operation: "Update",
    apiVersion: apiVersionOf(resource),
    subresource: writer.subresource ?? "",
  } as const;
  const own = others.find((manager) => sameManager(manager, identity));
  const entry: Manager = { ...identity, time: writer.time, fields: union(own?.fields ?? emptySet, taken) };
  return encodeManagers([...others.filter((manager) => manager !== own), entry]);
}
