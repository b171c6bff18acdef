// The drift of a VM: compares its recorded spec with its objects and its guest, field by field.
import { bounded } from "../bounded-text.ts";
import type { Catalogue } from "../catalogue.ts";
import { compileVm } from "../compile/compile.ts";
import { noFacts } from "../facts.ts";
import { readNetworkConfig } from "../import/network-config.ts";
import { secretText } from "../objects/cloud-init.ts";
import type { VmObjects } from "../import/import-vm.ts";
import type { VirtualMachine } from "../objects/kubernetes.ts";
import { secretNameOf } from "../objects/ownership.ts";
import type { VmSpec } from "../spec.ts";
import { resolveVm } from "../resolve/resolve-vm.ts";
import type { Drift } from "./drift.ts";
import { guestDrift } from "./guest-drift.ts";
import { networkConfigDrift } from "./network-config-drift.ts";
import { objectDrift } from "./object-drift.ts";

/** A guest can report any number of addresses. */
const maxActual = 1_024;

/** `spec`: as recorded; without a record there is no drift. */
export function driftOf(
  objects: VmObjects,
  spec: VmSpec | undefined,
  catalogue: Catalogue,
): readonly Drift[] {
  if (spec === undefined) return [];
  const { vm } = resolveVm(spec, catalogue, { ...noFacts, vm: withAppliedMacs(objects) });
  const attached = vm.nics.every(({ attachment }) => attachment !== undefined);
  const compiled = attached ? compileVm(spec, vm) : undefined;
  return [
    ...(compiled === undefined ? [] : objectDrift({ vm, compiled }, objects)),
    ...(compiled === undefined ? [] : networkConfigDrift({ vm, compiled }, objects)),
    ...guestDrift(vm.nics, objects.vmi),
  ].map((drift) => ({ ...drift, actual: bounded(drift.actual, maxActual) }));
}

/**
 * The VM with the MAC addresses that its network-config has, which are those applied last, even if an address that the
 * spec does not name was changed in the VM.
 */
function withAppliedMacs({ vm, secrets }: VmObjects): VirtualMachine {
  const secret = secrets.get(secretNameOf(vm.metadata.name));
  const { nics } = readNetworkConfig((secret && secretText(secret, "networkdata")) ?? "");
  const applied = new Map(nics.map(({ setName, mac }) => [setName, mac]));
  const { template } = vm.spec;
  const { devices } = template.spec.domain;
  const interfaces = (devices.interfaces ?? []).map((nic) => {
    const macAddress = applied.get(nic.name) ?? nic.macAddress;
    return { ...nic, ...(macAddress === undefined ? {} : { macAddress }) };
  });
  const domain = { ...template.spec.domain, devices: { ...devices, interfaces } };
  return { ...vm, spec: { ...vm.spec, template: { ...template, spec: { ...template.spec, domain } } } };
}
