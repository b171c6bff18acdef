// The VMI that a VM starts (KubeVirt: SetupVMIFromVM, startVMI), and the revision that records the VM's spec at the start.
import { createHash } from "node:crypto";
import type { OwnerReference, VirtualMachineInstanceSpec } from "../../../domain/objects/kubernetes.ts";
import { type KubevirtConfiguration, rollsOutLive } from "../configuration.ts";
import { withDefaultNetwork } from "../default-network.ts";
import { finalizers } from "../resources.ts";
import { withPluggableMemory } from "./memory.ts";
import type { ControllerRevision, Vm, Vmi } from "./objects.ts";

/** On VMIs: the generation of the VM that the VMI equals. */
export const generationAnnotation = "kubevirt.io/vm-generation";

/** Name of the ControllerRevision of a start. */
export function revisionName(vm: Vm): string {
  return `revision-start-vm-${vm.metadata.uid ?? ""}-${vm.metadata.generation ?? 0}`;
}

/** Records the VM's spec at the start, to find later changes. */
export function startRevision(vm: Vm): ControllerRevision {
  return {
    apiVersion: "apps/v1",
    kind: "ControllerRevision",
    metadata: { name: revisionName(vm), ...namespaceOf(vm), ownerReferences: [ownedBy(vm)] },
    data: { spec: vm.spec },
    revision: vm.metadata.generation ?? 0,
  };
}

/**
 * The VM's template with a firmware UUID and, unless it refuses one, at least one NIC.
 * @throws an Error when the configuration allows no default NIC.
 */
export function newVmi(vm: Vm, configuration: KubevirtConfiguration = {}): Vmi {
  const network = withDefaultNetwork(structuredClone(vm.spec.template.spec), configuration);
  if ("failure" in network) throw new Error(network.failure);
  const { labels, annotations } = vm.spec.template.metadata ?? {};
  const vmi: Vmi = {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachineInstance",
    metadata: {
      name: vm.metadata.name,
      ...namespaceOf(vm),
      ...(labels === undefined ? {} : { labels }),
      annotations: { ...annotations, [generationAnnotation]: String(vm.metadata.generation ?? 0) },
      ownerReferences: [ownedBy(vm)],
      finalizers: [finalizers.vm, finalizers.vmi],
    },
    spec: withFirmware(network.spec, vm.metadata.name),
    status: { phase: "Pending", virtualMachineRevisionName: revisionName(vm) },
  };
  return withPluggableMemory(vmi, rollsOutLive(configuration));
}

function namespaceOf(vm: Vm): { namespace?: string } {
  return vm.metadata.namespace === undefined ? {} : { namespace: vm.metadata.namespace };
}

/** The owner reference for an object that `owner` controls. */
export function ownedBy(owner: Vm | Vmi): OwnerReference {
  return {
    apiVersion: owner.apiVersion,
    kind: owner.kind,
    name: owner.metadata.name,
    uid: owner.metadata.uid ?? "",
    controller: true,
    blockOwnerDeletion: true,
  };
}

function withFirmware(spec: VirtualMachineInstanceSpec, vmName: string): VirtualMachineInstanceSpec {
  const uuid = spec.domain.firmware?.uuid ?? "";
  const firmware = { ...spec.domain.firmware, uuid: uuid === "" ? firmwareUuid(vmName) : uuid };
  return { ...spec, domain: { ...spec.domain, firmware } };
}

/** KubeVirt's namespace for these UUIDs (watch/vm/firmware.go). */
const uuidNamespace = Buffer.from("6a1a24a1406146078bf4a3963d0c5895", "hex");

/** The firmware UUID of a VM that has none: the name-based UUID (version 5, RFC 9562) of its name, so it never changes. */
export function firmwareUuid(vmName: string): string {
  const bytes = createHash("sha1").update(uuidNamespace).update(vmName).digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
