// What all NICs' routes together do to traffic: replies by another NIC, routes against subnets, source-based rules.
import { finding } from "../findings.ts";
import { type Fix, removeField, replaceWith } from "../fix.ts";
import { type Cidr, contains, type IpFamily } from "../ip.ts";
import type { Nic, ResolvedVm } from "../nic.ts";
import { connectedMetric, metricField, type PredictedRoute } from "../routing/predicted-routes.ts";
import { leadsBeyond } from "../routing/route-index.ts";
import { sourceRulesOf } from "../routing/source-routing.ts";
import type { NicCheck, VmCheck } from "./context.ts";

/**
 * A NIC with a gateway or a routed network receives traffic from beyond its subnets. When another NIC has the better route
 * back, replies leave there: firewalls on the way and strict reverse-path filters drop them.
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
      return finding(
        "REPLY_ASYMMETRIC",
        metricField(route),
        {
          nic: nic.name,
          from: arrivalsInWords(ownRoutes, route.destination),
          winner: winner.nic.name,
          metric: winner.metric,
          own: route.metric,
        },
        { ...(fix === undefined ? {} : { fix }), related: [metricField(winner)] },
      );
    });
};

/** Where the traffic comes from that arrives this way. */
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

/** undefined where source-based rules cannot help: the guest drops them, or the address is not known in advance. */
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

/** A route through a next hop to hosts that are on a link of the guest. */
const routeLeavesSubnetsAlone: NicCheck = ({ nic, ownRoutes, routes: { connected } }) =>
  ownRoutes
    .filter(({ origin, destination }) => origin === "route" && !destination.hasHostBits)
    .map((route) => {
      const { destination, gateway, field } = route;
      const subnet = connected.find((other) => isInside(destination, other.destination));
      if (subnet === undefined) return undefined;
      return finding(
        "ROUTE_INSIDE_SUBNET",
        `${field}.destination`,
        {
          destination: destination.network,
          subnet: subnet.destination.network,
          nic: subnet.nic.name,
          effect: isPreferred(route, subnet.destination)
            ? `hosts there are reached through ${gateway?.text ?? ""} on ${nic.name} instead of directly`
            : "the route is never used",
        },
        { fix: removeField(field), related: [subnet.nic.field] },
      );
    });

const isInside = (inner: Cidr, outer: Cidr): boolean =>
  inner.prefixLength >= outer.prefixLength && contains(outer, inner.address);

/** True when the kernel takes the route rather than the subnet's own one. */
function isPreferred({ destination, metric }: PredictedRoute, subnet: Cidr): boolean {
  return (
    destination.prefixLength > subnet.prefixLength || metric < connectedMetric[destination.address.family]
  );
}

/**
 * IPv6 takes no next hop that is itself reached by a next hop (net/ipv6/route.c ip6_route_check_nh); IPv4 does. Routes come
 * in the order of the list; those of a NIC's own table after all of the main one.
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
    return between === undefined
      ? undefined
      : finding(
          "ROUTE_GATEWAY_INDIRECT",
          field,
          {
            gateway: gateway.text,
            destination: between.destination.network,
            via: between.gateway?.text ?? "",
          },
          { fix: removeField(between.field), related: [between.field] },
        );
  });
};

/** Tables and rules are kept by netplan alone (measured with cloud-init devel net-convert; cloud-init#4862). */
const rendererKeepsRules: VmCheck = ({ vm }) =>
  vm.routing === "main" || vm.guestConfig === "nmstate" || vm.renderer === "netplan"
    ? undefined
    : finding(
        "ROUTING_POLICY_UNSUPPORTED",
        "routing",
        {
          problem:
            vm.renderer === undefined ? "guest.renderer is not set" : `guest.renderer is ${vm.renderer}`,
        },
        {
          fix: vm.renderer === undefined ? replaceWith("guest.renderer", "netplan") : removeField("routing"),
          related: ["guest.renderer"],
        },
      );

/** Only for a NIC that may get traffic from beyond its link and does not have the best default route. */
const addressIsKnownForRules: NicCheck = ({ nic, vm, routes: { defaults } }) => {
  if (vm.routing === "main" || nic.mode === "static" || !nic.defaultRoute) return undefined;
  const better = defaults.find(
    (route) =>
      route.nic.linkState === "up" && route.destination.address.family === 4 && route.metric < nic.metric,
  );
  return better === undefined
    ? undefined
    : finding("ROUTING_POLICY_SKIPS_DHCP", `${nic.field}.ipConfig`, {
        nic: nic.name,
        winner: better.nic.name,
      });
};

/** Whether policy routing does anything at all. */
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
