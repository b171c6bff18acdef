// Checks of the routes of all NICs together: replies through another NIC, routes into subnets, source-based rules.
import { finding } from "../findings.ts";
import { type Fix, removeField, replaceWith } from "../fix.ts";
import { type Cidr, contains, type IpFamily } from "../ip.ts";
import type { Nic, ResolvedVm } from "../nic.ts";
import { connectedMetric, metricField, type PredictedRoute } from "../routing/predicted-routes.ts";
import { leadsBeyond } from "../routing/route-index.ts";
import { sourceRulesOf } from "../routing/source-routing.ts";
import type { NicCheck, VmCheck } from "./context.ts";

/**
 * A NIC with a gateway or a routed network receives traffic from beyond its subnets. If another NIC has a better route back,
 * replies leave through that one, and firewalls on the way and strict reverse-path filters drop them.
 */
const repliesLeaveWhereTrafficArrives: NicCheck = ({ nic, vm, ownRoutes, routes }) => {
  if (nic.linkState === "down" || (vm.routing === "policy" && nic.mode === "static")) return undefined;
  return ownRoutes
    .filter((route) => leadsBeyond(route) && route.origin !== "dhcp")
    .map((route) => {
      const { network, address } = route.destination;
      const [winner] = [...(routes.best.get(network)?.values() ?? [])]
        .filter((other) => other.nic !== nic && other.metric < route.metric)
        .toSorted((a, b) => a.metric - b.metric);
      if (winner === undefined) return undefined;
      const fix = sourceRulesFix(vm, nic, address.family);
      const more = { ...(fix === undefined ? {} : { fix }), related: [metricField(winner)] };
      const from = arrivalsInWords(ownRoutes, route.destination);
      const values = {
        nic: nic.name,
        from,
        winner: winner.nic.name,
        metric: winner.metric,
        own: route.metric,
      };
      return finding("REPLY_ASYMMETRIC", metricField(route), values, more);
    });
};

/** The source of the traffic that arrives by this route. */
function arrivalsInWords(
  ownRoutes: readonly PredictedRoute[],
  { network, prefixLength, address }: Cidr,
): string {
  if (prefixLength > 0) return network;
  const { family } = address;
  const subnets = ownRoutes
    .filter(({ origin, destination }) => origin === "address" && destination.address.family === family)
    .map(({ destination }) => destination.network);
  return `beyond ${subnets.join(" and ") || `its IPv${family} link`}`;
}

/** undefined if source-based rules do not help: the renderer drops them, or the address is not known in advance. */
function sourceRulesFix(vm: ResolvedVm, nic: Nic, family: IpFamily): Fix | undefined {
  const hasAddress = nic.addresses.some(({ cidr }) => cidr.address.family === family);
  if (nic.mode === "dhcp" || !hasAddress) return undefined;
  const policy = { field: "routing", value: "policy" };
  if (vm.renderer === "netplan") return replaceWith(policy.field, policy.value);
  if (vm.renderer !== undefined) return undefined;
  return {
    description: "set routing to policy and guest.renderer to netplan, if the guest uses netplan",
    patches: [policy, { field: "guest.renderer", value: "netplan" }],
  };
}

/** Reports a route through a next hop to hosts that are on a link of the guest. */
const routeLeavesSubnetsAlone: NicCheck = ({ nic, ownRoutes, routes: { connected } }) =>
  ownRoutes
    .filter(({ origin, destination }) => origin === "route" && !destination.hasHostBits)
    .map((route) => {
      const { destination, gateway, field } = route;
      const subnet = connected.find((other) => isInside(destination, other.destination));
      if (subnet === undefined) return undefined;
      const effect = isPreferred(route, subnet.destination)
        ? `hosts there are reached through ${gateway?.text ?? ""} on ${nic.name} instead of directly`
        : "the route is never used";
      const networks = { destination: destination.network, subnet: subnet.destination.network };
      const values = { ...networks, nic: subnet.nic.name, effect };
      const more = { fix: removeField(field), related: [subnet.nic.field] };
      return finding("ROUTE_INSIDE_SUBNET", `${field}.destination`, values, more);
    });

