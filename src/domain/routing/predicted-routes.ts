// The routing tables and rules that the guest's kernel will hold, from all NICs together: what netplan and
// systemd-networkd make of the compiled network-config, held against a real kernel by test/truth.
import { kernelMetric } from "./default-routes.ts";
import { type Cidr, type IpAddress, type IpFamily, knownCidr } from "../ip.ts";
import type { Nic } from "../nic.ts";
import { mainTable, sourceRulesOf, type SourceRule } from "./source-routing.ts";
import type { RoutingMode } from "../spec.ts";

/** One route. */
export interface PredictedRoute {
  readonly destination: Cidr;
  /** undefined for a network on the link, and for a next hop that only DHCP will tell. */
  readonly gateway: IpAddress | undefined;
  /** Name of the NIC. */
  readonly nic: string;
  readonly metric: number;
  /** 254 is the main table; others are used by rules alone. */
  readonly table: number;
  readonly origin: "address" | "gateway" | "route" | "dhcp" | "link-local";
  /** True when it rests on what the network's DHCP server will offer. */
  readonly assumed: boolean;
}

/** Everything that decides where the guest's packets go. */
export interface PredictedRouting {
  /** IPv4 before IPv6, then best first: the longer prefix, the lower metric, the order of the NICs. */
  readonly routes: readonly PredictedRoute[];
  /** In order of priority. Without rules only the main table is used. */
  readonly rules: readonly SourceRule[];
}

/** Metric of the routes that the kernel makes for addresses: IPv4 without, IPv6 IP6_RT_PRIO_ADDRCONF. */
export const connectedMetric = { 4: 0, 6: 256 } as const;

const anywhere: Readonly<Record<IpFamily, Cidr>> = { 4: knownCidr("0.0.0.0/0"), 6: knownCidr("::/0") };
const linkLocalNetwork = knownCidr("fe80::/64");

/** What KubeVirt's own DHCP server offers behind masquerade (pkg/network/dhcp, api.DefaultVMCIDR). */
export const masquerade = {
  address: knownCidr("10.0.2.2/24"),
  gateway: knownCidr("10.0.2.1/32").address,
};

/** The routing of a guest with these NICs. A NIC whose link is down has no routes: networkd waits for the carrier. */
export function predictRouting(nics: readonly Nic[], routing: RoutingMode): PredictedRouting {
  const linked = nics.filter(({ linkState }) => linkState === "up");
  const bySource = routing === "policy" ? linked.map(sourceRulesOf) : [];
  const routes = linked.flatMap((nic, index) => {
    const main = mainRoutesOf(nic);
    const table = bySource[index]?.table;
    const own = main.filter(({ gateway, assumed }) => gateway !== undefined && !assumed);
    return table === undefined ? main : [...main, ...own.map((route) => ({ ...route, table }))];
  });
  return {
    routes: routes.toSorted(byPreference),
    rules: bySource.flatMap(({ rules }) => rules).toSorted((a, b) => a.priority - b.priority),
  };
}

/** Best first within a table and family; what is left equal stays in the order of configuration. */
function byPreference(a: PredictedRoute, b: PredictedRoute): number {
  return (
    a.destination.address.family - b.destination.address.family ||
    b.destination.prefixLength - a.destination.prefixLength ||
    a.metric - b.metric
  );
}

function mainRoutesOf(nic: Nic): readonly PredictedRoute[] {
  const by = { nic: nic.name, table: mainTable, assumed: false };
  const offered = { ...by, origin: "dhcp", metric: nic.metric, assumed: true } as const;
  const routes: PredictedRoute[] = connectedNetworks(nic).map((destination) => {
    const { family } = destination.address;
    return { ...by, destination, gateway: undefined, metric: connectedMetric[family], origin: "address" };
  });
  if (nic.type === "pod") routes.push({ ...offered, destination: masquerade.address, gateway: undefined });
  if (nic.mode === "dhcp" && nic.defaultRoute) {
    const gateway = nic.type === "pod" ? masquerade.gateway : undefined;
    routes.push({ ...offered, destination: anywhere[4], gateway });
  }
  if (nic.mode === "static" && nic.gateway !== undefined && nic.defaultRoute) {
    const destination = anywhere[nic.gateway.family];
    routes.push({ ...by, destination, gateway: nic.gateway, metric: nic.metric, origin: "gateway" });
  }
  for (const { destination, gateway, metric } of nic.routes) {
    const { family } = destination.address;
    // Its next hop is in a subnet that only the network's servers know.
    const assumed = nic.mode === "dhcp" && gateway.value.range() !== "linkLocal";
    routes.push({
      ...by,
      destination,
      gateway,
      metric: kernelMetric(family, metric),
      origin: "route",
      assumed,
    });
  }
  if (!hasIpv6(nic)) return routes;
  return [
    ...routes,
    {
      ...by,
      destination: linkLocalNetwork,
      gateway: undefined,
      metric: connectedMetric[6],
      origin: "link-local",
    },
  ];
}

/** The networks of the static addresses that get a route, each once. */
export function connectedNetworks({ addresses }: Nic): readonly Cidr[] {
  const networks = new Map(
    addresses
      .filter(({ cidr }) => hasConnectedRoute(cidr) && cidr.network !== linkLocalNetwork.network)
      .map(({ cidr }) => [cidr.network, cidr]),
  );
  return [...networks.values()];
}

/** IPv4: neither for a /32 nor for a network in 0.0.0.0/8 (net/ipv4/fib_frontend.c fib_add_ifaddr). */
export function hasConnectedRoute({ address, prefixLength, network }: Cidr): boolean {
  return address.family === 6 || (prefixLength < 32 && !network.startsWith("0."));
}

/** Linux keeps IPv6 off a link whose MTU is below RFC 8200's minimum. */
export function hasIpv6({ mtu }: Nic): boolean {
  return mtu === undefined || mtu >= 1280;
}
