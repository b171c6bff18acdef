// Checks of the routes of all NICs together: replies through another NIC, routes into subnets, source-based rules.
import { finding } from "../findings.ts";
import { type Fix, removeField, replaceWith } from "../fix.ts";
import type { Cidr, IpFamily } from "../ip.ts";
import { maxRules } from "../limits.ts";
import type { Nic, ResolvedVm } from "../nic.ts";
import { PrefixTree } from "../prefix-tree.ts";
import { connectedMetric, metricField, type PredictedRoute } from "../routing/predicted-routes.ts";
import { leadsBeyond } from "../routing/route-index.ts";
import { someOf } from "./address-checks.ts";
import type { NicCheck, VmCheck } from "./context.ts";
import type { NicSubnets } from "./subnet-index.ts";

/**
 * A NIC with a gateway or a routed network receives traffic from beyond its subnets. If another NIC has a better route back,
 * replies leave through that one, and firewalls on the way and strict reverse-path filters drop them.
 */
const repliesLeaveWhereTrafficArrives: NicCheck = ({ nic, vm, own, ownRoutes, routes }) => {
  if (nic.linkState === "down" || (vm.routing === "policy" && nic.mode === "static")) return undefined;
  const beyond = { 4: beyondSubnets(ownRoutes, 4), 6: beyondSubnets(ownRoutes, 6) };
  return ownRoutes
    .filter((route) => leadsBeyond(route) && route.origin !== "dhcp")
    .map((route) => {
      const { network, address, prefixLength } = route.destination;
      const [winner] = [...(routes.best.get(network)?.values() ?? [])]
        .filter((other) => other.nic !== nic && other.metric < route.metric)
        .toSorted((a, b) => a.metric - b.metric);
      if (winner === undefined) return undefined;
      const fix = sourceRulesFix(vm, nic, own, address.family);
      const more = { ...(fix === undefined ? {} : { fix }), related: [metricField(winner)] };
      // The source of the traffic that arrives by this route.
      const from = prefixLength > 0 ? network : beyond[address.family];
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

function beyondSubnets(ownRoutes: readonly PredictedRoute[], family: IpFamily): string {
  const subnets = ownRoutes
    .filter(({ origin, destination }) => origin === "address" && destination.address.family === family)
    .map(({ destination }) => destination.network);
  return `beyond ${someOf(subnets) || `its IPv${family} link`}`;
}

/** undefined if source-based rules do not help: the renderer drops them, or the address is not known in advance. */
function sourceRulesFix(vm: ResolvedVm, nic: Nic, own: NicSubnets, family: IpFamily): Fix | undefined {
  if (nic.mode === "dhcp" || own.networks[family].length === 0) return undefined;
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
      const subnet = connected.around(destination);
      if (subnet === undefined) return undefined;
      const effect = isPreferred(route, subnet.destination)
        ? `hosts there are reached through ${gateway?.text ?? ""} on ${nic.name} instead of directly`
        : "the route is never used";
      const networks = { destination: destination.network, subnet: subnet.destination.network };
      const values = { ...networks, nic: subnet.nic.name, effect };
      const more = { fix: removeField(field), related: [subnet.nic.field] };
      return finding("ROUTE_INSIDE_SUBNET", `${field}.destination`, values, more);
    });

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
const nextHopIsReachedDirectly: NicCheck = ({ nic, vm, own, ownRoutes }) => {
  const ownHop = nic.defaultRoute ? nic.gateway : undefined;
  const statics = ownRoutes.filter(({ origin }) => origin === "route");
  const hops = [
    { gateway: ownHop, position: -1, field: `${nic.field}.ipConfig.gateway` },
    ...statics.map(({ gateway, field }, position) => ({ gateway, position, field: `${field}.gateway` })),
  ];
  const positioned = [...statics.entries()].filter(([, { destination }]) => destination.address.family === 6);
  const all = new PrefixTree(positioned.map((entry) => [entry[1].destination, entry]));
  const beforeSubnets = new PrefixTree(
    positioned
      .filter(([, { metric }]) => metric < connectedMetric[6])
      .map((entry) => [entry[1].destination, entry]),
  );
  return hops.map(({ gateway, position, field }) => {
    if (gateway?.family !== 6) return undefined;
    const subnet = own.all.longest(gateway);
    if (subnet === undefined) return undefined;
    const { prefixLength } = subnet;
    const [first] = [
      all.containing(gateway, prefixLength + 1),
      beforeSubnets.containing(gateway, prefixLength),
    ]
      .filter((entry) => entry !== undefined)
      .toSorted(([a], [b]) => a - b);
    if (first === undefined || !(first[0] < position || vm.routing === "policy")) return undefined;
    const between = first[1];
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
const someNicHasRules: VmCheck = ({ vm, ruleCount }) =>
  vm.routing === "main" || ruleCount > 0
    ? undefined
    : finding("ROUTING_POLICY_EMPTY", "routing", {}, { fix: removeField("routing") });

const rulesAreFew: VmCheck = ({ ruleCount: count }) =>
  count > maxRules
    ? finding("LIMIT_EXCEEDED", "routing", { count, what: "rules of source-based routing", max: maxRules })
    : undefined;

export const routingVmChecks: readonly VmCheck[] = [rendererKeepsRules, someNicHasRules, rulesAreFew];
export const trafficChecks: readonly NicCheck[] = [
  repliesLeaveWhereTrafficArrives,
  routeLeavesSubnetsAlone,
  nextHopIsReachedDirectly,
  addressIsKnownForRules,
];
