// Clusters that cases happen in: nodes with bridges and devices, and NICs of other VMs.
import { builtInCatalogue, type Catalogue } from "../../../src/domain/catalogue.ts";
import type { Facts, NicInUse, NodeFact } from "../../../src/domain/facts.ts";

/** A node that takes VMs and offers nothing. */
export function node(name: string, change: Partial<NodeFact> = {}): NodeFact {
  return {
    name,
    takesVms: true,
    allocatable: {},
    addresses: [],
    podCidrs: [],
    bridges: undefined,
    ...change,
  };
}

/** The segment of the built-in bridge network without VLAN. */
export const untaggedBridge = "linux bridge br0 vlan 0";

/** That MAC or IP address is the one of NIC eth0 of VM shop/db. */
export function inUse(address: string, change: Partial<NicInUse> = {}): NonNullable<Facts["macsInUse"]> {
  return new Map([
    [address, [{ namespace: "shop", vm: "db", nic: "eth0", segment: untaggedBridge, ...change }]],
  ]);
}

/** The built-in catalogue with its bridge network changed. */
export function bridgeNetwork(change: Readonly<Partial<Catalogue["physicalNetworks"][number]>>): Catalogue {
  const { physicalNetworks, ...rest } = builtInCatalogue();
  return {
    ...rest,
    physicalNetworks: physicalNetworks.map((network) =>
      network.name === "bridge" ? ({ ...network, ...change } as typeof network) : network,
    ),
  };
}
