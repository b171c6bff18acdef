// The spec of an adopted VM: its NICs as asked for, its machine part as whoever created the VM set it up.
import { readMachine } from "../import/machine.ts";
import { cloudInitVolumeOf, inlineUserData } from "../objects/cloud-init.ts";
import type { VirtualMachine } from "../objects/kubernetes.ts";
import { secretNameOf } from "../objects/ownership.ts";
import type { UserDataSpec, VmSpec } from "../spec.ts";

/** Everything of a spec except the NICs and what belongs to them. */
export type Machine = Pick<VmSpec, "cpu" | "memory" | "bootDisk" | "disks" | "runStrategy" | "userData">;

/** The machine part of a VM that multinic did not create. User-data in a Secret is named and not read. */
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

/** What is asked for; the fields of the machine that are not given are as the VM has them. */
export function withMachineOf(spec: VmSpec, vm: VirtualMachine): VmSpec {
  return { ...machineOf(vm), ...spec };
}

/** The part of the spec that an adoption takes over and records: the NICs and what the guest does with them. */
export function nicPartOf({ namespace, name, guest, routing, networks }: VmSpec): VmSpec {
  return {
    namespace,
    name,
    ...(guest === undefined ? {} : { guest }),
    ...(routing === undefined ? {} : { routing }),
    networks,
  };
}
