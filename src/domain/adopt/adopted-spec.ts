// The spec of a VM whose NICs alone are ours: what was asked for the NICs, and the machine as somebody else made it.
import { readMachine } from "../import/machine.ts";
import { cloudInitVolumeOf, inlineUserData } from "../objects/cloud-init.ts";
import type { VirtualMachine } from "../objects/kubernetes.ts";
import { secretNameOf } from "../objects/ownership.ts";
import type { UserDataSpec, VmSpec } from "../spec.ts";

/** Everything of a spec but the NICs and what belongs to them. */
export type Machine = Pick<VmSpec, "cpu" | "memory" | "bootDisk" | "disks" | "runStrategy" | "userData">;

/** The machine part of a VM that somebody else made. User-data in Secrets of theirs is named and not read. */
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

/** What is asked for, with the machine as it is where nothing is said of it. */
export function withMachineOf(spec: VmSpec, vm: VirtualMachine): VmSpec {
  return { ...machineOf(vm), ...spec };
}

/** The part that is recorded: only the NICs are ours to remember. */
export function nicPartOf({ namespace, name, guest, routing, networks }: VmSpec): VmSpec {
  return {
    namespace,
    name,
    ...(guest === undefined ? {} : { guest }),
    ...(routing === undefined ? {} : { routing }),
    networks,
  };
}
