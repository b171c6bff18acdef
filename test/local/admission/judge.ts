// Runs a VirtualMachine through the checks of a cluster with KubeVirt 1.9, for tests that create VMs.
import type { KubernetesObject } from "../../../src/domain/objects/kubernetes.ts";
import type { AdmissionRequest, Refusal } from "../../../src/local/api/admission.ts";
import type { ApiObject } from "../../../src/local/api/object.ts";
import { prune } from "../../../src/local/api/schema-prune.ts";
import { schemaCauses } from "../../../src/local/api/schema-validate.ts";
import { invalid } from "../../../src/local/api/status.ts";
import type { KubevirtConfiguration } from "../../../src/local/kubevirt/configuration.ts";
import { createKubevirtAdmission } from "../../../src/local/kubevirt/admission/kubevirt-admission.ts";
import { virtualMachineSchema } from "../../../src/local/kubevirt/admission/webhook-schema.ts";

/** The object as the API server decodes it: untyped JSON. */
export function toApiObject(object: KubernetesObject): ApiObject {
  return object as unknown as ApiObject;
}

/** `stage` is the step that refused; `object` is what would be stored. */
export type Review = { readonly pruned: readonly string[] } & (
  | { readonly allowed: true; readonly object: ApiObject; readonly warnings: readonly string[] }
  | {
      readonly allowed: false;
      readonly stage: "mutating-webhook" | "crd-schema" | "validating-webhook";
      readonly refusal: Refusal;
    }
);

const subject = { group: "kubevirt.io", plural: "virtualmachines", kind: "VirtualMachine" };

function byField(a: { readonly field?: string }, b: { readonly field?: string }): number {
  return (a.field ?? "").localeCompare(b.field ?? "");
}

interface ReviewOptions {
  /** The stored object; if given, the write is an update. */
  readonly oldObject?: KubernetesObject;
  readonly configuration?: KubevirtConfiguration;
}

/** The stages of a write: pruning, mutating webhook, CRD schema, validating webhook. */
export function reviewVirtualMachine(
  given: KubernetesObject,
  { oldObject, configuration = {} }: ReviewOptions = {},
): Review {
  const admission = createKubevirtAdmission(() => configuration);
  const schema = virtualMachineSchema();
  const { value, unknown: pruned } = prune(toApiObject(given), schema);
  const request: AdmissionRequest = {
    operation: oldObject === undefined ? "CREATE" : "UPDATE",
    resource: { group: "kubevirt.io", version: "v1", plural: "virtualmachines" },
    subresource: undefined,
    namespace: given.metadata.namespace,
    name: given.metadata.name,
    object: value as ApiObject,
    oldObject: oldObject === undefined ? undefined : toApiObject(oldObject),
    dryRun: false,
  };
  const mutated = admission.mutate(request);
  if ("refusal" in mutated) {
    return { allowed: false, stage: "mutating-webhook", refusal: mutated.refusal, pruned };
  }
  const { object } = mutated;
  const causes = schemaCauses(object, schema).toSorted(byField);
  if (causes.length > 0) {
    const { code, reason, message } = invalid(subject, given.metadata.name, causes);
    return { allowed: false, stage: "crd-schema", refusal: { code, reason, message, causes }, pruned };
  }
  const verdict = admission.validate({ ...request, object });
  if (verdict !== undefined && "refusal" in verdict) {
    return { allowed: false, stage: "validating-webhook", refusal: verdict.refusal, pruned };
  }
  return { allowed: true, object, warnings: verdict?.warnings ?? [], pruned };
}

/** Whether a cluster with KubeVirt accepts the VirtualMachine, and if not, why. */
export function admitVirtualMachine(
  object: KubernetesObject,
  options: ReviewOptions = {},
): { readonly allowed: boolean; readonly message: string; readonly causes: Refusal["causes"] & {} } {
  const review = reviewVirtualMachine(object, options);
  return review.allowed
    ? { allowed: true, message: "", causes: [] }
    : { allowed: false, message: review.refusal.message, causes: review.refusal.causes ?? [] };
}
