// POST pods/NAME/binding: what a scheduler does, once per pod.
import { timestamp } from "../timestamp.ts";
import type { Context, WriteOptions } from "./context.ts";
import { type Json, type JsonObject, asList, asObject, asString } from "./json.ts";
import type { ApiObject } from "./object.ts";
import { getObject } from "./read.ts";
import type { ResourceRoute } from "./route.ts";
import { ApiError, badRequest, conflict, invalid } from "./status.ts";
import { keyOf } from "./store.ts";

/** Assigns the pod to the node that the Binding names. @throws ApiError 404, 409 or 422. */
export function bindPod(
  context: Context,
  route: ResourceRoute,
  binding: Json,
  options: WriteOptions,
): JsonObject {
  const given = asString(asObject(asObject(binding)["metadata"])["name"]) ?? route.name;
  if (given !== route.name) throw badRequest("name in URL does not match name in Binding object");
  const pod = getObject(context, { ...route, subresource: undefined });
  const name = route.name ?? "";
  const node = asString(asObject(asObject(binding)["target"])["name"]) ?? "";
  if (node === "") {
    throw invalid({ ...route.resource, kind: "Binding" }, name, [
      { reason: "FieldValueRequired", message: "Required value", field: "target.name" },
    ]);
  }
  const spec = asObject(pod["spec"]);
  const assigned = asString(spec["nodeName"]) ?? "";
  if (assigned !== "") {
    const subject = { group: "", plural: "pods/binding", kind: "Binding" };
    throw conflict(subject, name, `pod ${name} is already assigned to node ${JSON.stringify(assigned)}`);
  }
  if (pod.metadata["deletionTimestamp"] !== undefined) {
    throw new ApiError(409, "Conflict", `pod ${name} is being deleted, cannot be assigned to a host`);
  }
  const status = asObject(pod["status"]);
  const scheduled = { type: "PodScheduled", status: "True", lastTransitionTime: timestamp(context.clock()) };
  const bound: ApiObject = {
    ...pod,
    spec: { ...spec, nodeName: node },
    status: { ...status, conditions: [...asList(status["conditions"]), scheduled] },
  };
  if (!options.dryRun) context.store.put(route.resource, keyOf(route.namespace, name), bound);
  return { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code: 201 };
}
