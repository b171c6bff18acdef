// The configuration of a NIC in a guest's files, in one form for every kind of file, so that they can be compared.
import type { Nic } from "../../src/domain/nic.ts";

export interface GuestRoute {
  readonly to: string;
  readonly via: string;
  /** Absent: the renderer's own. */
  readonly metric?: number;
}

/** One NIC, found by its MAC address. */
export interface GuestNic {
  readonly mac: string;
  readonly mtu?: number;
  readonly dhcp4: boolean;
  readonly dhcpMetric?: number;
  /** False: routes from DHCP are not used. */
  readonly dhcpRoutes: boolean;
  readonly addresses: readonly string[];
  readonly dns: readonly string[];
  readonly search: readonly string[];
  readonly routes: readonly GuestRoute[];
}

export const unconfigured = {
  dhcp4: false,
  dhcpRoutes: true,
  addresses: [],
  dns: [],
  search: [],
  routes: [],
};

/** The configuration that the resolved NIC must get. */
export function wanted(nic: Nic): GuestNic {
  const dhcp4 = nic.mode === "dhcp";
  return {
    mac: nic.mac,
    ...(nic.mtu === undefined ? {} : { mtu: nic.mtu }),
    dhcp4,
    ...(dhcp4 ? { dhcpMetric: nic.metric } : {}),
    dhcpRoutes: !dhcp4 || nic.defaultRoute,
    addresses: dhcp4 ? [] : nic.addresses.map(({ cidr }) => cidr.text),
    dns: nic.dnsServers.map(({ text }) => text),
    // Search domains go along with name servers only.
    search: nic.dnsServers.length === 0 ? [] : nic.searchDomains,
    routes: [
      ...(dhcp4 || nic.gateway === undefined || !nic.defaultRoute
        ? []
        : [
            {
              to: nic.gateway.family === 4 ? "0.0.0.0/0" : "::/0",
              via: nic.gateway.text,
              metric: nic.metric,
            },
          ]),
      ...nic.routes.map(({ destination, gateway, metric }) => ({
        to: destination.text,
        via: gateway.text,
        metric,
      })),
    ],
  };
}

export const isIpv6 = (text: string): boolean => text.includes(":");
