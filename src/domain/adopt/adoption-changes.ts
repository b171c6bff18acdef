// What an adoption changes besides the fields of the NICs: MAC addresses that get written, and where the network-config stands.
import { cloudInitVolumeOf } from "../objects/cloud-init.ts";
import type { ResolvedVm } from "../nic.ts";
import type { VirtualMachine } from "../objects/kubernetes.ts";
import { secretNameOf } from "../objects/ownership.ts";
import type { FieldChange } from "../plan/field-changes.ts";
import { judgeChange, type RunningVm } from "../plan/running-vm.ts";

/** None for a VM that was adopted before and has all of it. */
export function adoptionChanges(
  live: VirtualMachine,
  vm: ResolvedVm,
  running: RunningVm | undefined,
): readonly FieldChange[] {
  const before = new Map(
    (live.spec.template.spec.domain.devices.interfaces ?? []).map((nic) => [nic.name, nic.macAddress]),
  );
  const own = `Secret ${secretNameOf(vm.name)}`;
  const old = placeOfNetworkConfig(live);
  return [
    ...vm.nics
      .filter(({ name }) => before.has(name) && before.get(name) === undefined)
      .map(({ name, mac }) => ({
        field: `networks[${name}].macAddress`,
        nic: name,
        oldValue: "",
        newValue: mac,
        ...judgeChange("mac", running),
      })),
    ...(old === own
      ? []
      : [
          {
            field: "networkConfig",
            nic: "",
            oldValue: old,
            newValue: own,
            ...judgeChange("disks", running),
            ...(running === undefined
              ? {}
              : { reason: "KubeVirt reads where cloud-init's data stands when it starts the VM" }),
          },
        ]),
  ];
}

/** Where the guest's network-config stands, in words; empty: nowhere. */
export function placeOfNetworkConfig(vm: VirtualMachine): string {
  const source = cloudInitVolumeOf(vm)?.source;
  if (source?.networkDataSecretRef !== undefined) return `Secret ${source.networkDataSecretRef.name}`;
  return (source?.networkData ?? source?.networkDataBase64) === undefined ? "" : "in the VM itself";
}
