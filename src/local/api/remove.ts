// DELETE of one object and of collections: preconditions, propagation, finalizers, graceful deletion of pods.
import { type Context, type WriteOptions, timestamp } from "./context.ts";
import { type Json, asList, asObject, asString, isObject } from "./json.ts";
import { type ApiObject, finalizersOf, meta, withMeta } from "./object.ts";
import { nextGeneration } from "./prepare.ts";
import { getObject } from "./read.ts";
import { namespaceType, podType } from "./resources.ts";
import type { ResourceRoute } from "./route.ts";
import { ApiError, conflict, forbidden } from "./status.ts";
import { keyOf } from "./store.ts";
import { deletion, judge } from "./write.ts";

/** DeleteOptions, from the body or the query. */
export interface DeleteOptions {
  readonly uid: string | undefined;
  readonly resourceVersion: string | undefined;
  readonly propagation: "Background" | "Foreground" | "Orphan";
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
  const policy =
    asString(given["propagationPolicy"]) ??
    query.get("propagationPolicy") ??
    (given["orphanDependents"] === true || query.get("orphanDependents") === "true"
      ? "Orphan"
      : "Background");
  if (policy !== "Background" && policy !== "Foreground" && policy !== "Orphan") {
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
  if (!waits) return { object: store.remove(resource, key) ?? object, gone: true };
  const already = object.metadata["deletionTimestamp"] !== undefined;
  const currentGrace = object.metadata["deletionGracePeriodSeconds"];
  const sooner = typeof currentGrace === "number" && grace < currentGrace;
  const sameFinalizers = finalizers.join() === finalizersOf(object).join();
  if (already && !sooner && sameFinalizers) return { object, gone: false };
  const seconds = resource === namespaceType ? undefined : grace;
  const marked = withMeta(object, {
    deletionTimestamp: already && !sooner ? object.metadata["deletionTimestamp"] : deadline(context, grace),
    deletionGracePeriodSeconds: seconds,
    finalizers: finalizers.length > 0 ? finalizers : undefined,
  });
  return {
    object: store.put(resource, key, ofKind(route, already ? marked : nextGeneration(marked))),
    gone: false,
  };
}

function deadline({ clock }: Context, graceSeconds: number): string {
  return timestamp(() => new Date(clock().getTime() + graceSeconds * 1000));
}

function ofKind(route: ResourceRoute, object: ApiObject): ApiObject {
  if (route.resource !== namespaceType) return object;
  const status = isObject(object["status"]) ? object["status"] : {};
  return { ...object, status: { ...status, phase: "Terminating" } };
}
