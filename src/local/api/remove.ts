// DELETE of one object and of collections: preconditions, propagation, finalizers, graceful deletion of pods.
import { timestamp } from "../timestamp.ts";
import type { Context, WriteOptions } from "./context.ts";
import { type Json, asList, asObject, asString, isObject } from "./json.ts";
import { type ApiObject, finalizersOf, meta, withMeta } from "./object.ts";
import { nextGeneration } from "./prepare.ts";
import { getObject } from "./read.ts";
import { namespaceType, podType } from "./resource-types.ts";
import type { ResourceRoute } from "./route.ts";
import { ApiError, conflict, forbidden } from "./status.ts";
import { keyOf } from "./store.ts";
import { deletion, judge } from "./judging.ts";

/** DeleteOptions, from the body or the query. */
export interface DeleteOptions {
  readonly uid: string | undefined;
  readonly resourceVersion: string | undefined;
  /** undefined: as the object's finalizers say, which is Background when it has none of the collector's. */
  readonly propagation: "Background" | "Foreground" | "Orphan" | undefined;
  readonly gracePeriodSeconds: number | undefined;
  readonly dryRun: boolean;
}

/** Finalizers that the garbage collector works on. */
export const foregroundFinalizer = "foregroundDeletion";
export const orphanFinalizer = "orphan";

/** @throws ApiError 422 for a propagation policy that does not exist. */
export function parseDeleteOptions(body: Json | undefined, query: URLSearchParams): DeleteOptions {
  const given = asObject(body);
  const preconditions = asObject(given["preconditions"]);
  const orphan = given["orphanDependents"] === true || query.get("orphanDependents") === "true";
  const policy =
    asString(given["propagationPolicy"]) ?? query.get("propagationPolicy") ?? (orphan ? "Orphan" : undefined);
  if (policy !== undefined && policy !== "Background" && policy !== "Foreground" && policy !== "Orphan") {
    const message = `Unsupported value: "${policy}": supported values: "Foreground", "Background", "Orphan", "nil"`;
    throw new ApiError(
      422,
      "Invalid",
      `DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: ${message}`,
      {
        group: "meta.k8s.io",
        kind: "DeleteOptions",
        causes: [{ reason: "FieldValueNotSupported", message, field: "propagationPolicy" }],
      },
    );
  }
  const grace = given["gracePeriodSeconds"] ?? query.get("gracePeriodSeconds");
  return {
    uid: asString(preconditions["uid"]),
    resourceVersion: asString(preconditions["resourceVersion"]),
    propagation: policy,
    gracePeriodSeconds: grace === null || grace === "" ? undefined : Number(grace),
    dryRun: asList(given["dryRun"]).includes("All"),
  };
}

function requirePreconditions(route: ResourceRoute, object: ApiObject, wanted: DeleteOptions): void {
  const name = meta(object, "name");
  const checks = [
    ["UID", wanted.uid, meta(object, "uid"), "deleted and then recreated"],
    ["ResourceVersion", wanted.resourceVersion, meta(object, "resourceVersion"), "modified"],
  ] as const;
  for (const [what, precondition, actual, happened] of checks) {
    if (precondition === undefined || precondition === actual) continue;
    const why = `the ${what} in the precondition (${precondition}) does not match the ${what} in record (${actual}). The object might have been ${happened}`;
    // kube-apiserver names the kind here, not the resource.
    throw conflict({ ...route.resource, plural: route.resource.kind }, name, why);
  }
}

/** Seconds a pod's node is given to end it: none when it runs nowhere. */
function gracePeriod(route: ResourceRoute, object: ApiObject, wanted: number | undefined): number {
  if (route.resource !== podType) return 0;
  const spec = asObject(object["spec"]);
  const phase = asObject(object["status"])["phase"];
  if (asString(spec["nodeName"]) === undefined || phase === "Succeeded" || phase === "Failed") return 0;
  const own = spec["terminationGracePeriodSeconds"];
  return wanted ?? (typeof own === "number" ? own : 30);
}

function finalizersAfter(object: ApiObject, propagation: DeleteOptions["propagation"]): readonly string[] {
  if (propagation === undefined) return finalizersOf(object);
  const others = finalizersOf(object).filter(
    (name) => name !== foregroundFinalizer && name !== orphanFinalizer,
  );
  if (propagation === "Foreground") return [...others, foregroundFinalizer];
  if (propagation === "Orphan") return [...others, orphanFinalizer];
  return others;
}

/** What became of the object: gone, or marked and waiting for its finalizers or its node. */
export interface Removal {
  readonly object: ApiObject;
  readonly gone: boolean;
}

/** @throws ApiError 403, 404 or 409, or a judge's refusal. */
export function deleteObject(
  context: Context,
  route: ResourceRoute,
  wanted: DeleteOptions,
  options: WriteOptions,
): Removal {
  const { store } = context;
  const { resource } = route;
  const object = getObject(context, route);
  const name = meta(object, "name");
  const key = keyOf(route.namespace, name);
  requirePreconditions(route, object, wanted);
  if (resource === namespaceType && ["default", "kube-system", "kube-public"].includes(name)) {
    throw forbidden(resource, name, "this namespace may not be deleted");
  }
  judge(context, deletion(route, object, options), options);
  const grace = gracePeriod(route, object, wanted.gracePeriodSeconds);
  const finalizers = finalizersAfter(object, wanted.propagation);
  const waits = finalizers.length > 0 || grace > 0 || resource === namespaceType;
  if (options.dryRun || wanted.dryRun) return { object, gone: !waits };
  if (!waits) {
    store.remove(resource, key);
    return { object: resource === podType ? marked(context, object, 0) : object, gone: true };
  }
  const already = object.metadata["deletionTimestamp"] !== undefined;
  const currentGrace = object.metadata["deletionGracePeriodSeconds"];
  const sooner = typeof currentGrace === "number" && grace < currentGrace;
  const sameFinalizers = finalizers.join() === finalizersOf(object).join();
  if (already && !sooner && sameFinalizers) return { object, gone: false };
  const timed =
    already && !sooner ? object : marked(context, object, resource === namespaceType ? undefined : grace);
  const waiting = withMeta(timed, { finalizers: finalizers.length > 0 ? finalizers : undefined });
  return { object: store.put(resource, key, terminating(route, waiting)), gone: false };
}

/** The object under deletion: when it shall be gone, and that this is news. */
function marked(context: Context, object: ApiObject, grace: number | undefined): ApiObject {
  const known = object.metadata["deletionTimestamp"] !== undefined;
  const fields = withMeta(object, {
    deletionTimestamp: deadline(context, grace ?? 0),
    deletionGracePeriodSeconds: grace,
  });
  return known ? fields : nextGeneration(fields);
}

function deadline({ clock }: Context, graceSeconds: number): string {
  return timestamp(new Date(clock().getTime() + graceSeconds * 1000));
}

function terminating(route: ResourceRoute, object: ApiObject): ApiObject {
  if (route.resource !== namespaceType) return object;
  const status = isObject(object["status"]) ? object["status"] : {};
  return { ...object, status: { ...status, phase: "Terminating" } };
}
