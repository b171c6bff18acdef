// What an adoption changes in addition to the fields of the NICs: MAC addresses that get written, and where the network-config is.
import { placeOfNetworkConfig } from "../objects/cloud-init.ts";
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
              : { reason: "KubeVirt looks up where cloud-init's data is when it starts the VM" }),
          },
        ]),
  ];
}
