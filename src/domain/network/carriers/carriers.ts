// The table of carriers, and the carrier of a NIC, a physical network or a NAD.
import type { Binding } from "../../bindings.ts";
import type { Catalogue, CarrierName, PhysicalNetwork } from "../../catalogue.ts";
import type { NetworkType } from "../../spec.ts";
import type { Carrier, CniPlugins } from "./carrier.ts";
import { linuxBridge } from "./linux-bridge.ts";
import { macvtap } from "./macvtap.ts";
import { openVswitch } from "./open-vswitch.ts";
import { sriov } from "./sriov.ts";

export const carriers: { readonly [K in CarrierName]: Carrier<K> } = {
  "linux-bridge": linuxBridge,
  macvtap,
  sriov,
  "open-vswitch": openVswitch,
};

/** The types of NIC that attach to a physical network or a NAD. */
export type CarriedType = Exclude<NetworkType, "pod">;

type CarrierOfType<T extends CarriedType> = {
  [K in CarrierName]: T extends PhysicalNetwork<K>["type"] ? K : never;
}[CarrierName];

/** The carriers of each type. The first is the default in the catalogue, and the one of NADs of that type. */
export const carriersOfType: {
  readonly [T in CarriedType]: readonly [CarrierOfType<T>, ...(readonly CarrierOfType<T>[])];
} = {
  bridge: ["linux-bridge"],
  macvlan: ["macvtap", "linux-bridge"],
  sriov: ["sriov"],
  ovs: ["open-vswitch"],
};

export const carriedTypes = Object.keys(carriersOfType) as readonly CarriedType[];

export function carrierOf<K extends CarrierName>(network: PhysicalNetwork<K>): Carrier<K> {
  return carriers[network.carrier];
}

/** undefined for an unknown CNI plugin, which is not checked. */
export function carrierOfPlugin(plugin: string): CniPlugins | undefined {
  return Object.values(carriers).find(({ plugins }) => plugins.includes(plugin));
}

/** The carrier of NICs of that type on a NAD that the caller names. */
export function carrierOfNads(type: CarriedType): (typeof carriers)[CarrierName] {
  return carriers[carriersOfType[type][0]];
}

/** False if the CNI plugins of that type do not set the MTU, so that only the guest has it. */
export function setsMtu(type: NetworkType | undefined): boolean {
  return type === undefined || type === "pod" || "mtu" in carrierOfNads(type).keys;
}

/** The NIC type of a CNI plugin; undefined for an unknown plugin. */
export function typeOfPlugin(plugin: string): CarriedType | undefined {
  return carriedTypes.find((type) => carrierOfNads(type).plugins.includes(plugin));
}

/** The binding of a type without a physical network: that of the catalogue's first network with the same carrier. */
export function bindingOfType(type: CarriedType, { physicalNetworks }: Catalogue): Binding {
  const network = physicalNetworks.find(({ carrier }) => carrier === carriersOfType[type][0]);
  return network === undefined ? carrierOfNads(type).usualBinding : carrierOf(network).binding(network);
}
