// The whole check of a VM: resolve, then every rule, every finding at once, in the order of the input.
import type { Catalogue } from "./catalogue.ts";
import type { Facts } from "./facts.ts";
import type { Finding } from "./findings.ts";
import { lackedFacts } from "./lacked-facts.ts";
import type { ResolvedVm } from "./nic.ts";
import { configOf, resolveVm } from "./resolve/resolve-vm.ts";
import type { VmSpec } from "./spec.ts";
import { adoptionChecks } from "./validate/adoption-checks.ts";
import { addressChecks } from "./validate/address-checks.ts";
import { attachmentChecks } from "./validate/attachment-checks.ts";
import { clusterNetworkChecks } from "./validate/cluster-network-checks.ts";
import { nicContext, runChecks } from "./validate/context.ts";
import { guestChecks } from "./validate/guest-checks.ts";
import { inUseChecks } from "./validate/in-use-checks.ts";
import { machineChecks, maxDevices } from "./validate/machine-checks.ts";
import { nadChecks } from "./validate/nad-checks.ts";
import { nicChecks } from "./validate/nic-checks.ts";
import { nodeChecks } from "./validate/node-checks.ts";
import { objectNameChecks } from "./validate/object-name-checks.ts";
import { rendererChecks, rendererVmChecks } from "./validate/renderer-checks.ts";
import { routingChecks } from "./validate/route-checks.ts";
import { routingVmChecks, trafficChecks } from "./validate/routing-checks.ts";

export interface CheckedVm {
  readonly vm: ResolvedVm;
  /** The VM as a whole first, then NIC by NIC. */
  readonly findings: readonly Finding[];
  /** What these facts did not allow to check. */
  readonly unchecked: readonly string[];
}

const checksOfVm = [
  ...machineChecks,
  ...objectNameChecks,
  ...adoptionChecks,
  ...guestChecks,
  ...rendererVmChecks,
  ...routingVmChecks,
];
const checksOfNic = [
  ...nicChecks,
  ...attachmentChecks,
  ...nadChecks,
  ...nodeChecks,
  ...addressChecks,
  ...inUseChecks,
  ...clusterNetworkChecks,
  ...rendererChecks,
  ...routingChecks,
  ...trafficChecks,
];

/** NICs beyond what a VM can have (LIMIT_EXCEEDED) are not looked at: their number may be anything. */
export function checkVm(asked: VmSpec, catalogue: Catalogue, facts: Facts): CheckedVm {
  const spec =
    asked.networks.length > maxDevices ? { ...asked, networks: asked.networks.slice(0, maxDevices) } : asked;
  const { vm, findings: unreadable } = resolveVm(spec, catalogue, facts);
  const context = { spec, asked, vm, catalogue, facts };
  const ofNic = (field: string) => (found: Finding) =>
    found.field === field || found.field.startsWith(`${field}.`);
  const isOfSomeNic = (found: Finding) => vm.nics.some(({ field }) => ofNic(field)(found));
  return {
    vm,
    findings: [
      ...unreadable.filter((found) => !isOfSomeNic(found)),
      ...runChecks(checksOfVm, context),
      ...vm.nics.flatMap((nic) => [
        ...unreadable.filter(ofNic(nic.field)),
        ...runChecks(checksOfNic, nicContext(context, nic, configOf(spec, nic))),
      ]),
    ],
    unchecked: lackedFacts(context),
  };
}
