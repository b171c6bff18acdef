// The guest's network-config: cloud-init version 2, limited to what every renderer supports, matched by MAC address.
import { createHash } from "node:crypto";
import { stringify } from "yaml";
import { firstFamily } from "../guest/renderers.ts";
import type { Nic } from "../nic.ts";
import { configuredRoutes } from "../routing/predicted-routes.ts";
import { noSourceRouting, type SourceRule, sourceRulesOf } from "../routing/source-routing.ts";
import type { RoutingMode } from "../spec.ts";

interface GuestRoute {
  readonly to: string;
  readonly via: string;
  readonly metric: number;
  /** Absent: the main table. */
  readonly table?: number;
}

interface GuestRule {
  readonly from: string;
  readonly to?: string;
  readonly table: number;
  readonly priority: number;
}

/** One entry of `ethernets`. */
interface GuestEthernet {
  readonly match: { readonly macaddress: string };
  readonly "set-name": string;
  readonly mtu?: number;
  readonly dhcp4?: boolean;
  readonly "dhcp4-overrides"?: { readonly "route-metric": number; readonly "use-routes"?: boolean };
  readonly addresses?: readonly string[];
  readonly routes?: readonly GuestRoute[];
  readonly "routing-policy"?: readonly GuestRule[];
  readonly nameservers?: { readonly addresses: readonly string[]; readonly search?: readonly string[] };
}

/**
 * The network-config of all NICs, as YAML. Every NIC is listed, since cloud-init leaves an unlisted one without
 * configuration. Every text is quoted: YAML 1.1 readers take 11:22:33:44:55:10 for a number.
 */
export function networkConfigText(nics: readonly Nic[], routing: RoutingMode): string {
  const ethernets = Object.fromEntries(nics.map((nic) => [nic.name, ethernet(nic, routing)]));
  const quoted = { defaultStringType: "QUOTE_DOUBLE", defaultKeyType: "PLAIN", lineWidth: 0 } as const;
  return stringify({ version: 2, ethernets }, quoted);
}

function ethernet(nic: Nic, routing: RoutingMode): GuestEthernet {
  const { table, rules } = routing === "policy" ? sourceRulesOf(nic) : noSourceRouting;
  const inMain = guestRoutes(nic);
  const routes = table === undefined ? inMain : [...inMain, ...inMain.map((route) => ({ ...route, table }))];
  return {
    match: { macaddress: nic.mac },
    "set-name": nic.name,
    ...(nic.mtu === undefined ? {} : { mtu: nic.mtu }),
    ...(nic.mode === "dhcp"
      ? {
          dhcp4: true,
          "dhcp4-overrides": {
            "route-metric": nic.metric,
            ...(nic.defaultRoute ? {} : { "use-routes": false }),
          },
        }
      : { dhcp4: false, addresses: addressesInOrder(nic) }),
    ...(routes.length === 0 ? {} : { routes }),
    ...(rules.length === 0 ? {} : { "routing-policy": rules.map(guestRule) }),
    ...nameservers(nic),
  };
}

/** The family of the gateway first: see firstFamily. */
function addressesInOrder(nic: Nic): readonly string[] {
  const first = firstFamily(nic);
  return nic.addresses
    .map(({ cidr }) => cidr)
    .toSorted((a, b) => Number(b.address.family === first) - Number(a.address.family === first))
    .map(({ text }) => text);
}

/** Only netplan supports rules; they are used for routing: policy. */
function guestRule({ sourceAddress, destination, table, priority }: SourceRule): GuestRule {
  return {
    from: sourceAddress.text,
    ...(destination === undefined ? {} : { to: destination.network }),
    table,
    priority,
  };
}

/** cloud-init renderers other than netplan recognise the default route only as 0.0.0.0/0 (cloud-init #3988). */
function guestRoutes(nic: Nic): readonly GuestRoute[] {
  return configuredRoutes(nic).map(({ destination, gateway, metric }) => ({
    to: destination.text,
    via: gateway.text,
    metric,
  }));
}

/** cloud-init's parser refuses `search` without `addresses`, so it is only set together with them. */
function nameservers({ dnsServers, searchDomains }: Nic): Pick<GuestEthernet, "nameservers"> {
  if (dnsServers.length === 0) return {};
  const addresses = dnsServers.map(({ text }) => text);
  return { nameservers: { addresses, ...(searchDomains.length === 0 ? {} : { search: searchDomains }) } };
}

/** Distinguishes network-configs without revealing them. */
export function guestConfigDigest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}

/** The user-data if the caller gives none: later network-configs are applied at the next boot. */
export const ownUserData = `#cloud-config
${stringify({ updates: { network: { when: ["boot"] } } }).trimEnd()}
`;
