// Asking the judges: what they are told of a write, and how their verdicts reach the client.
import type { AdmissionRequest, Refusal } from "./admission.ts";
import type { Context, WriteOptions } from "./context.ts";
import { type ApiObject, meta } from "./object.ts";
import type { ResourceRoute } from "./route.ts";
import { ApiError } from "./status.ts";

type Operation = "CREATE" | "UPDATE" | "DELETE";

/** How a refusal of a judge reaches the client. */
function refused(refusal: Refusal): ApiError {
  const reason =
    refusal.reason ?? (refusal.code === 422 ? "Invalid" : refusal.code === 403 ? "Forbidden" : "");
  return new ApiError(refusal.code, reason, refusal.message, { causes: refusal.causes ?? [] });
}

/** What a judge is asked of a write. */
export function admissionRequest(
  operation: Operation,
  route: ResourceRoute,
  name: string,
  object: ApiObject | undefined,
  oldObject: ApiObject | undefined,
  options: WriteOptions,
): AdmissionRequest {
  const { group, version, plural } = route.resource;
  return {
    operation,
    resource: { group, version, plural },
    subresource: route.subresource,
    namespace: route.namespace,
    name,
    object,
    oldObject,
    dryRun: options.dryRun,
  };
}

function denied(webhook: string, refusal: Refusal): Refusal {
  return { ...refusal, message: `admission webhook "${webhook}" denied the request: ${refusal.message}` };
}

/** The object with every judge's changes, one after the other. @throws ApiError with the first refusal. */
export function mutated(context: Context, request: AdmissionRequest, object: ApiObject): ApiObject {
  let current = object;
  for (const judge of context.admission) {
    const verdict = judge.mutate?.({ ...request, object: current });
    if (verdict === undefined) continue;
    if ("refusal" in verdict) throw refused(denied(judge.names.mutate, verdict.refusal));
    current = verdict.object;
  }
  return current;
}

/** Asks every judge. @throws ApiError with the first refusal. */
export function judge(context: Context, request: AdmissionRequest, options: WriteOptions): void {
  for (const admission of context.admission) {
    const verdict = admission.validate?.(request);
    if (verdict === undefined) continue;
    if ("refusal" in verdict) throw refused(denied(admission.names.validate, verdict.refusal));
    options.warnings.push(...verdict.warnings);
  }
}

/** The admission request of a deletion. */
export function deletion(route: ResourceRoute, old: ApiObject, options: WriteOptions): AdmissionRequest {
  return admissionRequest("DELETE", route, meta(old, "name"), undefined, old, options);
}
