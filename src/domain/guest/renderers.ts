// What cloud-init's renderers drop from a network-config, version 2. test/guest/renderers.test.ts compares this with Debian's
// cloud-init in both directions; the versions were determined by running cloud-init 22.4 to 26.2.
import { isDefaultRoute, metricField, routesOfNic } from "../routing/predicted-routes.ts";
import type { IpFamily } from "../ip.ts";
import type { Nic } from "../nic.ts";
import type { GuestRenderer } from "../spec.ts";

/** What some renderer drops, as text for people. Anything else is supported by all renderers. */
export const guestTraits = {
  routeMetrics: "the metrics of gateways and routes",
  dhcpMetric: "the metric of routes from DHCP",
  dhcpWithoutRoutes: "defaultRoute: never with DHCP",
  ipv6DefaultRoute: "the IPv6 default route",
  otherFamilyRoutes: "routes whose address family is not that of the first address",
  otherFamilyDefaultRoute: "a second default route, for the other address family",
  dhcpNameServers: "DNS servers on a NIC with DHCP",
  otherFamilyNameServers: "DNS servers of an address family in which the NIC has no address",
  dhcpIpv6NameServers: "IPv6 DNS servers on a NIC with DHCP",
} as const;
export type GuestTrait = keyof typeof guestTraits;

/** A range of cloud-init versions, MAJOR.MINOR: from the first to just before `until`; an absent bound is open. */
export interface VersionRange {
  readonly from?: string;
  readonly until?: string;
}

const ever: readonly VersionRange[] = [{}];
const metricsInVersion2 = [{ until: "23.3" }]; // cloud-init #4220
const ipv6Default = [{ until: "23.1" }];

/** What each renderer drops, and in which versions. A trait that is absent is supported by all versions. */
export const losses: Readonly<
  Record<GuestRenderer, Readonly<Partial<Record<GuestTrait, readonly VersionRange[]>>>>
> = {
  netplan: {},
  networkd: { routeMetrics: metricsInVersion2, ipv6DefaultRoute: ipv6Default },
  "network-manager": {
    routeMetrics: [{ until: "24.4" }],
    dhcpMetric: [{ until: "26.2" }],
    dhcpWithoutRoutes: ever,
    ipv6DefaultRoute: ipv6Default,
    otherFamilyRoutes: [{ until: "24.1" }],
    // Since 24.4 the renderer fails as a whole (KeyError), and no NIC is configured.
    otherFamilyDefaultRoute: [{ until: "24.1" }, { from: "24.4" }],
    dhcpNameServers: [{ until: "24.1" }],
    otherFamilyNameServers: [{ from: "24.1" }],
    dhcpIpv6NameServers: ever,
  },
  sysconfig: {
    routeMetrics: metricsInVersion2,
    dhcpWithoutRoutes: ever,
    ipv6DefaultRoute: ipv6Default,
    // The route exists, but with the metric of the first.
    otherFamilyDefaultRoute: [{ from: "24.4" }],
    dhcpNameServers: [{ from: "24.1", until: "24.2" }],
    dhcpIpv6NameServers: [{ from: "24.1", until: "24.2" }],
  },
  eni: {
    routeMetrics: metricsInVersion2,
    dhcpWithoutRoutes: ever,
    ipv6DefaultRoute: ipv6Default,
    dhcpNameServers: [{ from: "24.1" }],
    otherFamilyNameServers: [{ from: "25.2" }],
    dhcpIpv6NameServers: [{ from: "24.1" }],
  },
};

/** The traits that the NIC needs, each with the field of the input that requires it. */
export function traitsOf(nic: Nic): ReadonlyMap<GuestTrait, string> {
  const first = firstFamily(nic);
  const given = routesOfNic(nic)
    .filter((route) => isDefaultRoute(route) && route.origin !== "dhcp")
    .map((route) => ({ family: route.destination.address.family, field: metricField(route) }));
  const has = new Set(nic.addresses.map(({ cidr }) => cidr.address.family));
  const dns = (wrong: (family: IpFamily) => boolean) =>
    nic.dnsServers.some(({ family }) => wrong(family)) ? `${nic.field}.ipConfig.dnsServers` : undefined;
  const dhcp = nic.mode === "dhcp";
  const needs: Readonly<Record<GuestTrait, string | undefined>> = {
    routeMetrics: given[0]?.field ?? nic.routes[0]?.field,
    dhcpMetric: dhcp ? nic.field : undefined,
    dhcpWithoutRoutes: dhcp && !nic.defaultRoute ? `${nic.field}.ipConfig.defaultRoute` : undefined,
    ipv6DefaultRoute: given.find(({ family }) => family === 6)?.field,
    otherFamilyRoutes: nic.routes.find(({ gateway }) => gateway.family !== first)?.field,
    otherFamilyDefaultRoute: given.find(({ family }) => family !== first)?.field,
    dhcpNameServers: dhcp ? dns((family) => family === 4) : undefined,
    otherFamilyNameServers: dhcp ? undefined : dns((family) => !has.has(family)),
    dhcpIpv6NameServers: dhcp ? dns((family) => family === 6) : undefined,
  };
  return new Map(
    Object.entries(needs).flatMap(([trait, field]) =>
      field === undefined ? [] : [[trait as GuestTrait, field]],
    ),
  );
}

/**
 * The family of the first address in the network-config, which is that of the gateway: cloud-init attaches all routes to
 * the first address, and its network-manager renderer drops a default route of a family without an earlier address.
 */
export function firstFamily({ addresses, gateway, mode }: Nic): IpFamily {
  return mode === "dhcp" ? 4 : (gateway?.family ?? addresses[0]?.cidr.address.family ?? 4);
}
