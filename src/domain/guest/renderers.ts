// What cloud-init's renderers drop from a network-config, version 2. test/guest/renderers.test.ts compares it with Debian's
// cloud-init in both directions; the versions come from running its releases 22.4 to 26.2.
import { isDefaultRoute, metricField, routesOfNic } from "../routing/predicted-routes.ts";
import type { IpFamily } from "../ip.ts";
import type { Nic } from "../nic.ts";
import type { GuestRenderer } from "../spec.ts";

/** What a NIC may need from its renderer, and its name for people. All renderers keep everything that is not listed here. */
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

/** What each renderer drops, and in which versions. What is absent is kept by all versions. */
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
    // The route exists, with the metric of the first.
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

/** True if that version drops it. */
export function loses(renderer: GuestRenderer, trait: GuestTrait, version: string): boolean {
  return (losses[renderer][trait] ?? []).some(
    ({ from, until }) =>
      (from === undefined || compareVersions(version, from) >= 0) &&
      (until === undefined || compareVersions(version, until) < 0),
  );
}

/** Compares MAJOR.MINOR only; a suffix such as Debian's revision is ignored. */
function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => {
    const [major = 0, minor = 0] = version.split(".").map((part) => Number.parseInt(part, 10));
    return major * 1000 + minor;
  });
  return (left ?? 0) - (right ?? 0);
}

/** What the NIC needs from its renderer, each with the input field that requires it. */
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
 * The family of the first address in the network-config: the gateway's. cloud-init attaches all routes to the first
 * address, and its network-manager renderer drops a default route of a family that it has not seen yet.
 */
export function firstFamily({ addresses, gateway, mode }: Nic): IpFamily {
  return mode === "dhcp" ? 4 : (gateway?.family ?? addresses[0]?.cidr.address.family ?? 4);
}
