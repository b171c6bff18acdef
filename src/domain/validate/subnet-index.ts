// Index of the addresses of a VM for the checks, built once: there may be a thousand addresses and as many routes.
import { broadcastAddress, type Cidr, type IpFamily } from "../ip.ts";
import type { Nic, NicAddress } from "../nic.ts";
import { PrefixTree } from "../prefix-tree.ts";
import { hasConnectedRoute, masquerade } from "../routing/predicted-routes.ts";

/** An address that a NIC has or, on the pod network, gets. */
export interface Subnet extends NicAddress {
  /** Of the NIC. */
  readonly index: number;
}

/** The addresses of one NIC. */
export interface NicSubnets {
  /** The texts of its own addresses. */
  readonly own: ReadonlySet<string>;
  /** All subnets, to find those that contain an address. */
  readonly all: PrefixTree<Cidr>;
  /** The subnets that the NIC reaches directly. */
  readonly connected: PrefixTree<Cidr>;
  /** The subnets that other hosts can be in. */
  readonly shared: PrefixTree<NicAddress>;
  /** As text, by family. */
  readonly networks: Readonly<Record<IpFamily, readonly string[]>>;
  /** By the broadcast address. */
  readonly byBroadcast: ReadonlyMap<string, Cidr>;
}

export interface SubnetIndex {
  /** In the order of the NICs. */
  readonly ofNics: readonly NicSubnets[];
  /** By text: the first NIC that has the address. */
  readonly firstWith: ReadonlyMap<string, Nic>;
  /** By broadcast address: the first subnet whose own address is another one. */
  readonly byBroadcast: ReadonlyMap<string, Subnet>;
}

/** False for a single address such as a /32. */
export const hasNeighbours = (cidr: Cidr): boolean =>
  hasConnectedRoute(cidr) && cidr.prefixLength < (cidr.address.family === 4 ? 32 : 128);

export function indexSubnets(nics: readonly Nic[]): SubnetIndex {
  const firstWith = new Map<string, Nic>();
  const byBroadcast = new Map<string, Subnet>();
  for (const nic of nics) {
    for (const { cidr } of nic.addresses)
      if (!firstWith.has(cidr.address.text)) firstWith.set(cidr.address.text, nic);
    for (const subnet of subnetsOf(nic)) {
      const broadcast = broadcastAddress(subnet.cidr);
      if (broadcast !== undefined && broadcast !== subnet.cidr.address.text && !byBroadcast.has(broadcast))
        byBroadcast.set(broadcast, subnet);
    }
  }
  return { ofNics: nics.map(indexNic), firstWith, byBroadcast };
}

/** The subnets of a NIC that are known beforehand. */
function subnetsOf({ type, index, field, addresses }: Nic): readonly Subnet[] {
  if (type === "pod") return [{ index, field: `${field}.type`, cidr: masquerade.address }];
  return addresses.map((address) => ({ ...address, index }));
}

function indexNic({ addresses }: Nic): NicSubnets {
  const cidrs = addresses.map(({ cidr }) => cidr);
  const byBroadcast = new Map<string, Cidr>();
  for (const cidr of cidrs) {
    const broadcast = broadcastAddress(cidr);
    if (broadcast !== undefined && !byBroadcast.has(broadcast)) byBroadcast.set(broadcast, cidr);
  }
  const networksOf = (family: IpFamily): readonly string[] => [
    ...new Set(cidrs.filter(({ address }) => address.family === family).map(({ network }) => network)),
  ];
  const shared = addresses.filter(({ cidr }) => hasNeighbours(cidr));
  return {
    own: new Set(cidrs.map(({ address }) => address.text)),
    all: new PrefixTree(cidrs.map((cidr) => [cidr, cidr])),
    connected: new PrefixTree(cidrs.filter(hasConnectedRoute).map((cidr) => [cidr, cidr])),
    shared: new PrefixTree(shared.map((address) => [address.cidr, address])),
    networks: { 4: networksOf(4), 6: networksOf(6) },
    byBroadcast,
  };
}
