// virt-api's mutating and validating webhooks for VirtualMachines, with KubeVirt 1.9.0's verdicts
// (test/vectors/kubevirt-admission). Not checked: instance types, preferences, DataVolumeTemplates, affinity, huge pages,
// CPU pinning, NUMA, maxGuest, launch security, ACPI tables, I/O threads, block sizes.
import { randomUUID } from "node:crypto";
import type { Admission, AdmissionRequest, Refusal } from "../../api/admission.ts";
import { asObject } from "../../api/json.ts";
import type { ApiObject } from "../../api/object.ts";
import { refusalOf } from "./cause.ts";
import type { KubevirtConfiguration } from "../configuration.ts";
import { withStoredDefaults } from "./defaults.ts";
import { decodedSpec, decodingError } from "./go-decoding.ts";
import { validateVirtualMachine } from "./rule-chain.ts";
import { schemaErrors } from "./webhook-schema.ts";

interface VmWrite {
  readonly operation: "CREATE" | "UPDATE";
  readonly object: ApiObject;
}

/** The create or update of a VirtualMachine; undefined for its status, for a deletion and for other resources. */
function vmWrite({ resource, subresource, operation, object }: AdmissionRequest): VmWrite | undefined {
  const isVirtualMachine = resource.group === "kubevirt.io" && resource.plural === "virtualmachines";
  if (!isVirtualMachine || subresource !== undefined || operation === "DELETE" || object === undefined) {
    return undefined;
  }
  return { operation, object };
}

/** Both webhooks check the types first. */
function unreadable(object: ApiObject): Refusal | undefined {
  const errors = schemaErrors(object);
  if (errors.length > 0) return refusalOf(errors.map((message) => ({ message })));
  const message = decodingError(asObject(object["spec"]));
  return message === undefined ? undefined : { code: 400, message };
}

/**
 * `configuration` is called at each write, so a change of the KubeVirt resource applies at once. `newUuid` makes firmware
 * UUIDs and serials. Messages are virt-api's; the API server puts `admission webhook "…" denied the request: ` before them.
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
      const write = vmWrite(request);
      if (write === undefined) return { object: request.object ?? refuseNothing(request) };
      const refusal = unreadable(write.object);
      if (refusal !== undefined) return { refusal };
      if (write.object.metadata["deletionTimestamp"] !== undefined) return { object: write.object };
      const read = decodedSpec(asObject(write.object["spec"]));
      const spec = withStoredDefaults(read, write.operation, configuration(), newUuid);
      return { object: { ...write.object, spec: asObject(spec) } };
    },
    validate(request) {
      const write = vmWrite(request);
      if (write === undefined) return undefined;
      const refusal = unreadable(write.object);
      if (refusal !== undefined) return { refusal };
      if (write.object.metadata["deletionTimestamp"] !== undefined) return undefined;
      const spec = decodedSpec(asObject(write.object["spec"]));
      const verdict = validateVirtualMachine(spec, write.operation, configuration());
      if (verdict !== undefined) return { refusal: verdict };
      return spec.running === undefined
        ? undefined
        : { warnings: ["spec.running is deprecated, please use spec.runStrategy instead."] };
    },
  };
}

/** A deletion has no object, and the API server must not call a mutating webhook for it. */
function refuseNothing({ operation, resource }: AdmissionRequest): never {
  throw new Error(`no object to mutate in a ${operation} of ${resource.plural}`);
}
