// cloud-init's network-config, version 2, as text, read back.
import { parse } from "yaml";
import type { GuestNic } from "./guest-nic.ts";

interface Ethernet {
  readonly match: { readonly macaddress: string };
  readonly mtu?: number;
  readonly dhcp4?: boolean;
  readonly "dhcp4-overrides"?: { readonly "route-metric"?: number; readonly "use-routes"?: boolean };
  readonly addresses?: readonly string[];
  readonly routes?: readonly { readonly to: string; readonly via: string; readonly metric: number }[];
  readonly nameservers?: { readonly addresses: readonly string[]; readonly search?: readonly string[] };
}

export function readNetworkConfigText(text: string): readonly GuestNic[] {
  const { ethernets } = parse(text) as { readonly ethernets: Readonly<Record<string, Ethernet>> };
  return Object.values(ethernets).map((nic) => {
    const overrides = nic["dhcp4-overrides"] ?? {};
    return {
      mac: nic.match.macaddress,
      ...(nic.mtu === undefined ? {} : { mtu: nic.mtu }),
      dhcp4: nic.dhcp4 === true,
      ...(overrides["route-metric"] === undefined ? {} : { dhcpMetric: overrides["route-metric"] }),
      dhcpRoutes: overrides["use-routes"] !== false,
      addresses: nic.addresses ?? [],
      dns: nic.nameservers?.addresses ?? [],
      search: nic.nameservers?.search ?? [],
      routes: nic.routes ?? [],
    };
  });
}
