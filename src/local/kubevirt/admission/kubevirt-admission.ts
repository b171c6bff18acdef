// The two webhooks of KubeVirt's virt-api for VirtualMachines, played for the embedded API: defaults, then the rules.
// Judged as KubeVirt 1.9.0 judges (test/vectors/kubevirt-admission); what is not looked at: instance types, preferences,
// DataVolumeTemplates, affinity, huge pages, CPU pinning, NUMA, maxGuest, launch security, ACPI tables, I/O threads, block sizes.
import { randomUUID } from "node:crypto";
import type { Admission, AdmissionRequest, Refusal } from "../../api/admission.ts";
import { asObject } from "../../api/json.ts";
import type { ApiObject } from "../../api/object.ts";
import { refusalOf } from "./cause.ts";
import type { KubevirtConfiguration } from "../configuration.ts";
import { withStoredDefaults } from "./defaults.ts";
import { decodedSpec, decodingError } from "./go-decoding.ts";
import { judgeVirtualMachine } from "./rule-chain.ts";
import { schemaErrors } from "./webhook-schema.ts";

interface Judged {
  readonly operation: "CREATE" | "UPDATE";
  readonly object: ApiObject;
}

/** The write of a VirtualMachine itself; neither its status, nor a removal, nor a change of one that is going away. */
function judged({ resource, subresource, operation, object }: AdmissionRequest): Judged | undefined {
  const isVirtualMachine = resource.group === "kubevirt.io" && resource.plural === "virtualmachines";
  if (!isVirtualMachine || subresource !== undefined || operation === "DELETE" || object === undefined) {
    return undefined;
  }
  return { operation, object };
}

/** Types first, as both webhooks do. */
function unreadable(object: ApiObject): Refusal | undefined {
  const errors = schemaErrors(object);
  if (errors.length > 0) return refusalOf(errors.map((message) => ({ message })));
  const message = decodingError(asObject(object["spec"]));
  return message === undefined ? undefined : { code: 400, message };
}

function warningsFor(object: ApiObject): string[] {
  return asObject(object["spec"])["running"] === undefined
    ? []
    : ["spec.running is deprecated, please use spec.runStrategy instead."];
}

/**
 * The judge. `configuration` is asked at each write, so that a change of the KubeVirt resource counts at once.
 * `newUuid` names the firmware of new VMs. Messages are virt-api's own: the API server puts its
 * `admission webhook "…" denied the request: ` before them.
 */
export function createKubevirtAdmission(
  configuration: () => KubevirtConfiguration,
  newUuid: () => string = randomUUID,
): Admission & Required<Pick<Admission, "mutate" | "validate">> {
  return {
    names: {
      mutate: "virtualmachines-mutator.kubevirt.io",
      validate: "virtualmachine-validator.kubevirt.io",
    },
    mutate(request) {
      const write = judged(request);
      if (write === undefined) return { object: request.object ?? refuseNothing(request) };
      const refusal = unreadable(write.object);
      if (refusal !== undefined) return { refusal };
      if (write.object.metadata["deletionTimestamp"] !== undefined) return { object: write.object };
      const read = decodedSpec(asObject(write.object["spec"]));
      const spec = withStoredDefaults(read, write.operation, configuration(), newUuid);
      return { object: { ...write.object, spec: asObject(spec) } };
    },
    validate(request) {
      const write = judged(request);
      if (write === undefined) return undefined;
      const refusal = unreadable(write.object);
      if (refusal !== undefined) return { refusal };
      if (write.object.metadata["deletionTimestamp"] !== undefined) return undefined;
      const spec = decodedSpec(asObject(write.object["spec"]));
      const verdict = judgeVirtualMachine(spec, write.operation, configuration());
      if (verdict !== undefined) return { refusal: verdict };
      const warnings = warningsFor(write.object);
      return warnings.length > 0 ? { warnings } : undefined;
    },
  };
}

/** A removal has no object to go on with, so nothing may be asked to change it. */
function refuseNothing({ operation, resource }: AdmissionRequest): never {
  throw new Error(`no object to mutate in a ${operation} of ${resource.plural}`);
}
