// Server-side apply: a manager's configuration against the live object and what the others own.
import { type Json, jsonEqual } from "../json.ts";
import { type ApiObject, withMeta } from "../object.ts";
import { type ResourceType, apiVersionOf } from "../resource-types.ts";
import { type Schema, schemaOf } from "../schemas.ts";
import { type Cause, ApiError } from "../status.ts";
import { compare, fieldsOf } from "./compare.ts";
import {
  type FieldSet,
  difference,
  emptySet,
  intersection,
  isEmpty,
  pathText,
  paths,
  union,
} from "./field-set.ts";
import { type Manager, decodeManagers, encodeManagers, sameManager, withoutManagers } from "./managers.ts";
import { merge, removeFields } from "./merge.ts";
import { appliedByClient, withLastApplied } from "./last-applied.ts";
import { elementSchema } from "./shape.ts";
import { type Writer, changesOf, dispossess, reachable } from "./track.ts";

/** `.data.a` of "m1", or of `"ed" using v1` when it came by an update. */
function managerText({ manager, operation, apiVersion, subresource }: Manager): string {
  const named =
    subresource === ""
      ? JSON.stringify(manager)
      : `${JSON.stringify(manager)} with subresource "${subresource}"`;
  return operation === "Update" ? `${named} using ${apiVersion}` : named;
}

function conflictError(
  conflicts: readonly { readonly manager: Manager; readonly fields: FieldSet }[],
): ApiError {
  const perManager = conflicts
    .map(({ manager, fields }) => ({ who: managerText(manager), fields: paths(fields).map(pathText) }))
    .sort((a, b) => (a.who < b.who ? -1 : 1));
  const causes: readonly Cause[] = perManager.flatMap(({ who, fields }) =>
    fields.map((field) => ({ reason: "FieldManagerConflict", message: `conflict with ${who}`, field })),
  );
  const [only] = causes;
  const text =
    causes.length === 1 && only !== undefined
      ? `${only.message}: ${only.field ?? ""}`
      : perManager
          .map(({ who, fields }) =>
            [`conflicts with ${who}:`, ...fields.map((field) => `- ${field}`)].join("\n"),
          )
          .join("\n");
  const count = causes.length === 1 ? "1 conflict" : `${causes.length} conflicts`;
  return new ApiError(409, "Conflict", `Apply failed with ${count}: ${text}`, { causes });
}

/** With every declared field on the way to a member, so that removing the last part removes its parent. */
function withNamedParents(set: FieldSet, schema: Schema): FieldSet {
  const members = new Set(set.members);
  const children = new Map<string, FieldSet>();
  for (const [element, child] of set.children) {
    const below = elementSchema(schema, element);
    if (below.named) members.add(element);
    children.set(element, withNamedParents(child, below.schema));
  }
  return { members, children };
}

/** Takes out what the manager applied before and does not apply now, unless another manager owns it. */
function removeAbandoned(merged: Json, last: FieldSet, owned: FieldSet, schema: Schema): Json {
  if (isEmpty(last)) return merged;
  const complete = (set: FieldSet): FieldSet => withNamedParents(set, schema);
  const fields = (value: Json): FieldSet => complete(fieldsOf(value, schema));
  const without = (set: FieldSet): Json => removeFields(merged, set, schema);
  const all = fields(merged);
  const kept = without(complete(last));
  const withOwned = without(difference(all, union(fields(kept), complete(owned))));
  // What was never applied by this manager is not its to remove, even when nobody owns it.
  return without(intersection(difference(all, fields(withOwned)), complete(last)));
}

/**
 * The object after applying `config` to `live`, or to nothing when it is undefined, with its managedFields.
 * @throws ApiError 409 naming managers and fields, unless `force` takes them over.
 */
export function applyConfig(
  resource: ResourceType,
  live: ApiObject | undefined,
  config: ApiObject,
  writer: Writer,
  force: boolean,
): ApiObject {
  const schema = schemaOf(resource.schema);
  const before = live ?? { apiVersion: config.apiVersion, kind: config.kind, metadata: {} };
  const identity = {
    manager: writer.manager,
    operation: "Apply",
    apiVersion: apiVersionOf(resource),
    subresource: writer.subresource ?? "",
  } as const;
  const managers = live === undefined ? [] : knownManagers(resource, live, writer);
  const previous = managers.find((manager) => sameManager(manager, identity));
  const others = managers.filter((manager) => manager !== previous);
  const configured = fieldsOf(config, schema);
  const own: Manager = {
    ...identity,
    time: previous?.time,
    fields: reachable(resource, writer.subresource, configured),
  };
  const owned = others.reduce((all, { fields }) => union(all, fields), configured);
  const merged = removeAbandoned(
    merge(withoutManagers(before), config, schema),
    previous?.fields ?? emptySet,
    owned,
    schema,
  );
  const after = merged as ApiObject;
  const change = changesOf(resource, writer.subresource, before, after);
  const touched = union(change.added, change.modified);
  const allowed = live === undefined ? emptySet : appliedByClient(writer.manager, live, schema);
  const contested = difference(touched, allowed);
  const conflicts = others
    .map((manager) => ({ manager, fields: intersection(manager.fields, contested) }))
    .filter(({ fields }) => !isEmpty(fields));
  if (!force && conflicts.length > 0) throw conflictError(conflicts);
  const changed = live === undefined || !jsonEqual(withoutManagers(before), after);
  const entry = changed ? { ...own, time: writer.time } : own;
  const managedFields = encodeManagers([...dispossess(others, change), entry]);
  return withLastApplied(writer.manager, withMeta(after, { managedFields }), config);
}

/** An object without managers gets one for all it has, so that the first Apply meets it as a conflict. */
function knownManagers(resource: ResourceType, live: ApiObject, writer: Writer): readonly Manager[] {
  const managers = decodeManagers(live);
  if (managers.length > 0) return managers;
  const empty = { apiVersion: live.apiVersion, kind: live.kind, metadata: {} };
  const { added } = compare(empty, withoutManagers(live), schemaOf(resource.schema));
  return [
    {
      manager: "before-first-apply",
      operation: "Update",
      apiVersion: apiVersionOf(resource),
      subresource: "",
      time: writer.time,
      fields: reachable(resource, undefined, added),
    },
  ];
}
