// Checks a VM: resolves it, runs all checks, and returns all findings in the order of the input.
import type { Catalogue } from "../catalogue.ts";
import type { Facts } from "../facts.ts";
import { type Finding, withUnread } from "../findings.ts";
import { withinLimits } from "../limits.ts";
import { lackedFacts } from "./lacked-facts.ts";
import type { ResolvedVm } from "../nic.ts";
import type { PredictedRouting } from "../routing/predicted-routes.ts";
import { configOf, resolveVm } from "../resolve/resolve-vm.ts";
import type { VmSpec } from "../spec.ts";
import { adoptionChecks, isForAdoption } from "./adoption-checks.ts";
import { addressChecks } from "./address-checks.ts";
import { attachmentChecks } from "./attachment-checks.ts";
import { nicContext, runChecks, vlanOfNic, vmContext } from "./context.ts";
import { guestChecks } from "./guest-checks.ts";
import { inUseChecks } from "./in-use-checks.ts";
import { machineChecks } from "./machine-checks.ts";
import { labelChecks } from "./label-checks.ts";
import { nadChecks } from "./nad-checks.ts";
import { nicChecks } from "./nic-checks.ts";
import { nodeChecks } from "./node-checks.ts";
import { objectNameChecks } from "./object-name-checks.ts";
import { rendererChecks, rendererVmChecks } from "./renderer-checks.ts";
import { resetChecks } from "./reset-checks.ts";
import { routeChecks } from "./route-checks.ts";
import { routingVmChecks, trafficChecks } from "./traffic-checks.ts";

export interface CheckedVm {
  readonly vm: ResolvedVm;
  /** The VLAN of each NIC, 0 for untagged; undefined if it is not known, and on the pod network. */
  readonly vlans: readonly (number | undefined)[];
  readonly routing: PredictedRouting;
  /** First of reading the input, then of the VM as a whole, then NIC by NIC. */
  readonly findings: readonly Finding[];
  /** The network of each NIC (segment.ts); undefined on the pod network, and if it is not known. */
  readonly segments: readonly (string | undefined)[];
  /** Checks that were not done because facts are missing. */
  readonly unchecked: readonly string[];
}

const checksOfVm = [
  ...machineChecks,
  ...objectNameChecks,
  ...labelChecks,
  ...adoptionChecks,
  ...resetChecks,
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
  ...rendererChecks,
  ...routeChecks,
  ...trafficChecks,
];

export interface CheckOptions {
  /** Findings of reading the input that the spec comes from. */
  readonly unread?: readonly Finding[] | undefined;
  /** Set if the spec is for an adopted VM, of which only the NICs are checked: importVm's notes on the VM. */
  readonly adoptionNotes?: readonly string[] | undefined;
  /** Set if an apply of the spec replaces all of this VM: the VM as last applied. */
  readonly replaced?: ResolvedVm | undefined;
}

/** What is beyond a limit (LIMIT_EXCEEDED) is not checked, so that the time is bounded. */
export function checkVm(
  asked: VmSpec,
  catalogue: Catalogue,
  facts: Facts,
  { unread = [], adoptionNotes, replaced }: CheckOptions = {},
): CheckedVm {
  const { vm: spec, findings: overLimits } = withinLimits(asked);
  const { vm, findings: unreadable } = resolveVm(spec, catalogue, facts);
  const context = vmContext({ spec, asked, vm, catalogue, facts, adoptionNotes, replaced });
  const nics = vm.nics.map((nic) => nicContext(context, nic, configOf(spec, nic)));
  const unreadableOf = Map.groupBy(unreadable, ({ field }) => /^networks\[\d+\]/.exec(field)?.[0]);
  const all = [
    ...overLimits,
    ...(unreadableOf.get(undefined) ?? []),
    ...runChecks(checksOfVm, context),
    ...nics.flatMap((of) => [...(unreadableOf.get(of.nic.field) ?? []), ...runChecks(checksOfNic, of)]),
  ];
  return {
    vm,
    vlans: nics.map(vlanOfNic),
    routing: context.routing,
    findings: withUnread(unread, adoptionNotes === undefined ? all : all.filter(isForAdoption)),
    segments: nics.map(({ uplink }) => uplink?.segment),
    unchecked: lackedFacts(context),
  };
}
