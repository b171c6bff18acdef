// The path every write takes: prepared, mutated, checked, judged and stored, in kube-apiserver's order.
import { timestamp } from "../timestamp.ts";
import type { Context, WriteOptions } from "./context.ts";
import { conform } from "./decode.ts";
import { asList, jsonEqual } from "./json.ts";
import { type ApiObject, finalizersOf, meta, ownersOf, withMeta } from "./object.ts";
import { admissionRequest, judge, mutated } from "./judging.ts";
import { metadataCauses } from "./metadata-rules.ts";
import { generateName, nameCauses } from "./object-names.ts";
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
  notFound,
} from "./status.ts";
import { keyOf } from "./store.ts";

function requireNamespace({ store }: Context, route: ResourceRoute, name: string): void {
  if (route.namespace === undefined) return;
  const namespace = store.get(namespaceType, route.namespace);
  if (namespace === undefined) throw notFound(namespaceType, route.namespace);
  if (namespace.metadata["deletionTimestamp"] === undefined) return;
  const why = `unable to create new content in namespace ${route.namespace} because it is being terminated`;
  throw forbidden(route.resource, name, why, [
    {
      reason: "NamespaceTerminating",
      message: `namespace ${route.namespace} is being terminated`,
      field: "metadata.namespace",
    },
  ]);
}

/** The decoded body with the namespace of the URL. @throws ApiError 400 when they differ. */
export function inNamespace(route: ResourceRoute, object: ApiObject): ApiObject {
  const given = meta(object, "namespace");
  if (!route.resource.namespaced) return given === "" ? object : withMeta(object, { namespace: undefined });
  if (given !== "" && given !== route.namespace) {
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
  }
  return withMeta(object, { namespace: route.namespace });
}

function named(resource: ResourceType, object: ApiObject): ApiObject {
  if (meta(object, "name") !== "") return object;
  const prefix = meta(object, "generateName");
  if (prefix !== "") return withMeta(object, { name: generateName(prefix) });
  throw invalid(resource, "", [
    {
      reason: "FieldValueRequired",
      message: "Required value: name or generateName is required",
      field: "metadata.name",
    },
  ]);
}

/** Whether managedFields are settled already, by an Apply, or follow from the change. */
type Ownership = "applied" | "tracked";

function tracked(
  context: Context,
  route: ResourceRoute,
  before: ApiObject | undefined,
  after: ApiObject,
  options: WriteOptions,
): ApiObject {
  const { resource, subresource } = route;
  const writer = { manager: options.manager, subresource, time: timestamp(context.clock()) };
  const managedFields = trackUpdate(resource, before, after, writer);
  return withMeta(after, { managedFields });
}

function requireValid(resource: ResourceType, name: string, causes: readonly Cause[]): void {
  if (causes.length > 0) throw invalid(resource, name, withSkippedRules(resource, causes));
}

/** Creates an object. @throws ApiError 400, 403, 404 (no such namespace), 409 or 422, or a judge's refusal. */
export function createObject(
  context: Context,
  route: ResourceRoute,
  body: ApiObject,
  options: WriteOptions,
  ownership: Ownership = "tracked",
): ApiObject {
  const { resource } = route;
  const object = dedupOwners(named(resource, inNamespace(route, body)), options);
  const name = meta(object, "name");
  requireNamespace(context, route, name);
  if (meta(object, "resourceVersion") !== "" && ownership === "tracked") {
    throw new ApiError(500, "", "resourceVersion should not be set on objects to be created");
  }
  // An Apply is not decoded as other writes are: nulls in it meet the schema.
  const applied = ownership === "applied";
  const defaulted = withDefaults(resource, conform(resource, object, applied));
  const owned = applied ? defaulted : tracked(context, route, undefined, defaulted, options);
  const prepared = prepareCreate(context, resource, owned);
  const request = admissionRequest("CREATE", route, name, prepared, undefined, options);
  const candidate = conform(resource, mutated(context, request, prepared), applied);
  requireValid(resource, name, [
    ...nameCauses(resource, name),
    ...metadataCauses(candidate),
    ...specCauses(resource, candidate),
  ]);
  judge(context, { ...request, object: candidate }, options);
  const key = keyOf(route.namespace, name);
  if (context.store.get(resource, key) !== undefined) throw alreadyExists(resource, name);
  return options.dryRun ? candidate : context.store.put(resource, key, candidate);
}

const staleText =
  "the object has been modified; please apply your changes to the latest version and try again";

/** Custom resources are never replaced unseen. */
export function requireRevision(resource: ResourceType, name: string, object: ApiObject): void {
  if (!resource.custom || meta(object, "resourceVersion") !== "") return;
  throw invalid({ ...resource, kind: resource.plural }, name, [
    {
      reason: "FieldValueInvalid",
      message: "Invalid value: 0: must be specified for an update",
      field: "metadata.resourceVersion",
    },
  ]);
}

/** Owner references of one uid count once; the client is told. */
function dedupOwners(object: ApiObject, options: WriteOptions): ApiObject {
  const references = asList(object.metadata["ownerReferences"]);
  const uids = ownersOf(object).map(({ uid }) => uid);
  const repeated = [...new Set(uids.filter((uid, index) => uids.indexOf(uid) !== index))];
  if (repeated.length === 0) return object;
  options.warnings.push(
    `.metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: ${repeated.join(", ")}`,
  );
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
  if (revision !== "" && revision !== meta(old, "resourceVersion")) throw conflict(resource, name, staleText);
}

/** Puts a changed object in place of `old`. An update that changes nothing keeps the resourceVersion. */
export function updateObject(
  context: Context,
  route: ResourceRoute,
  old: ApiObject,
  body: ApiObject,
  options: WriteOptions,
  ownership: Ownership = "tracked",
): ApiObject {
  const { resource } = route;
  const name = meta(old, "name");
  const object = dedupOwners(inNamespace(route, body), options);
  requireSame(resource, old, object);
  const applied = ownership === "applied";
  const prepared = prepareUpdate(resource, old, conform(resource, object, applied), route.subresource);
  const owned = applied ? prepared : tracked(context, route, old, prepared, options);
  const request = admissionRequest("UPDATE", route, name, owned, old, options);
  const mutatedObject = conform(resource, mutated(context, request, owned), applied);
  const candidate = prepareUpdate(resource, old, mutatedObject, route.subresource);
  requireValid(resource, name, [
    ...updateCauses(old, candidate),
    ...metadataCauses(candidate),
    ...specCauses(resource, candidate, old),
  ]);
  judge(context, { ...request, object: candidate }, options);
  if (options.dryRun) return candidate;
  return settle(context, resource, keyOf(route.namespace, name), old, candidate);
}

/** Stores a changed object; one under deletion without finalizers goes. */
export function settle(
  { store }: Context,
  resource: ResourceType,
  key: string,
  old: ApiObject,
  candidate: ApiObject,
): ApiObject {
  const ends =
    candidate.metadata["deletionTimestamp"] !== undefined &&
    finalizersOf(candidate).length === 0 &&
    (candidate.metadata["deletionGracePeriodSeconds"] ?? 0) === 0 &&
    resource !== namespaceType;
  if (ends) {
    store.remove(resource, key);
    return candidate;
  }
  return jsonEqual(old, candidate) ? old : store.put(resource, key, candidate);
}
