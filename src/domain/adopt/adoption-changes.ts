// What an adoption changes in addition to the fields of the NICs: MAC addresses that the VM did not name, and the
// location of the network-config.
import { placeOfNetworkConfig } from "../objects/cloud-init.ts";
import type { ResolvedVm } from "../nic.ts";
import type { VirtualMachine } from "../objects/kubernetes.ts";
import { secretNameOf } from "../objects/ownership.ts";
import type { FieldChange } from "../plan/field-changes.ts";
import { judgeChange, type RunningVm } from "../plan/running-vm.ts";

/** Empty for a VM that was adopted before and has these. `live`: the VM at the API server. */
export function adoptionChanges(
  live: VirtualMachine,
  vm: ResolvedVm,
  running: RunningVm | undefined,
): readonly FieldChange[] {
  const { interfaces = [] } = live.spec.template.spec.domain.devices;
  const macs = new Map(interfaces.map((nic) => [nic.name, nic.macAddress]));
  const toWrite = vm.nics.filter(({ name }) => macs.has(name) && macs.get(name) === undefined);
  const place = placeOfNetworkConfig(live);
  const own = `Secret ${secretNameOf(vm.name)}`;
  const message = "KubeVirt reads the location of the cloud-init data when it starts the VM";
  const move = { path: "networkConfig", nic: "", oldValue: place, newValue: own };
  const effect = { ...judgeChange("disks", running), ...(running === undefined ? {} : { message }) };
  return [
    ...toWrite.map(({ name, mac }) => ({
      path: `networks[${name}].macAddress`,
      nic: name,
      oldValue: "",
      newValue: mac,
      ...judgeChange("mac", running),
    })),
    ...(place === own ? [] : [{ ...move, ...effect }]),
  ];
}
