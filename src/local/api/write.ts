// The path of every write: prepare, mutate, check, validate and store, in kube-apiserver's order.
import { randomInt } from "node:crypto";
import { timestamp } from "../timestamp.ts";
import { admissionRequest, mutated, validated } from "./admission.ts";
import type { Context, Write, WriteOptions } from "./context.ts";
import { conform } from "./decode.ts";
import { asList, jsonEqual } from "./json.ts";
import { metadataCauses, nameCauses } from "./metadata-rules.ts";
import { type ApiObject, finalizersOf, isDeleting, meta, ownersOf, withMeta } from "./object.ts";
import { prepareCreate, prepareUpdate, updateCauses, withDefaults } from "./prepare.ts";
import { type ResourceType, namespaceType } from "./resource-types.ts";
import type { ResourceRoute } from "./route.ts";
import { specCauses, withSkippedRules } from "./schema-rules.ts";
import { trackUpdate } from "./ssa/track.ts";
import {
  ApiError,
  type Cause,
  alreadyExists,
  badRequest,
  conflict,
  forbidden,
  invalid,
  invalidField,
  notFound,
  requiredField,
} from "./status.ts";
import { keyOf } from "./store.ts";

function requireNamespace({ store }: Context, { resource, namespace }: ResourceRoute, name: string): void {
  if (namespace === undefined) return;
  const found = store.get(namespaceType, namespace);
  if (found === undefined) throw notFound(namespaceType, namespace);
  if (!isDeleting(found)) return;
  const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
  throw forbidden(resource, name, why, {
    reason: "NamespaceTerminating",
    message: `namespace ${namespace} is being terminated`,
    field: "metadata.namespace",
  });
}

/** The decoded body with the namespace of the URL. @throws ApiError 400 when they differ. */
export function inNamespace({ resource, namespace }: ResourceRoute, object: ApiObject): ApiObject {
  const given = meta(object, "namespace");
  if (resource.namespaced && given !== "" && given !== namespace) {
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
  }
  return withMeta(object, { namespace: resource.namespaced ? namespace : undefined });
}

const nameAlphabet = "bcdfghjklmnpqrstvwxz2456789";

/** The object with a name, if need be from generateName (k8s.io/apiserver names.SimpleNameGenerator). */
function named(resource: ResourceType, object: ApiObject): ApiObject {
  if (meta(object, "name") !== "") return object;
  const prefix = meta(object, "generateName");
  if (prefix === "") {
    throw invalid(resource, "", [requiredField("metadata.name", "name or generateName is required")]);
  }
  const suffix = Array.from({ length: 5 }, () => nameAlphabet[randomInt(nameAlphabet.length)]).join("");
  return withMeta(object, { name: prefix.slice(0, 58) + suffix });
}

/** Whether managedFields are known already, from an Apply, or follow from the change. */
type Ownership = "applied" | "tracked";

function tracked(
  { context, route, options }: Write,
  before: ApiObject | undefined,
  after: ApiObject,
): ApiObject {
  const { resource, subresource } = route;
  const writer = { manager: options.manager, subresource, time: timestamp(context.clock()) };
  return withMeta(after, { managedFields: trackUpdate(resource, before, after, writer) });
}

function requireValid(resource: ResourceType, name: string, causes: readonly Cause[]): void {
  if (causes.length > 0) throw invalid(resource, name, withSkippedRules(resource, causes));
}

/** @throws ApiError 400, 403, 404 (no such namespace), 409 or 422, or a refusal of admission. */
export function createObject(write: Write, body: ApiObject, ownership: Ownership = "tracked"): ApiObject {
  const { context, route, options } = write;
  const { resource } = route;
  const object = dedupOwners(named(resource, inNamespace(route, body)), options);
  const name = meta(object, "name");
  requireNamespace(context, route, name);
  // An Apply is not decoded as other writes are: its nulls are checked against the schema.
  const applied = ownership === "applied";
  if (meta(object, "resourceVersion") !== "" && !applied) {
    throw new ApiError(500, "", "resourceVersion should not be set on objects to be created");
  }
  const defaulted = withDefaults(resource, conform(resource, object, applied));
  const owned = applied ? defaulted : tracked(write, undefined, defaulted);
  const prepared = prepareCreate(context, resource, owned);
  const request = admissionRequest(route, options.dryRun, {
    operation: "CREATE",
    name,
    object: prepared,
    oldObject: undefined,
  });
  const candidate = conform(resource, mutated(context.admission, request, prepared), applied);
  requireValid(resource, name, [
    ...nameCauses(resource, name),
    ...metadataCauses(candidate),
    ...specCauses(resource, candidate),
  ]);
  options.warnings.push(...validated(context.admission, { ...request, object: candidate }));
  const key = keyOf(route.namespace, name);
  if (context.store.get(resource, key) !== undefined) throw alreadyExists(resource, name);
  return options.dryRun ? candidate : context.store.put(resource, key, candidate);
}

