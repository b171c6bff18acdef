// Looks up where traffic to an address goes: the rule, route and NIC that the guest's kernel chooses, and why.
import { broadcastAddress, contains, type IpAddress } from "../ip.ts";
import type { Nic } from "../nic.ts";
import { masquerade, type PredictedRoute, type PredictedRouting } from "./predicted-routes.ts";
import { isLinkLocal, sourceAddress } from "./source-address.ts";
import { mainTable, type SourceRule } from "./source-routing.ts";

export interface RouteLookup {
  readonly address: IpAddress;
  /** Name of the interface that sends the traffic, which is that of the NIC; undefined if none does. */
  readonly device: string | undefined;
  readonly gateway: IpAddress | undefined;
  /** Source address of the packets; undefined if it is not known in advance. */
  readonly source: IpAddress | undefined;
  /** undefined if no route is used. */
  readonly route: PredictedRoute | undefined;
  /** The explanation, as text. */
  readonly message: string;
}

/** `from`: the source address that the sender has chosen, as for replies; undefined: the guest chooses. */
export function lookUpRoute(
  { routes, rules }: PredictedRouting,
  nics: readonly Nic[],
  address: IpAddress,
  from?: IpAddress,
): RouteLookup {
  const stays = { address, device: undefined, gateway: undefined, source: from, route: undefined };
  const special = staysOrSpreads(nics, address);
  if (special !== undefined) return { ...stays, message: special };
  const applicable = rules.filter((rule) => applies(rule, address, from));
  for (const rule of [...applicable, undefined]) {
    const matching = matchingRoutes(routes, rule?.table ?? mainTable, address);
    const [route] = matching;
    if (route === undefined) continue;
    return {
      address,
      device: route.nic.name,
      gateway: route.gateway,
      source: from ?? sourceAddress(address, route, nics),
      route,
      message: [...ruleInWords(rule), ...routeInWords(route, matching.slice(1))].join("; "),
    };
  }
  return { ...stays, message: "no route matches; the guest reports that the network is unreachable" };
}

/** The reason for addresses that are not routed: own addresses, multicast, broadcast and unspecified. */
function staysOrSpreads(nics: readonly Nic[], address: IpAddress): string | undefined {
  if (address.value.range() === "loopback") return "it is a loopback address of the guest";
  if (["multicast", "broadcast", "unspecified"].includes(address.value.range())) {
    return `it is not the address of a single host (${address.value.range()})`;
  }
  for (const nic of nics.filter(({ linkState }) => linkState === "up")) {
    const own = nic.addresses.map(({ cidr }) => cidr);
    for (const cidr of nic.type === "pod" ? [masquerade.address] : own) {
      if (cidr.address.text === address.text) return `it is the guest's own address on ${nic.name}`;
      if (broadcastAddress(cidr) === address.text) {
        return `it is the broadcast address of ${cidr.network} on ${nic.name}`;
      }
    }
  }
  return undefined;
}

const applies = (
  { sourceAddress, destination }: SourceRule,
  address: IpAddress,
  from: IpAddress | undefined,
): boolean =>
  from?.text === sourceAddress.text && (destination === undefined || contains(destination, address));

const matchingRoutes = (
  routes: readonly PredictedRoute[],
  table: number,
  address: IpAddress,
): readonly PredictedRoute[] =>
  routes.filter((route) => route.table === table && contains(route.destination, address));

function ruleInWords(rule: SourceRule | undefined): readonly string[] {
  if (rule === undefined) return [];
  const to = rule.destination === undefined ? "" : ` to ${rule.destination.network}`;
  return [
    `rule ${rule.priority} sends packets from ${rule.sourceAddress.text}${to} to table ${tableName(rule.table)}`,
  ];
}

const tableName = (table: number): string => (table === mainTable ? "main" : String(table));

function routeInWords(route: PredictedRoute, others: readonly PredictedRoute[]): readonly string[] {
  const { destination, gateway, nic } = route;
  const words =
    destination.prefixLength === 0
      ? `default route of ${nic.name}`
      : gateway === undefined
        ? `${destination.network} is directly connected to ${nic.name}`
        : `route to ${destination.network} through ${nic.name}`;
  const rival = others.find(
    (other) =>
      other.nic !== nic && (other.destination.prefixLength > 0 || route.destination.prefixLength === 0),
  );
  return [
    ...(isLinkLocal(destination.address)
      ? ["every NIC has a link-local network, so the sender must name the interface"]
      : [words, ...(rival === undefined ? [] : [rivalInWords(route, rival)])]),
    ...(route.assumed ? ["assumed: the DHCP server decides"] : []),
  ];
}

function rivalInWords(route: PredictedRoute, rival: PredictedRoute): string {
  const other = `${rival.destination.network} through ${rival.nic.name}`;
  if (rival.destination.prefixLength < route.destination.prefixLength) {
    return `its prefix is longer than that of ${other}`;
  }
  return rival.metric > route.metric
    ? `its metric ${route.metric} is lower than ${rival.metric} of ${rival.nic.name}`
    : `${other} is equally good, and the kernel takes the route that was configured first`;
}
