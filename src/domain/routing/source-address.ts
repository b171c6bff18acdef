// The source address that the guest's kernel selects for a packet without one.
import { contains, type Cidr, type IpAddress, knownCidr } from "../ip.ts";
import type { Nic } from "../nic.ts";
import { masquerade, type PredictedRoute } from "./predicted-routes.ts";

/**
 * The static source address of packets to `destination` by `route`; undefined if it is not known in advance, as for leased
 * and link-local addresses.
 */
export function sourceAddress(
  destination: IpAddress,
  route: PredictedRoute,
  nics: readonly Nic[],
): IpAddress | undefined {
  if (destination.family === 6) return ipv6Source(destination, route.nic, nics);
  if (route.nic.type === "pod") return masquerade.address.address;
  return ipv4Source(route);
}

/** The address in the subnet of the destination or next hop, else the first (net/ipv4/devinet.c inet_select_addr). */
function ipv4Source({ destination, gateway, nic }: PredictedRoute): IpAddress | undefined {
  const own = nic.addresses.map(({ cidr }) => cidr).filter(({ address }) => address.family === 4);
  const fits = (cidr: Cidr): boolean =>
    gateway === undefined ? cidr.network === destination.network : contains(cidr, gateway);
  return (own.find(fits) ?? own[0])?.address;
}

/** RFC 6724 section 5 as in Linux (net/ipv6/addrconf.c): among equals the address that was added last. */
function ipv6Source(destination: IpAddress, nic: Nic, nics: readonly Nic[]): IpAddress | undefined {
  if (isLinkLocal(destination)) return undefined;
  let best: { readonly address: IpAddress; readonly score: readonly number[] } | undefined;
  for (const candidate of nics.filter(({ linkState }) => linkState === "up")) {
    for (const { cidr } of candidate.addresses.toReversed()) {
      if (cidr.address.family !== 6 || isLinkLocal(cidr.address)) continue;
      const score = [
        Number(candidate.index === nic.index),
        Number(labelOf(cidr.address) === labelOf(destination)),
        Math.min(commonPrefix(cidr.address, destination), cidr.prefixLength),
      ];
      if (best === undefined || isHigher(score, best.score)) best = { address: cidr.address, score };
    }
  }
  return best?.address;
}

function isHigher(score: readonly number[], than: readonly number[]): boolean {
  const index = score.findIndex((value, position) => value !== than[position]);
  return index !== -1 && (score[index] ?? 0) > (than[index] ?? 0);
}

/** The kernel's label table (net/ipv6/addrlabel.c), longest prefix first. */
const labels: readonly (readonly [Cidr, number])[] = (
  [
    ["::/96", 3],
    ["2001::/32", 6],
    ["2001:10::/28", 7],
    ["2002::/16", 2],
    ["3ffe::/16", 12],
    ["fec0::/10", 11],
    ["fc00::/7", 5],
  ] as const
).map(([prefix, label]) => [knownCidr(prefix), label]);

const labelOf = (address: IpAddress): number =>
  labels.find(([prefix]) => contains(prefix, address))?.[1] ?? 1;

export const isLinkLocal = ({ family, value }: IpAddress): boolean =>
  family === 6 && value.range() === "linkLocal";

function commonPrefix(a: IpAddress, b: IpAddress): number {
  const [left, right] = [a.value.toByteArray(), b.value.toByteArray()];
  const byte = left.findIndex((value, index) => value !== right[index]);
  if (byte === -1) return left.length * 8;
  return byte * 8 + Math.clz32((left[byte] ?? 0) ^ (right[byte] ?? 0)) - 24;
}
