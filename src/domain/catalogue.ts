// The catalogue: the physical networks that a NIC may attach to, from the operator's configuration.
import type { NetworkType } from "./spec.ts";

/** VLANs from `first` to `last`, both included. 0: untagged frames. */
export interface VlanRange {
  readonly first: number;
  readonly last: number;
}

export interface PhysicalNetworkBase {
  readonly name: string;
  /** Used for a NIC of this type that names no physical network. One per type. */
  readonly default: boolean;
  /** VLANs that a NIC may be on; untagged is always allowed unless `untagged` is false. */
  readonly vlans: readonly VlanRange[];
  readonly untagged: boolean;
  /** Exceptions of `vlans` that no NIC may use, such as a storage VLAN. */
  readonly reservedVlans: readonly VlanRange[];
  /** Largest MTU in bytes that the nodes and the physical network support. */
  readonly mtu: number;
  /** Namespaces that may use it; undefined: all. */
  readonly namespaces: readonly string[] | undefined;
}

/** What carries the frames (network/carriers has a file for each), and its settings in the configuration. */
interface Carried {
  /** A Linux bridge on every node; for type macvlan one over the parent NIC. */
  readonly "linux-bridge": {
    readonly type: "bridge" | "macvlan";
    readonly bridge: string;
    /** nftables rules against forged source addresses; the nodes need `nft`. */
    readonly macSpoofCheck: boolean;
  };
  /** A parent NIC, offered as macvtap devices by macvtap-cni's device plugin. */
  readonly macvtap: {
    readonly type: "macvlan";
    /** Device plugin resource of the untagged parent. */
    readonly resourceName: string;
    /** Device plugin resource of a VLAN sub-interface of the parent; {vlan} is replaced by the VLAN. */
    readonly vlanResourceName: string | undefined;
    /** Name under which the macvtap binding plugin is registered in KubeVirt. */
    readonly bindingPlugin: string;
  };
  /** Virtual functions of a card, offered by the SR-IOV device plugin. */
  readonly sriov: { readonly type: "sriov"; readonly resourceName: string };
  /** An Open vSwitch bridge on every node. */
  readonly "open-vswitch": { readonly type: "ovs"; readonly bridge: string };
}

export type CarrierName = keyof Carried;

/** The settings that only physical networks with that carrier have. */
export type CarrierSettings<K extends CarrierName> = Omit<Carried[K], "type">;

export type PhysicalNetwork<K extends CarrierName = CarrierName> = {
  [P in K]: PhysicalNetworkBase & Carried[P] & { readonly carrier: P };
}[K];

/** The whole configuration of networks. */
export interface Catalogue {
  readonly physicalNetworks: readonly PhysicalNetwork[];
  /** NADs of other namespaces, NAMESPACE/NAME, that every namespace may use. */
  readonly sharedNads: readonly string[];
  /** Networks of pods and Services, in addition to those that the cluster itself reports. */
  readonly clusterCidrs: readonly string[];
  /** Container disk of a VM without a boot disk. */
  readonly defaultImage: string;
}

export function findPhysicalNetwork(catalogue: Catalogue, name: string): PhysicalNetwork | undefined {
  return catalogue.physicalNetworks.find((network) => network.name === name);
}

export function defaultPhysicalNetwork(catalogue: Catalogue, type: NetworkType): PhysicalNetwork | undefined {
  return catalogue.physicalNetworks.find((network) => network.type === type && network.default);
}

/** True when one of the ranges has that VLAN. */
export function isWithin(ranges: readonly VlanRange[], vlan: number): boolean {
  return ranges.some(({ first, last }) => first <= vlan && vlan <= last);
}

/** `1-4094`, `100, 200-299` or `none`, for messages. */
export function vlansInWords(network: PhysicalNetwork): string {
  const ranges = network.vlans.map(rangeInWords);
  if (network.untagged) ranges.unshift("0 (untagged)");
  const except = network.reservedVlans.map(rangeInWords).join(", ");
  return `${ranges.length === 0 ? "none" : ranges.join(" and ")}${except === "" ? "" : ` except ${except}`}`;
}

const rangeInWords = ({ first, last }: VlanRange): string =>
  first === last ? `${first}` : `${first}-${last}`;

/**
 * The catalogue of `serve --local` and of commands without a configuration: one default network for each type with all
 * VLANs and an MTU of 9000.
 */
export function builtInCatalogue(): Catalogue {
  const common = {
    default: true,
    vlans: [{ first: 1, last: 4094 }],
    untagged: true,
    reservedVlans: [],
    mtu: 9000,
    namespaces: undefined,
  };
  return {
    physicalNetworks: [
      {
        ...common,
        name: "bridge",
        carrier: "linux-bridge",
        type: "bridge",
        bridge: "br0",
        macSpoofCheck: true,
      },
      {
        ...common,
        name: "macvlan",
        carrier: "macvtap",
        type: "macvlan",
        resourceName: "macvtap.network.kubevirt.io/uplink",
        vlanResourceName: "macvtap.network.kubevirt.io/uplink.{vlan}",
        bindingPlugin: "macvtap",
      },
      { ...common, name: "sriov", carrier: "sriov", type: "sriov", resourceName: "sriov.network/uplink" },
      { ...common, name: "ovs", carrier: "open-vswitch", type: "ovs", bridge: "br-ovs" },
    ],
    sharedNads: [],
    clusterCidrs: [],
    defaultImage: "quay.io/containerdisks/fedora:42",
  };
}
