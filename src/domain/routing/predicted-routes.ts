// Predicts the routing tables and rules of the guest's kernel from all NICs: what netplan and systemd-networkd configure
// for the compiled network-config. test/truth compares it with a real kernel.
import { type Cidr, type IpAddress, type IpFamily, knownCidr } from "../ip.ts";
import type { Nic, NicRoute } from "../nic.ts";
import { mainTable, noSourceRouting, sourceRulesOf, type SourceRule } from "./source-routing.ts";
import type { RoutingMode } from "../spec.ts";

export interface PredictedRoute {
  readonly destination: Cidr;
  /** undefined for a network on the link, and for a next hop that DHCP provides. */
  readonly gateway: IpAddress | undefined;
  readonly nic: Nic;
  /** As the kernel has it. */
  readonly metric: number;
  /** 254 is the main table; other tables are only used by rules. */
  readonly table: number;
  readonly origin: "address" | "gateway" | "route" | "dhcp" | "link-local";
  /** True if it depends on the DHCP server of the network. */
  readonly assumed: boolean;
  /** The field of the input that it comes from: a gateway, a route, else ipConfig. */
  readonly field: string;
}

/** The routes and rules of a guest. */
export interface PredictedRouting {
  /** The routes of each NIC in the main table, in order of configuration, including NICs whose link is down. */
  readonly byNic: readonly (readonly PredictedRoute[])[];
  /** IPv4 before IPv6, then best first: the longer prefix, the lower metric, the order of the NICs. */
  readonly routes: readonly PredictedRoute[];
  /** In order of priority. Without rules only the main table is used. */
  readonly rules: readonly SourceRule[];
}

/** Metric of the routes that the kernel adds for addresses: none for IPv4, IP6_RT_PRIO_ADDRCONF for IPv6. */
export const connectedMetric = { 4: 0, 6: 256 } as const;

const anywhere: Readonly<Record<IpFamily, Cidr>> = { 4: knownCidr("0.0.0.0/0"), 6: knownCidr("::/0") };
const linkLocalNetwork = knownCidr("fe80::/64");

/** The offer of KubeVirt's DHCP server behind masquerade (pkg/network/dhcp, api.DefaultVMCIDR). */
export const masquerade = {
  address: knownCidr("10.0.2.2/24"),
  gateway: knownCidr("10.0.2.1/32").address,
};

/** The routing of a guest with these NICs. A NIC whose link is down has no routes: networkd waits for the carrier. */
export function predictRouting(nics: readonly Nic[], routing: RoutingMode): PredictedRouting {
  const byNic = nics.map(routesOfNic);
  const linked = nics.flatMap((nic, index) =>
    nic.linkState === "up"
      ? { main: byNic[index] ?? [], source: routing === "policy" ? sourceRulesOf(nic) : noSourceRouting }
      : [],
  );
  const routes = linked.flatMap(({ main, source: { table } }) => {
    if (table === undefined) return main;
    const own = main.filter(({ gateway, assumed }) => gateway !== undefined && !assumed);
    return [...main, ...own.map((route) => ({ ...route, table }))];
  });
  return {
    byNic,
    routes: routes.toSorted(byPreference),
    rules: linked.flatMap(({ source }) => source.rules).toSorted((a, b) => a.priority - b.priority),
  };
}

/** 192.0.2.1/0 is a mistake and not a default route. */
export function isDefaultRoute({ destination }: PredictedRoute): boolean {
  return destination.prefixLength === 0 && !destination.hasHostBits;
}

/** The field of the input that determines the metric of the route. */
export function metricField({ origin, field }: PredictedRoute): string {
  return origin === "route" ? `${field}.metric` : field;
}

/** For IPv6 the kernel replaces 0 by its default (include/uapi IP6_RT_PRIO_USER). */
function kernelMetric(family: IpFamily, metric: number): number {
  return family === 6 && metric === 0 ? 1024 : metric;
}

/** Best first within a table and family; equal routes remain in the order of configuration. */
function byPreference(a: PredictedRoute, b: PredictedRoute): number {
  return (
    a.destination.address.family - b.destination.address.family ||
    b.destination.prefixLength - a.destination.prefixLength ||
    a.metric - b.metric
  );
}

/** The routes of one NIC in the main table, whether or not its link is up. */
export function routesOfNic(nic: Nic): readonly PredictedRoute[] {
  const by = { nic, table: mainTable, assumed: false, field: `${nic.field}.ipConfig` };
  const offered = { ...by, origin: "dhcp", metric: nic.metric, assumed: true } as const;
  const routes: PredictedRoute[] = connectedNetworks(nic).map((destination) => {
    const metric = connectedMetric[destination.address.family];
    return { ...by, destination, gateway: undefined, metric, origin: "address" };
  });
  if (nic.type === "pod") routes.push({ ...offered, destination: masquerade.address, gateway: undefined });
  if (nic.mode === "dhcp" && nic.defaultRoute) {
    const gateway = nic.type === "pod" ? masquerade.gateway : undefined;
    routes.push({ ...offered, destination: anywhere[4], gateway });
  }
  for (const route of gatewayRoutes(nic)) {
    routes.push({ ...by, ...route, origin: "gateway", field: `${by.field}.gateway` });
  }
  for (const { destination, gateway, metric, field } of nic.routes) {
    const { family } = destination.address;
    // The next hop is in a subnet that is only known from DHCP.
    const assumed = nic.mode === "dhcp" && gateway.value.range() !== "linkLocal";
    routes.push({
      ...by,
      destination,
      gateway,
      metric: kernelMetric(family, metric),
      origin: "route",
      assumed,
      field,
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

type ConfiguredRoute = Pick<NicRoute, "destination" | "gateway" | "metric">;

/** The default route through the NIC's gateway, if the NIC has one. */
function gatewayRoutes({ mode, gateway, defaultRoute, metric }: Nic): readonly ConfiguredRoute[] {
  if (mode === "dhcp" || gateway === undefined || !defaultRoute) return [];
  return [{ destination: anywhere[gateway.family], gateway, metric }];
}

/** The routes that the guest's configuration names: the default route through the gateway, then those of the input. */
export function configuredRoutes(nic: Nic): readonly ConfiguredRoute[] {
  return [...gatewayRoutes(nic), ...nic.routes];
}

/** The networks of static addresses for which the kernel adds a route, without duplicates. */
function connectedNetworks({ addresses }: Nic): readonly Cidr[] {
  const networks = new Map(
    addresses
      .filter(({ cidr }) => hasConnectedRoute(cidr) && cidr.network !== linkLocalNetwork.network)
      .map(({ cidr }) => [cidr.network, cidr]),
  );
  return [...networks.values()];
}

/** Not for an IPv4 /32 or a network in 0.0.0.0/8 (net/ipv4/fib_frontend.c fib_add_ifaddr). */
export function hasConnectedRoute({ address, prefixLength, network }: Cidr): boolean {
  return address.family === 6 || (prefixLength < 32 && !network.startsWith("0."));
}

/** Linux disables IPv6 on a link with an MTU below the minimum of RFC 8200. */
export function hasIpv6({ mtu }: Nic): boolean {
  return mtu === undefined || mtu >= 1280;
}
