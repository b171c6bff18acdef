// Source-based rules: replies leave through the NIC that has their source address, independent of the main table.
import { type Cidr, type IpAddress, type IpFamily, knownCidr } from "../ip.ts";
import type { Nic } from "../nic.ts";

/** The kernel's main table (RT_TABLE_MAIN). */
export const mainTable = 254;

/** NIC i has table 1000 + i, which avoids the kernel's 253 to 255 and common manual choices. */
const firstTable = 1000;

/** Between the kernel's rules for local addresses (0) and for the main table (32766). */
const priorities = { ownSubnet: 1000, source: 1001 } as const;

/** `ip rule`: packets from that address, and to that network if there is one, use that table. */
export interface SourceRule {
  /** Name of the interface that has the source address, which is that of the NIC. */
  readonly device: string;
  readonly priority: number;
  readonly sourceAddress: IpAddress;
  /** undefined: any. */
  readonly destination: Cidr | undefined;
  readonly table: number;
}

/** `table` is undefined for a NIC without rules. */
export interface SourceRouting {
  readonly table: number | undefined;
  readonly rules: readonly SourceRule[];
}

export const noSourceRouting: SourceRouting = { table: undefined, rules: [] };

const linkLocal = knownCidr("fe80::/10");

/**
 * The rules of one NIC: traffic to its own subnets uses the main table, other traffic from its addresses uses the table of
 * the NIC. There are none for a NIC without routes beyond its subnets, or with DHCP, where the address is not known.
 */
export function sourceRulesOf(nic: Nic): SourceRouting {
  const families = familiesBeyond(nic);
  // By family, because the network-config preserves nothing else of the order of addresses.
  const sources = nic.addresses
    .map(({ cidr }) => cidr)
    .filter(({ address }) => families.has(address.family))
    .toSorted((a, b) => a.address.family - b.address.family);
  if (sources.length === 0) return noSourceRouting;
  const table = firstTable + nic.index;
  const networks = new Map(sources.map((cidr) => [cidr.network, cidr]));
  const addresses = new Map(sources.map(({ address }) => [address.text, address]));
  const rules = [...addresses.values()].flatMap((sourceAddress) => {
    const from = { device: nic.name, sourceAddress };
    const own = [...networks.values(), linkLocal].filter(
      ({ address }) => address.family === sourceAddress.family,
    );
    return [
      ...own.map((destination) => ({
        ...from,
        destination,
        priority: priorities.ownSubnet,
        table: mainTable,
      })),
      { ...from, destination: undefined, priority: priorities.source, table },
    ];
  });
  return { table, rules };
}

/** How many rules `sourceRulesOf` makes for the NICs, which it does not make for this. */
export function countRules(nics: readonly Nic[]): number {
  return nics.reduce((sum, nic) => {
    const families = [...familiesBeyond(nic)];
    return sum + families.reduce((rules, family) => rules + countRulesOf(nic, family), 0);
  }, 0);
}

/** Each address has one rule for each subnet and one for everything else; link-local is a subnet of IPv6. */
function countRulesOf({ addresses }: Nic, family: IpFamily): number {
  const own = addresses.map(({ cidr }) => cidr).filter(({ address }) => address.family === family);
  const distinct = new Set(own.map(({ address }) => address.text)).size;
  const networks = new Set(own.map(({ network }) => network));
  return distinct * (networks.size + (family === 6 ? 1 : 0) + 1);
}

/** Families in which the NIC has routes beyond its subnets. */
function familiesBeyond(nic: Nic): ReadonlySet<IpFamily> {
  if (nic.mode === "dhcp") return new Set();
  const gateways = nic.gateway !== undefined && nic.defaultRoute ? [nic.gateway] : [];
  return new Set([...gateways, ...nic.routes.map(({ gateway }) => gateway)].map(({ family }) => family));
}
