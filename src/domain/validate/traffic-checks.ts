// What all NICs' routes together do to traffic: replies by another NIC, routes against subnets, source-based rules.
import { defaultRoutesOf, kernelMetric } from "../routing/default-routes.ts";
import { finding } from "../findings.ts";
import { type Fix, removeField, replaceWith } from "../fix.ts";
import { type Cidr, contains, type IpFamily } from "../ip.ts";
import type { Nic, NicRoute, ResolvedVm } from "../nic.ts";
import { connectedMetric, connectedNetworks } from "../routing/predicted-routes.ts";
import { sourceRulesOf } from "../routing/source-routing.ts";
import type { NicCheck, VmCheck } from "./context.ts";

/** A route beyond the NIC's own subnets. */
interface RouteBeyond {
  readonly destination: string;
  readonly family: IpFamily;
  readonly metric: number;
  readonly field: string;
  readonly assumed: boolean;
}

/**
 * A NIC with a gateway or a routed network receives traffic from beyond its subnets. When another NIC has the better route
 * back, replies leave there: firewalls on the way and strict reverse-path filters drop them.
 */
const repliesLeaveWhereTrafficArrives: NicCheck = ({ nic, vm }) => {
  if (nic.linkState === "down" || (vm.routing === "policy" && nic.mode === "static")) return undefined;
  const ownRoutes = routesBeyond(nic).filter(({ assumed }) => !assumed);
  if (ownRoutes.length === 0) return undefined;
  const others = vm.nics
    .filter((other) => other.index !== nic.index && other.linkState === "up")
    .flatMap((other) => routesBeyond(other).map((route) => ({ other, route })));
  return ownRoutes.map((own) => {
    const [winner] = others
      .filter(({ route }) => route.destination === own.destination && route.metric < own.metric)
      .toSorted((a, b) => a.route.metric - b.route.metric);
    if (winner === undefined) return undefined;
    const fix = sourceRulesFix(vm, nic, own.family);
    return finding(
      "REPLY_ASYMMETRIC",
      own.field,
      {
        nic: nic.name,
        from: arrivalsInWords(nic, own),
        winner: winner.other.name,
        metric: winner.route.metric,
        own: own.metric,
      },
      { ...(fix === undefined ? {} : { fix }), related: [winner.route.field] },
    );
  });
};

function routesBeyond(nic: Nic): readonly RouteBeyond[] {
  return [
    ...defaultRoutesOf(nic).map(({ family, metric, field, origin }) => ({
      destination: family === 4 ? "0.0.0.0/0" : "::/0",
      family,
      metric,
      field,
      assumed: origin === "dhcp",
    })),
    ...nic.routes
      .filter(({ destination }) => destination.prefixLength > 0)
      .map(({ destination, metric, field }) => {
        const { family } = destination.address;
        return {
          destination: destination.network,
          family,
          metric: kernelMetric(family, metric),
          field: `${field}.metric`,
          assumed: false,
        };
      }),
  ];
}

/** Where the traffic comes from that arrives this way. */
function arrivalsInWords(nic: Nic, { destination, family }: RouteBeyond): string {
  if (!destination.endsWith("/0")) return destination;
  const subnets = connectedNetworks(nic).filter(({ address }) => address.family === family);
  return `beyond ${subnets.map(({ network }) => network).join(" and ") || `its IPv${family} link`}`;
}

/** undefined where source-based rules cannot help: a guest that drops them, or an address that is not known beforehand. */
function sourceRulesFix(vm: ResolvedVm, nic: Nic, family: IpFamily): Fix | undefined {
  const hasAddress = nic.addresses.some(({ cidr }) => cidr.address.family === family);
  if (nic.mode === "dhcp" || !hasAddress) return undefined;
  const policy = { field: "routing", value: "policy" };
  if (vm.renderer === "netplan") return replaceWith(policy.field, policy.value);
  if (vm.renderer !== undefined) return undefined;
  return {
    description: "set routing to policy and guest.renderer to netplan; only for a guest that uses netplan",
    patches: [policy, { field: "guest.renderer", value: "netplan" }],
  };
}

/** A route by a next hop to stations that are on a link of the guest. */
const routeLeavesSubnetsAlone: NicCheck = ({ nic, vm }) =>
  nic.routes.map((route) => {
    const { destination, gateway, field } = route;
    const owner = vm.nics
      .flatMap((other) => connectedNetworks(other).map((subnet) => ({ other, subnet })))
      .find(({ subnet }) => isInside(destination, subnet));
    if (owner === undefined || destination.hasHostBits) return undefined;
    const { subnet, other } = owner;
    return finding(
      "ROUTE_INSIDE_SUBNET",
      `${field}.destination`,
      {
        destination: destination.network,
        subnet: subnet.network,
        nic: other.name,
        effect: isPreferred(route, subnet)
          ? `hosts there are reached through ${gateway.text} on ${nic.name} instead of directly`
          : "the route is never used",
      },
      { fix: removeField(field), related: [other.field] },
    );
  });

const isInside = (inner: Cidr, outer: Cidr): boolean =>
  inner.prefixLength >= outer.prefixLength && contains(outer, inner.address);

/** True when the kernel takes the route rather than the subnet's own one. */
function isPreferred({ destination, metric }: NicRoute, subnet: Cidr): boolean {
  const { family } = destination.address;
  return (
    destination.prefixLength > subnet.prefixLength || kernelMetric(family, metric) < connectedMetric[family]
  );
}

/**
 * IPv6 takes no next hop that is itself reached by a next hop (net/ipv6/route.c ip6_route_check_nh); IPv4 does. Routes come
 * in the order of the list; those of a NIC's own table after all of the main one.
 */
const nextHopIsReachedDirectly: NicCheck = ({ nic, vm }) => {
  const ownHop = nic.defaultRoute && nic.gateway !== undefined ? [nic.gateway] : [];
  const hops = [
    ...ownHop.map((gateway) => ({ gateway, position: -1, field: `${nic.field}.ipConfig.gateway` })),
    ...nic.routes.map(({ gateway, position, field }) => ({ gateway, position, field: `${field}.gateway` })),
  ].filter(({ gateway }) => gateway.family === 6);
  return hops.map(({ gateway, position, field }) => {
    const subnet = nic.addresses
      .map(({ cidr }) => cidr)
      .filter((cidr) => contains(cidr, gateway))
      .toSorted((a, b) => b.prefixLength - a.prefixLength)[0];
    if (subnet === undefined) return undefined;
    const between = nic.routes.find(
      (route) =>
        (route.position < position || vm.routing === "policy") &&
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
            via: between.gateway.text,
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
const addressIsKnownForRules: NicCheck = ({ nic, vm }) => {
  if (vm.routing === "main" || nic.mode === "static" || !nic.defaultRoute) return undefined;
  const better = vm.nics
    .filter(({ linkState }) => linkState === "up")
    .flatMap(defaultRoutesOf)
    .find(({ family, metric }) => family === 4 && metric < nic.metric);
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
