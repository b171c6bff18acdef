// The spec of an adopted VM: its NICs as requested, the rest as the VM has it.
import { readMachine } from "../import/machine.ts";
import { cloudInitVolumeOf, inlineUserData } from "../objects/cloud-init.ts";
import type { VirtualMachine } from "../objects/kubernetes.ts";
import { secretNameOf } from "../objects/ownership.ts";
import type { UserDataSpec, VmSpec } from "../spec.ts";

/** The part of a spec that does not concern the NICs. */
export type Machine = Pick<VmSpec, "cpu" | "memory" | "bootDisk" | "disks" | "runStrategy" | "userData">;

/** The machine part of a VM that multinic did not create. Of user-data in a Secret only the name is read. */
export function machineOf(vm: VirtualMachine): Machine {
  const userData = userDataOf(vm);
  return { ...readMachine(vm), ...(userData === undefined ? {} : { userData }) };
}

function userDataOf(vm: VirtualMachine): UserDataSpec | undefined {
  const volume = cloudInitVolumeOf(vm);
  if (volume === undefined) return undefined;
  const { secretRef } = volume.source;
  if (secretRef !== undefined) {
    return secretRef.name === secretNameOf(vm.metadata.name) ? undefined : { secretName: secretRef.name };
  }
  const text = inlineUserData(volume);
  return text === undefined ? undefined : { text };
}

/** The spec, with fields of the machine part that it does not have taken from the VM. */
export function withMachineOf(spec: VmSpec, vm: VirtualMachine): VmSpec {
  return { ...machineOf(vm), ...spec };
}

/** The part of the spec that an adoption records: the NICs and their configuration in the guest. */
export function nicPartOf({ namespace, name, guest, routing, networks }: VmSpec): VmSpec {
  return {
    namespace,
    name,
    ...(guest === undefined ? {} : { guest }),
    ...(routing === undefined ? {} : { routing }),
    networks,
  };
}