/** A custom resource can only be replaced by a client that has read it. @throws ApiError 422. */
export function requireRevision(resource: ResourceType, name: string, object: ApiObject): void {
  if (!resource.custom || meta(object, "resourceVersion") !== "") return;
  throw invalid({ ...resource, kind: resource.plural }, name, [
    invalidField("metadata.resourceVersion", 0, "must be specified for an update"),
  ]);
}

/** The object with one owner reference per uid, and a warning when there were more. */
function dedupOwners(object: ApiObject, { warnings }: WriteOptions): ApiObject {
  const uids = ownersOf(object).map(({ uid }) => uid);
  const repeated = [...new Set(uids.filter((uid, index) => uids.indexOf(uid) !== index))];
  if (repeated.length === 0) return object;
  warnings.push(
    `.metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: ${repeated.join(", ")}`,
  );
  const references = asList(object.metadata["ownerReferences"]);
  const ownerReferences = references.filter((_, index) => uids.indexOf(uids[index] ?? "") === index);
  return withMeta(object, { ownerReferences });
}

function requireSame(resource: ResourceType, old: ApiObject, object: ApiObject): void {
  const name = meta(old, "name");
  const uid = meta(object, "uid");
  if (uid !== "" && uid !== meta(old, "uid")) {
    const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${meta(old, "uid")}`;
    throw conflict(resource, name, why);
  }
  const revision = meta(object, "resourceVersion");
  if (revision === "" || revision === meta(old, "resourceVersion")) return;
  const why = "the object has been modified; please apply your changes to the latest version and try again";
  throw conflict(resource, name, why);
}

/**
 * Replaces `old`. An update that changes nothing keeps the resourceVersion.
 * @throws ApiError 400, 409 or 422, or a refusal of admission.
 */
export function updateObject(
  write: Write,
  old: ApiObject,
  body: ApiObject,
  ownership: Ownership = "tracked",
): ApiObject {
  const { context, route, options } = write;
  const { resource, subresource } = route;
  const name = meta(old, "name");
  const object = dedupOwners(inNamespace(route, body), options);
  requireSame(resource, old, object);
  const applied = ownership === "applied";
  const prepared = prepareUpdate(resource, old, conform(resource, object, applied), subresource);
  const owned = applied ? prepared : tracked(write, old, prepared);
  const request = admissionRequest(route, options.dryRun, {
    operation: "UPDATE",
    name,
    object: owned,
    oldObject: old,
  });
  const admitted = conform(resource, mutated(context.admission, request, owned), applied);
  const candidate = prepareUpdate(resource, old, admitted, subresource);
  requireValid(resource, name, [
    ...updateCauses(old, candidate),
    ...metadataCauses(candidate),
    ...specCauses(resource, candidate, old),
  ]);
  options.warnings.push(...validated(context.admission, { ...request, object: candidate }));
  if (options.dryRun) return candidate;
  return settle(context, resource, keyOf(route.namespace, name), candidate);
}

/** Stores a changed object, or removes one under deletion that nothing holds any more. */
export function settle(
  { store }: Context,
  resource: ResourceType,
  key: string,
  candidate: ApiObject,
): ApiObject {
  const ends =
    isDeleting(candidate) &&
    finalizersOf(candidate).length === 0 &&
    (candidate.metadata["deletionGracePeriodSeconds"] ?? 0) === 0 &&
    resource !== namespaceType;
  if (ends) {
    store.remove(resource, key);
    return candidate;
  }
  const stored = store.get(resource, key);
  return stored !== undefined && jsonEqual(stored, candidate) ? stored : store.put(resource, key, candidate);
}
