// DELETE of objects and collections: preconditions, propagation, finalizers, graceful deletion of pods.
import { timestamp } from "../timestamp.ts";
import { admissionRequest, validated } from "./admission.ts";
import type { Context, Write } from "./context.ts";
import { type Json, asList, asObject, asString } from "./json.ts";
import { type ApiObject, finalizersOf, isDeleting, meta, withMeta, withMetaList } from "./object.ts";
import { nextGeneration } from "./prepare.ts";
import { getObject } from "./read.ts";
import { namespaceType, podType } from "./resource-types.ts";
import type { ResourceRoute } from "./route.ts";
import { conflict, forbidden, invalidOptions, unsupportedField } from "./status.ts";
import { keyOf } from "./store.ts";

const policies = ["Foreground", "Background", "Orphan"] as const;

/** DeleteOptions, from the body or the query. */
export interface DeleteOptions {
  readonly uid?: string | undefined;
  readonly resourceVersion?: string | undefined;
  /** undefined keeps the object's finalizers: Background, unless the collector's are among them. */
  readonly propagation?: (typeof policies)[number] | undefined;
  readonly gracePeriodSeconds?: number | undefined;
  readonly dryRun?: boolean;
}

/** Finalizers that the garbage collector acts on. */
export const foregroundFinalizer = "foregroundDeletion";
export const orphanFinalizer = "orphan";

/** @throws ApiError 422 for a propagation policy that does not exist. */
export function parseDeleteOptions(body: Json | undefined, query: URLSearchParams): DeleteOptions {
  const given = asObject(body);
  const preconditions = asObject(given["preconditions"]);
  const orphan = given["orphanDependents"] === true || query.get("orphanDependents") === "true";
  const policy =
    asString(given["propagationPolicy"]) ?? query.get("propagationPolicy") ?? (orphan ? "Orphan" : undefined);
  const propagation = policies.find((known) => known === policy);
  if (policy !== propagation) {
    const fault = unsupportedField("propagationPolicy", JSON.stringify(policy), [...policies, "nil"]);
    throw invalidOptions("DeleteOptions", fault);
  }
  const grace = given["gracePeriodSeconds"] ?? query.get("gracePeriodSeconds");
  return {
    uid: asString(preconditions["uid"]),
    resourceVersion: asString(preconditions["resourceVersion"]),
    propagation,
    gracePeriodSeconds: grace === null || grace === "" ? undefined : Number(grace),
    dryRun: asList(given["dryRun"]).includes("All"),
  };
}

function requirePreconditions(route: ResourceRoute, object: ApiObject, wanted: DeleteOptions): void {
  const checks = [
    ["UID", wanted.uid, meta(object, "uid"), "deleted and then recreated"],
    ["ResourceVersion", wanted.resourceVersion, meta(object, "resourceVersion"), "modified"],
  ] as const;
  for (const [what, precondition, actual, happened] of checks) {
    if (precondition === undefined || precondition === actual) continue;
    const why = `the ${what} in the precondition (${precondition}) does not match the ${what} in record (${actual}). The object might have been ${happened}`;
    // kube-apiserver names the kind here, not the resource.
    throw conflict({ ...route.resource, plural: route.resource.kind }, meta(object, "name"), why);
  }
}

/** Seconds that a pod's node has to stop it; 0 when the pod runs nowhere. */
function gracePeriod(route: ResourceRoute, object: ApiObject, wanted: number | undefined): number {
  if (route.resource !== podType) return 0;
  const spec = asObject(object["spec"]);
  const phase = asObject(object["status"])["phase"];
  if (asString(spec["nodeName"]) === undefined || phase === "Succeeded" || phase === "Failed") return 0;
  const own = spec["terminationGracePeriodSeconds"];
  return wanted ?? (typeof own === "number" ? own : 30);
}

function finalizersAfter(object: ApiObject, propagation: DeleteOptions["propagation"]): readonly string[] {
  const finalizers = finalizersOf(object);
  if (propagation === undefined) return finalizers;
  const others = finalizers.filter((name) => name !== foregroundFinalizer && name !== orphanFinalizer);
  if (propagation === "Background") return others;
  return [...others, propagation === "Foreground" ? foregroundFinalizer : orphanFinalizer];
}

/** The object after a DELETE: gone, or marked and waiting for its finalizers or its node. */
interface Removal {
  readonly object: ApiObject;
  readonly gone: boolean;
}

/** @throws ApiError 403, 404 or 409, or a refusal of admission. */
export function deleteObject({ context, route, options }: Write, wanted: DeleteOptions): Removal {
  const { store } = context;
  const { resource } = route;
  const object = getObject(context, route);
  const name = meta(object, "name");
  const key = keyOf(route.namespace, name);
  requirePreconditions(route, object, wanted);
  const isNamespace = resource === namespaceType;
  if (isNamespace && ["default", "kube-system", "kube-public"].includes(name)) {
    throw forbidden(resource, name, "this namespace may not be deleted");
  }
  const request = { operation: "DELETE", name, object: undefined, oldObject: object } as const;
  options.warnings.push(...validated(context.admission, admissionRequest(route, options.dryRun, request)));
  const grace = gracePeriod(route, object, wanted.gracePeriodSeconds);
  const finalizers = finalizersAfter(object, wanted.propagation);
  const waits = finalizers.length > 0 || grace > 0 || isNamespace;
  if (options.dryRun || wanted.dryRun === true) return { object, gone: !waits };
  if (!waits) {
    store.remove(resource, key);
    return { object: resource === podType ? marked(context, object, 0) : object, gone: true };
  }
  const currentGrace = object.metadata["deletionGracePeriodSeconds"];
  const sooner = typeof currentGrace === "number" && grace < currentGrace;
  const marks = !isDeleting(object) || sooner;
  const sameFinalizers = finalizers.join() === finalizersOf(object).join();
  if (!marks && sameFinalizers) return { object, gone: false };
  const timed = marks ? marked(context, object, isNamespace ? undefined : grace) : object;
  const waiting = withMetaList(timed, "finalizers", finalizers);
  const status = { ...asObject(object["status"]), phase: "Terminating" };
  return { object: store.put(resource, key, isNamespace ? { ...waiting, status } : waiting), gone: false };
}

/** The object with the time at which it is due to be gone; the first mark counts as a change of its spec. */
function marked({ clock }: Context, object: ApiObject, grace: number | undefined): ApiObject {
  const fields = withMeta(object, {
    deletionTimestamp: timestamp(new Date(clock().getTime() + (grace ?? 0) * 1000)),
    deletionGracePeriodSeconds: grace,
  });
  return isDeleting(object) ? fields : nextGeneration(fields);
}
