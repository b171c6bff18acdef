// The VMI that a VM starts (KubeVirt: SetupVMIFromVM, startVMI), and the record of what it was started from.
import type { OwnerReference, VirtualMachineInstanceSpec } from "../../../domain/objects/kubernetes.ts";
import { type KubevirtConfiguration, rollsOutLive } from "../configuration.ts";
import { withDefaultNetwork } from "../default-network.ts";
import { finalizers } from "../resources.ts";
import { firmwareUuid } from "./firmware-uuid.ts";
import { withPluggableMemory } from "./memory.ts";
import type { ControllerRevision, Vm, Vmi } from "./objects.ts";

/** On VMIs: the generation of the VM that it is equal to. */
export const generationAnnotation = "kubevirt.io/vm-generation";

/** Name of the ControllerRevision of a start. */
export function revisionName(vm: Vm): string {
  return `revision-start-vm-${vm.metadata.uid ?? ""}-${vm.metadata.generation ?? 0}`;
}

/** The VM's spec at its start, kept to tell later what has changed since. */
export function startRevision(vm: Vm): ControllerRevision {
  return {
    apiVersion: "apps/v1",
    kind: "ControllerRevision",
    metadata: {
      name: revisionName(vm),
      ...namespaceOf(vm),
      ownerReferences: [ownedBy(vm)],
    },
    data: { spec: vm.spec },
    revision: vm.metadata.generation ?? 0,
  };
}

/**
 * One run of the VM: its template, with a firmware UUID and at least one NIC unless it wants none.
 * @throws an Error when the configuration allows no default for the NIC.
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

/** The reference by which `owner` controls another object. */
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
