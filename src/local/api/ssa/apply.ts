// Server-side apply: a manager's configuration, the live object, and the fields that other managers own.
import { parseJson } from "../../../domain/objects/mapping.ts";
import { type Json, asObject, isObject, jsonEqual, textAt } from "../json.ts";
import { type ApiObject, withMeta } from "../object.ts";
import type { ResourceType } from "../resource-types.ts";
import { type Schema, schemaOf } from "../schemas.ts";
import { ApiError } from "../status.ts";
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
import {
  type Manager,
  type Writer,
  decodeManagers,
  encodeManagers,
  identityOf,
  sameManager,
  withoutManagers,
} from "./managers.ts";
import { merge, removeFields } from "./merge.ts";
import { elementSchema } from "./shape.ts";
import { changesOf, dispossess, reachable } from "./track.ts";

/** A manager as conflicts name it: `"m1"`, or `"ed" using v1` when it owns the field by an update. */
function managerText({ manager, operation, apiVersion, subresource }: Manager): string {
  const named =
    subresource === ""
      ? JSON.stringify(manager)
      : `${JSON.stringify(manager)} with subresource "${subresource}"`;
  return operation === "Update" ? `${named} using ${apiVersion}` : named;
}

function conflictError(conflicts: readonly Manager[]): ApiError {
  const perManager = conflicts
    .map((manager) => ({ who: managerText(manager), fields: paths(manager.fields).map(pathText) }))
    .sort((a, b) => (a.who < b.who ? -1 : 1));
  const causes = perManager.flatMap(({ who, fields }) =>
    fields.map((field) => ({ reason: "FieldManagerConflict", message: `conflict with ${who}`, field })),
  );
  const one = causes.length === 1;
  const texts = perManager.map(({ who, fields }) =>
    one
      ? `conflict with ${who}: ${fields.join("")}`
      : [`conflicts with ${who}:`, ...fields.map((field) => `- ${field}`)].join("\n"),
  );
  const count = one ? "1 conflict" : `${causes.length} conflicts`;
  return new ApiError(409, "Conflict", `Apply failed with ${count}: ${texts.join("\n")}`, { causes });
}

/** The set with the declared parents of its members, so that removing the last part removes its parent. */
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

/** Removes what the manager applied before and does not apply now, unless another manager owns it. */
function removeAbandoned(merged: Json, last: FieldSet, owned: FieldSet, schema: Schema): Json {
  if (isEmpty(last)) return merged;
  const complete = (set: FieldSet): FieldSet => withNamedParents(set, schema);
  const fields = (value: Json): FieldSet => complete(fieldsOf(value, schema));
  const without = (set: FieldSet): Json => removeFields(merged, set, schema);
  const all = fields(merged);
  const kept = without(complete(last));
  const withOwned = without(difference(all, union(fields(kept), complete(owned))));
  // A field that this manager never applied stays, even without an owner.
  return without(intersection(difference(all, fields(withOwned)), complete(last)));
}

/**
 * The object after applying `config` to `live`, or to nothing when it is undefined, with its managedFields.
 * @throws ApiError 409 with managers and fields, unless `force` takes the fields over.
 */
export function applyConfig(
  resource: ResourceType,
  live: ApiObject | undefined,
  config: ApiObject,
  writer: Writer,
  force: boolean,
): ApiObject {
  const schema = schemaOf(resource.schema);
  const identity = identityOf(writer, "Apply", resource);
  const managers = live === undefined ? [] : knownManagers(resource, live, writer);
  const previous = managers.find((manager) => sameManager(manager, identity));
  const others = managers.filter((manager) => manager !== previous);
  const configured = fieldsOf(config, schema);
  const owned = others.reduce((all, { fields }) => union(all, fields), configured);
  const before = live === undefined ? undefined : withoutManagers(live);
  const merged = merge(before, config, schema);
  const after = removeAbandoned(merged, previous?.fields ?? emptySet, owned, schema) as ApiObject;
  const change = changesOf(resource, writer.subresource, live, after);
  const allowed = live === undefined ? emptySet : appliedByClient(writer.manager, live, schema);
  const contested = difference(union(change.added, change.modified), allowed);
  const conflicts = others
    .map((manager) => ({ ...manager, fields: intersection(manager.fields, contested) }))
    .filter(({ fields }) => !isEmpty(fields));
  if (!force && conflicts.length > 0) throw conflictError(conflicts);
  const time = jsonEqual(before, after) ? previous?.time : writer.time;
  const entry = { ...identity, time, fields: reachable(resource, writer.subresource, configured) };
  const managedFields = encodeManagers([...dispossess(others, change), entry]);
  return withLastApplied(writer.manager, withMeta(after, { managedFields }), config);
}

/** An object without managers gets one that owns all its fields, so that the first Apply conflicts with it. */
function knownManagers(resource: ResourceType, live: ApiObject, writer: Writer): readonly Manager[] {
  const managers = decodeManagers(live);
  if (managers.length > 0) return managers;
  const first = { manager: "before-first-apply", subresource: undefined, time: writer.time };
  const { added } = changesOf(resource, undefined, undefined, live);
  return [{ ...identityOf(first, "Update", resource), time: writer.time, fields: added }];
}

const lastApplied = "kubectl.kubernetes.io/last-applied-configuration";

/**
 * The fields whose live value is still the one that kubectl applied from the client. kubectl may take them over
 * without a conflict (k8s.io/apimachinery managedfields lastAppliedManager).
 */
function appliedByClient(manager: string, live: ApiObject, schema: Schema): FieldSet {
  // Anybody may write this annotation, so it may not be JSON.
  const config = parseJson(textAt(live, "metadata", "annotations", lastApplied));
  if (manager !== "kubectl" || !isObject(config)) return emptySet;
  const { modified, removed } = compare(config, withoutManagers(live), schema);
  return difference(fieldsOf(config, schema), union(modified, removed));
}

/** The object with the annotation updated, when it has one and kubectl applied it. */
function withLastApplied(manager: string, object: ApiObject, config: ApiObject): ApiObject {
  const annotations = asObject(object.metadata["annotations"]);
  if (manager !== "kubectl" || annotations[lastApplied] === undefined) return object;
  const text = `${JSON.stringify(config)}\n`;
  return withMeta(object, { annotations: { ...annotations, [lastApplied]: text } });
}
