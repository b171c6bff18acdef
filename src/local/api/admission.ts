// Admission: the embedded API's counterpart of the webhooks that a real API server calls before it stores a write.
import type { ApiObject } from "./object.ts";
import type { ResourceRoute } from "./route.ts";
import { type Cause, ApiError } from "./status.ts";

/** One write to decide on. `object` is undefined on DELETE, `oldObject` on CREATE. */
export interface AdmissionRequest {
  readonly operation: "CREATE" | "UPDATE" | "DELETE";
  readonly resource: { readonly group: string; readonly version: string; readonly plural: string };
  readonly subresource: string | undefined;
  readonly namespace: string | undefined;
  readonly name: string;
  readonly object: ApiObject | undefined;
  readonly oldObject: ApiObject | undefined;
  readonly dryRun: boolean;
}

/** Why a write is refused; `causes` become the Status object's details.causes. */
export interface Refusal {
  readonly code: number;
  readonly reason?: string;
  readonly message: string;
  readonly causes?: readonly Cause[];
}

/**
 * A pair of webhooks. The API server calls `mutate`, then checks the schema, then calls `validate`.
 * Neither may change its argument.
 */
export interface Admission {
  /** Names of the webhooks: the API server prefixes their messages with `admission webhook "NAME" denied the request: `. */
  readonly names: { readonly mutate: string; readonly validate: string };
  /** The object to continue with (the same one when nothing changes), or a refusal. */
  mutate?(request: AdmissionRequest): { readonly object: ApiObject } | { readonly refusal: Refusal };
  /** undefined admits the write; warnings reach the client as Warning headers. */
  validate?(
    request: AdmissionRequest,
  ): { readonly refusal: Refusal } | { readonly warnings: readonly string[] } | undefined;
}

export function admissionRequest(
  { resource: { group, version, plural }, subresource, namespace }: ResourceRoute,
  dryRun: boolean,
  write: Pick<AdmissionRequest, "operation" | "name" | "object" | "oldObject">,
): AdmissionRequest {
  return { ...write, resource: { group, version, plural }, subresource, namespace, dryRun };
}

/** The object after every `mutate`, in order. @throws ApiError with the first refusal. */
export function mutated(
  admission: readonly Admission[],
  request: AdmissionRequest,
  object: ApiObject,
): ApiObject {
  let current = object;
  for (const webhooks of admission) {
    const verdict = webhooks.mutate?.({ ...request, object: current });
    if (verdict === undefined) continue;
    if ("refusal" in verdict) throw denied(webhooks.names.mutate, verdict.refusal);
    current = verdict.object;
  }
  return current;
}

/** Calls every `validate`, in order, and returns their warnings. @throws ApiError with the first refusal. */
export function validated(admission: readonly Admission[], request: AdmissionRequest): readonly string[] {
  return admission.flatMap((webhooks) => {
    const verdict = webhooks.validate?.(request) ?? { warnings: [] };
    if ("refusal" in verdict) throw denied(webhooks.names.validate, verdict.refusal);
    return verdict.warnings;
  });
}

const reasons: Readonly<Record<number, string>> = { 403: "Forbidden", 422: "Invalid" };

function denied(webhook: string, refusal: Refusal): ApiError {
  const { code, reason = reasons[code] ?? "", causes = [] } = refusal;
  const message = `admission webhook "${webhook}" denied the request: ${refusal.message}`;
  return new ApiError(code, reason, message, { causes });
}