const isInside = (inner: Cidr, outer: Cidr): boolean =>
  inner.prefixLength >= outer.prefixLength && contains(outer, inner.address);

/** True if the kernel prefers the route over that of the subnet. */
function isPreferred({ destination, metric }: PredictedRoute, subnet: Cidr): boolean {
  return (
    destination.prefixLength > subnet.prefixLength || metric < connectedMetric[destination.address.family]
  );
}

/**
 * IPv6 refuses a next hop that is itself reached through a next hop (net/ipv6/route.c ip6_route_check_nh); IPv4 accepts it.
 * Routes are added in the order of the list, those of the table of a NIC after all of the main table.
 */
const nextHopIsReachedDirectly: NicCheck = ({ nic, vm, ownRoutes }) => {
  const ownHop = nic.defaultRoute ? nic.gateway : undefined;
  const statics = ownRoutes.filter(({ origin }) => origin === "route");
  const hops = [
    { gateway: ownHop, position: -1, field: `${nic.field}.ipConfig.gateway` },
    ...statics.map(({ gateway, field }, position) => ({ gateway, position, field: `${field}.gateway` })),
  ];
  return hops.map(({ gateway, position, field }) => {
    if (gateway?.family !== 6) return undefined;
    const subnet = nic.addresses
      .map(({ cidr }) => cidr)
      .filter((cidr) => contains(cidr, gateway))
      .toSorted((a, b) => b.prefixLength - a.prefixLength)[0];
    if (subnet === undefined) return undefined;
    const between = statics.find(
      (route, earlier) =>
        (earlier < position || vm.routing === "policy") &&
        contains(route.destination, gateway) &&
        route.destination.prefixLength >= subnet.prefixLength &&
        isPreferred(route, subnet),
    );
    if (between === undefined) return undefined;
    const via = between.gateway?.text ?? "";
    const values = { gateway: gateway.text, destination: between.destination.network, via };
    const more = { fix: removeField(between.field), related: [between.field] };
    return finding("ROUTE_GATEWAY_INDIRECT", field, values, more);
  });
};

/** Only netplan supports tables and rules (tested with cloud-init devel net-convert; cloud-init#4862). */
const rendererKeepsRules: VmCheck = ({ vm: { routing, guestConfig, renderer } }) => {
  if (routing === "main" || guestConfig === "nmstate" || renderer === "netplan") return undefined;
  const field = "guest.renderer";
  const problem = renderer === undefined ? `${field} is not set` : `${field} is ${renderer}`;
  const fix = renderer === undefined ? replaceWith(field, "netplan") : removeField("routing");
  return finding("ROUTING_POLICY_UNSUPPORTED", "routing", { problem }, { fix, related: [field] });
};

/** Only for a NIC with a default route that is not the best one. */
const addressIsKnownForRules: NicCheck = ({ nic, vm, routes: { defaults } }) => {
  if (vm.routing === "main" || nic.mode === "static" || !nic.defaultRoute) return undefined;
  const better = defaults.find(
    (route) =>
      route.nic.linkState === "up" && route.destination.address.family === 4 && route.metric < nic.metric,
  );
  const winner = better?.nic.name;
  if (winner === undefined) return undefined;
  return finding("ROUTING_POLICY_SKIPS_DHCP", `${nic.field}.ipConfig`, { nic: nic.name, winner });
};

/** Reports policy routing that has no effect. */
const someNicHasRules: VmCheck = ({ vm }) =>
  vm.routing === "main" || vm.nics.some((nic) => sourceRulesOf(nic).table !== undefined)
    ? undefined
    : finding("ROUTING_POLICY_EMPTY", "routing", {}, { fix: removeField("routing") });

export const routingVmChecks: readonly VmCheck[] = [rendererKeepsRules, someNicHasRules];
export const trafficChecks: readonly NicCheck[] = [
  repliesLeaveWhereTrafficArrives,
  routeLeavesSubnetsAlone,
  nextHopIsReachedDirectly,
  addressIsKnownForRules,
];
