// What an adoption changes in addition to the fields of the NICs: MAC addresses that get written, and where the
// network-config is.
import { placeOfNetworkConfig } from "../objects/cloud-init.ts";
import type { ResolvedVm } from "../nic.ts";
import type { VirtualMachine } from "../objects/kubernetes.ts";
import { secretNameOf } from "../objects/ownership.ts";
import type { FieldChange } from "../plan/field-changes.ts";
import { judgeChange, type RunningVm } from "../plan/running-vm.ts";

/** None for a VM that was adopted before and has all of it. `live`: the VM at the API server. */
export function adoptionChanges(
  live: VirtualMachine,
  vm: ResolvedVm,
  running: RunningVm | undefined,
): readonly FieldChange[] {
  const macs = new Map(
    (live.spec.template.spec.domain.devices.interfaces ?? []).map((nic) => [nic.name, nic.macAddress]),
  );
  const own = `Secret ${secretNameOf(vm.name)}`;
  const place = placeOfNetworkConfig(live);
  return [
    ...vm.nics
      .filter(({ name }) => macs.has(name) && macs.get(name) === undefined)
      .map(({ name, mac }) => ({
        field: `networks[${name}].macAddress`,
        nic: name,
        oldValue: "",
        newValue: mac,
        ...judgeChange("mac", running),
      })),
    ...(place === own
      ? []
      : [
          {
            field: "networkConfig",
            nic: "",
            oldValue: place,
            newValue: own,
            ...judgeChange("disks", running),
            ...(running === undefined
              ? {}
              : { reason: "KubeVirt reads the location of the cloud-init data when it starts the VM" }),
          },
        ]),
  ];
}
