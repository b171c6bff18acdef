// The input of the checks: the VM as requested and as resolved, with the facts about the cluster.
import type { Catalogue } from "../catalogue.ts";
import { type CniConfig, readCniConfig, type Unreadable } from "../network/cni.ts";
import type { ClusterNetwork, Facts, NodeIndex } from "../facts.ts";
import type { Finding } from "../findings.ts";
import { maxRules } from "../limits.ts";
import type { Nic, ResolvedVm } from "../nic.ts";
import { clusterNetworks } from "../network/cluster-networks.ts";
import { noNodes } from "../network/nodes.ts";
import { type PredictedRoute, type PredictedRouting, predictRouting } from "../routing/predicted-routes.ts";
import { indexRoutes, type RouteIndex } from "../routing/route-index.ts";
import { countRules } from "../routing/source-routing.ts";
import type { Uplink } from "../network/carriers/uplink.ts";
import { vlanOfNad } from "../network/nad-vlan.ts";
import { uplinkOfNad, uplinkOfNetwork } from "../network/segment.ts";
import type { NetworkConfig, VmSpec } from "../spec.ts";
import { indexSubnets, type NicSubnets, type SubnetIndex } from "./subnet-index.ts";

export interface VmContext {
  /** As requested, without NICs beyond the limit. */
  readonly spec: VmSpec;
  readonly asked: VmSpec;
  readonly vm: ResolvedVm;
  readonly catalogue: Catalogue;
  readonly facts: Facts;
  /** For an adopted VM: parts of it that a spec cannot express; otherwise undefined. */
  readonly adoptionNotes: readonly string[] | undefined;
  /** The VM as last applied, all of which the spec replaces; undefined if there is none or parts of it stay. */
  readonly replaced: ResolvedVm | undefined;
  readonly nodes: NodeIndex;
  /** Without rules and their routes if there would be more than `maxRules`. */
  readonly routing: PredictedRouting;
  readonly routes: RouteIndex;
  readonly subnets: SubnetIndex;
  /** Of source-based routing. */
  readonly ruleCount: number;
  /** Networks of the cluster that the guest can reach; empty if the guest is not on the pod network. */
  readonly clusterNetworks: readonly ClusterNetwork[];
}

export interface NicContext extends VmContext {
  readonly nic: Nic;
  readonly config: NetworkConfig;
  /** The addresses of this NIC. */
  readonly own: NicSubnets;
  /** In the main table, in order of configuration. */
  readonly ownRoutes: readonly PredictedRoute[];
  /** undefined if the NIC names no NAD, or the NADs of the cluster are not known. */
  readonly nad: GivenNad | undefined;
  /** undefined on the pod network, and if it is not known. */
  readonly uplink: Uplink | undefined;
}

/** The NAD that the NIC names, read once for all checks. */
export interface GivenNad {
  /** NAMESPACE/NAME. */
  readonly name: string;
  /** undefined: the NAD does not exist. */
  readonly cni: CniConfig | Unreadable | undefined;
  /** 0: untagged; undefined: not known. */
  readonly vlan: number | undefined;
}

export function vmContext(
  given: Omit<VmContext, "nodes" | "routing" | "routes" | "subnets" | "ruleCount" | "clusterNetworks">,
): VmContext {
  const { vm, facts, catalogue } = given;
  const ruleCount = vm.routing === "policy" ? countRules(vm.nics) : 0;
  const routing = predictRouting(vm.nics, ruleCount > maxRules ? "main" : vm.routing);
  return {
    ...given,
    nodes: facts.nodes ?? noNodes,
    routing,
    routes: indexRoutes(routing),
    subnets: indexSubnets(vm.nics),
    ruleCount,
    clusterNetworks: vm.nics.some(({ type }) => type === "pod") ? clusterNetworks(facts, catalogue) : [],
  };
}

export function nicContext(context: VmContext, nic: Nic, config: NetworkConfig): NicContext {
  const nad = givenNad(context, nic);
  const ownRoutes = context.routing.byNic[nic.index] ?? [];
  const own = context.subnets.ofNics[nic.index];
  if (own === undefined) throw new Error(`${nic.field} is a NIC of another VM`);
  return { ...context, nic, config, own, ownRoutes, nad, uplink: uplinkOf(nic, nad) };
}

function givenNad({ facts: { nads }, catalogue }: VmContext, { attachment }: Nic): GivenNad | undefined {
  if (attachment?.kind !== "given" || nads === undefined) return undefined;
  const name = `${attachment.namespace}/${attachment.name}`;
  const object = nads.get(name);
  const cni = object && readCniConfig(object);
  const vlan = cni === undefined || "problem" in cni ? undefined : vlanOfNad(cni, catalogue);
  return { name, cni, vlan };
}

/** The VLAN of the NIC, 0 for untagged; undefined if it is not known, and on the pod network. */
export function vlanOfNic({ nic, nad }: NicContext): number | undefined {
  const { attachment, vlanId, givenVlanId } = nic;
  if (attachment?.kind === "pod") return undefined;
  if (attachment?.kind === "generated") return vlanId;
  return nad === undefined ? givenVlanId : nad.vlan;
}

function uplinkOf({ attachment, vlanId }: Nic, nad: GivenNad | undefined): Uplink | undefined {
  if (attachment?.kind === "generated") return uplinkOfNetwork(attachment.network, vlanId);
  return nad?.cni === undefined || "problem" in nad.cni ? undefined : uplinkOfNad(nad.name, nad.cni);
}

type Found = Finding | readonly (Finding | undefined)[] | undefined;
export type VmCheck = (context: VmContext) => Found;
export type NicCheck = (context: NicContext) => Found;

/** Runs the checks in order. */
export function runChecks<C>(checks: readonly ((context: C) => Found)[], context: C): Finding[] {
  return checks.flatMap((check) => check(context)).filter((found) => found !== undefined);
}

/** The NICs before this one, for checks that report the later of two NICs. */
export function nicsBefore({ vm, nic }: NicContext): readonly Nic[] {
  return vm.nics.slice(0, nic.index);
}
