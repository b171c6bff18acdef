// What the API server fills in and protects on every write, and the rules that only some kinds have.
import { randomUUID } from "node:crypto";
import { timestamp } from "../timestamp.ts";
import type { Context } from "./context.ts";
import {
  type Json,
  type JsonObject,
  asList,
  asObject,
  asString,
  isObject,
  jsonEqual,
  without,
} from "./json.ts";
import { type ApiObject, finalizersOf, isDeleting, meta, withMeta } from "./object.ts";
import type { ResourceType } from "./resource-types.ts";
import { type Cause, forbiddenField } from "./status.ts";

function withStatus(object: ApiObject, status: Json | undefined): ApiObject {
  return { ...(without(object, "status") as ApiObject), ...(status !== undefined && { status }) };
}

/** A new object before admission: server-set metadata, and no status where that is a subresource. */
export function prepareCreate({ clock }: Context, resource: ResourceType, object: ApiObject): ApiObject {
  // A kubelet registers its node with its status.
  const statusLater = resource.status && resource.kind !== "Node";
  const prepared = withMeta(statusLater ? withStatus(object, undefined) : object, {
    uid: randomUUID(),
    creationTimestamp: timestamp(clock()),
    deletionTimestamp: undefined,
    deletionGracePeriodSeconds: undefined,
    resourceVersion: undefined,
    selfLink: undefined,
    generation: hasGeneration(resource) ? 1 : undefined,
  });
  if (resource.kind === "Pod") return { ...prepared, status: { phase: "Pending" } };
  if (resource.kind !== "Namespace") return prepared;
  return { ...prepared, spec: { finalizers: ["kubernetes"] }, status: { phase: "Active" } };
}

function hasGeneration({ custom, kind }: ResourceType): boolean {
  return custom || kind === "Pod";
}

/** An update before admission: restores fields that cannot be changed, and increases generation. */
export function prepareUpdate(
  resource: ResourceType,
  old: ApiObject,
  object: ApiObject,
  subresource: string | undefined,
): ApiObject {
  if (subresource === "status") {
    const { managedFields } = object.metadata;
    return withStatus(withMeta(old, { managedFields }), object["status"]);
  }
  const { uid, creationTimestamp, deletionTimestamp, deletionGracePeriodSeconds } = old.metadata;
  const { resourceVersion, generation, generateName = object.metadata["generateName"] } = old.metadata;
  const restored = withMeta(resource.status ? withStatus(object, old["status"]) : object, {
    uid,
    creationTimestamp,
    deletionTimestamp,
    deletionGracePeriodSeconds,
    resourceVersion,
    generateName,
    generation,
    selfLink: undefined,
  });
  const finished = withDefaults(resource, restored);
  const changed = hasGeneration(resource) && !jsonEqual(specOf(resource, old), specOf(resource, finished));
  return changed ? nextGeneration(finished) : finished;
}

/** The fields that count for metadata.generation: all but metadata, and status where it is a subresource. */
function specOf(resource: ResourceType, object: ApiObject): JsonObject {
  return without(object, "metadata", "apiVersion", "kind", ...(resource.status ? ["status"] : []));
}

/** The object with metadata.generation one higher, when it has one. */
export function nextGeneration(object: ApiObject): ApiObject {
  const generation = object.metadata["generation"];
  return typeof generation === "number" ? withMeta(object, { generation: generation + 1 }) : object;
}

/** The defaults of some kinds, which decoding fills in before ownership and admission. */
export function withDefaults(resource: ResourceType, object: ApiObject): ApiObject {
  if (resource.kind === "Secret") return foldStringData(object);
  if (resource.kind === "Namespace") return namespaceDefaults(object);
  if (resource.kind === "Pod") return podDefaults(object);
  return object;
}

/** stringData is write-only: it goes into data as base64 and takes precedence. */
function foldStringData(object: ApiObject): ApiObject {
  const { stringData, ...rest } = object;
  const secret = { ...rest, type: asString(object["type"]) || "Opaque" } as ApiObject;
  if (stringData === undefined) return secret;
  const added = Object.entries(asObject(stringData)).map(([key, text]) => [
    key,
    Buffer.from(asString(text) ?? "", "utf8").toString("base64"),
  ]);
  return { ...secret, data: { ...asObject(object["data"]), ...Object.fromEntries(added) } };
}

function namespaceDefaults(object: ApiObject): ApiObject {
  const nameLabel = { "kubernetes.io/metadata.name": meta(object, "name") };
  return withMeta(object, { labels: { ...asObject(object.metadata["labels"]), ...nameLabel } });
}

function podDefaults(object: ApiObject): ApiObject {
  const spec: JsonObject = {
    restartPolicy: "Always",
    dnsPolicy: "ClusterFirst",
    schedulerName: "default-scheduler",
    securityContext: {},
    terminationGracePeriodSeconds: 30,
    ...asObject(object["spec"]),
  };
  for (const field of ["containers", "initContainers"]) {
    if (spec[field] !== undefined) spec[field] = asList(spec[field]).map(withRequests);
  }
  return { ...object, spec };
}

/** The limits of a container are the defaults of its requests. */
function withRequests(value: Json): JsonObject {
  const container = asObject(value);
  const resources = asObject(container["resources"]);
  if (!isObject(resources["limits"])) return container;
  const requests = { ...resources["limits"], ...asObject(resources["requests"]) };
  return { ...container, resources: { ...resources, requests } };
}

/** Why a client may not make this change of metadata. */
export function updateCauses(old: ApiObject, object: ApiObject): readonly Cause[] {
  const known = finalizersOf(old);
  const added = finalizersOf(object).filter((finalizer) => !known.includes(finalizer));
  if (!isDeleting(old) || added.length === 0) return [];
  const list = added.map((finalizer) => JSON.stringify(finalizer)).join(", ");
  const why = `no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`;
  return [forbiddenField("metadata.finalizers", why)];
}
