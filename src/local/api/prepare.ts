// What the API server fills in and protects on every write, and the few kinds that have rules of their own.
import { randomUUID } from "node:crypto";
import { timestamp } from "../timestamp.ts";
import type { Context } from "./context.ts";
import { type JsonObject, asList, asObject, asString, isObject, jsonEqual, without } from "./json.ts";
import { type ApiObject, finalizersOf, meta, withMeta } from "./object.ts";
import type { ResourceType } from "./resource-types.ts";
import type { Cause } from "./status.ts";

/** Fields of the object that count for metadata.generation: all but metadata, and status where it is a subresource. */
function spec(resource: ResourceType, object: ApiObject): ReturnType<typeof without> {
  return without(object, "metadata", "apiVersion", "kind", ...(resource.status ? ["status"] : []));
}

/** A new object before it is judged: server-set metadata, and no status where that is a subresource. */
export function prepareCreate({ clock }: Context, resource: ResourceType, object: ApiObject): ApiObject {
  // A kubelet registers its node with its status.
  const statusLater = resource.status && resource.kind !== "Node";
  const body = statusLater ? (without(object, "status") as ApiObject) : object;
  const prepared = withMeta(body, {
    uid: randomUUID(),
    creationTimestamp: timestamp(clock()),
    deletionTimestamp: undefined,
    deletionGracePeriodSeconds: undefined,
    resourceVersion: undefined,
    selfLink: undefined,
    generation: hasGeneration(resource) ? 1 : undefined,
  });
  return resource.kind === "Namespace" ? activeNamespace(prepared) : startingPod(resource, prepared);
}

function hasGeneration(resource: ResourceType): boolean {
  return resource.custom || resource.kind === "Pod";
}

/** An update before it is judged: what cannot be changed is put back, generation counts. */
export function prepareUpdate(
  resource: ResourceType,
  old: ApiObject,
  object: ApiObject,
  subresource: string | undefined,
): ApiObject {
  if (subresource === "status") {
    const { status: _, ...rest } = old;
    const status = object["status"];
    const managed = withMeta(old, { managedFields: object.metadata["managedFields"] });
    return { ...rest, ...(status !== undefined && { status }), metadata: managed.metadata };
  }
  const oldStatus = old["status"];
  const body = resource.status
    ? ({ ...without(object, "status"), ...(oldStatus !== undefined && { status: oldStatus }) } as ApiObject)
    : object;
  const kept = withMeta(body, {
    uid: old.metadata["uid"],
    creationTimestamp: old.metadata["creationTimestamp"],
    deletionTimestamp: old.metadata["deletionTimestamp"],
    deletionGracePeriodSeconds: old.metadata["deletionGracePeriodSeconds"],
    resourceVersion: old.metadata["resourceVersion"],
    generateName: old.metadata["generateName"] ?? body.metadata["generateName"],
    generation: old.metadata["generation"],
    selfLink: undefined,
  });
  const finished = withDefaults(resource, kept);
  return changesSpec(resource, old, finished) ? nextGeneration(finished) : finished;
}

function changesSpec(resource: ResourceType, old: ApiObject, object: ApiObject): boolean {
  return hasGeneration(resource) && !jsonEqual(spec(resource, old), spec(resource, object));
}

/** The object with metadata.generation one higher, when it has one. */
export function nextGeneration(object: ApiObject): ApiObject {
  const generation = object.metadata["generation"];
  return typeof generation === "number" ? withMeta(object, { generation: generation + 1 }) : object;
}

/** What decoding fills in by kind, before anything is tracked or judged. */
export function withDefaults(resource: ResourceType, object: ApiObject): ApiObject {
  if (resource.kind === "Secret" && resource.group === "") return foldStringData(object);
  if (resource.kind === "Namespace") return namespaceDefaults(object);
  if (resource.kind === "Pod") return podDefaults(object);
  return object;
}

/** stringData is write-only: it goes into data as base64 and wins over it. */
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
  const labels = {
    ...asObject(object.metadata["labels"]),
    "kubernetes.io/metadata.name": meta(object, "name"),
  };
  return withMeta(object, { labels });
}

function activeNamespace(object: ApiObject): ApiObject {
  return { ...object, spec: { finalizers: ["kubernetes"] }, status: { phase: "Active" } };
}

function podDefaults(object: ApiObject): ApiObject {
  const spec = {
    restartPolicy: "Always",
    dnsPolicy: "ClusterFirst",
    schedulerName: "default-scheduler",
    securityContext: {},
    terminationGracePeriodSeconds: 30,
    ...asObject(object["spec"]),
  };
  const filled = Object.entries(spec).map(([field, value]) =>
    field === "containers" || field === "initContainers"
      ? [field, asList(value).map((container) => withRequests(asObject(container)))]
      : [field, value],
  );
  return { ...object, spec: Object.fromEntries(filled) };
}

/** A container asks for what it is limited to, unless it says how much it asks for. */
function withRequests(container: JsonObject): JsonObject {
  const resources = asObject(container["resources"]);
  if (!isObject(resources["limits"])) return container;
  const requests = { ...resources["limits"], ...asObject(resources["requests"]) };
  return { ...container, resources: { ...resources, requests } };
}

function startingPod({ kind }: ResourceType, object: ApiObject): ApiObject {
  return kind === "Pod" ? { ...object, status: { phase: "Pending" } } : object;
}

/** Metadata of an update that a client may not change, as causes of a 422. */
export function updateCauses(old: ApiObject, object: ApiObject): readonly Cause[] {
  if (old.metadata["deletionTimestamp"] === undefined) return [];
  const known = finalizersOf(old);
  const added = finalizersOf(object).filter((finalizer) => !known.includes(finalizer));
  if (added.length === 0) return [];
  const list = added.map((finalizer) => JSON.stringify(finalizer)).join(", ");
  return [
    {
      reason: "FieldValueForbidden",
      message: `Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`,
      field: "metadata.finalizers",
    },
  ];
}
