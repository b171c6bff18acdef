// The guest's networks as NMState desired state, equivalent to the network-config, for images with nmstate.service.
import { stringify } from "yaml";
import { configuredRoutes } from "../routing/predicted-routes.ts";
import type { Cidr } from "../ip.ts";
import type { Nic } from "../nic.ts";
import { sourceRulesOf } from "../routing/source-routing.ts";
import type { RoutingMode } from "../spec.ts";

interface NmstateIp {
  readonly enabled: boolean;
  readonly dhcp?: boolean;
  readonly autoconf?: boolean;
  readonly address?: readonly { readonly ip: string; readonly "prefix-length": number }[];
  readonly "auto-dns"?: boolean;
  readonly "auto-gateway"?: boolean;
  readonly "auto-routes"?: boolean;
  readonly "auto-route-metric"?: number;
}

interface NmstateInterface {
  readonly name: string;
  readonly type: "ethernet";
  readonly state: "up";
  readonly identifier: "mac-address";
  readonly "mac-address": string;
  readonly mtu?: number;
  readonly ipv4: NmstateIp;
  readonly ipv6?: NmstateIp;
}

interface NmstateRoute {
  readonly destination: string;
  readonly "next-hop-address": string;
  readonly "next-hop-interface": string;
  readonly metric: number;
  readonly "table-id"?: number;
}

interface NmstateRule {
  readonly family: "ipv4" | "ipv6";
  readonly "ip-from": string;
  readonly "ip-to"?: string;
  readonly priority: number;
  readonly "route-table": number;
}

/** An NMState policy: interfaces to look up, and the desired state. */
export interface NmstatePolicy {
  /** The NIC with a MAC address, by a name of this policy for it. */
  readonly capture: Readonly<Record<string, string>>;
  readonly desired: {
    readonly interfaces: readonly NmstateInterface[];
    readonly routes?: { readonly config: readonly NmstateRoute[] };
    readonly "route-rules"?: { readonly config: readonly NmstateRule[] };
    readonly "dns-resolver"?: {
      readonly config: { readonly server: readonly string[]; readonly search?: readonly string[] };
    };
  };
}

/**
 * NICs are identified by MAC address, also in their profiles (identifier, nmstate 2.2.10). Routes need the kernel's name of
 * the interface, which is captured by MAC address. DNS servers apply to the whole host; those of the NIC with the lowest
 * metric come first.
 */
export function compileNmstate(nics: readonly Nic[], routing: RoutingMode): NmstatePolicy {
  const withRoutes = nics
    .map((nic) => ({ nic, routes: routesOf(nic) }))
    .filter((each) => each.routes.length > 0);
  const bySource = routing === "policy" ? nics.map((nic) => ({ nic, ...sourceRulesOf(nic) })) : [];
  const routes = withRoutes.flatMap(({ nic, routes: own }) => {
    const table = bySource[nic.index]?.table;
    return table === undefined ? own : [...own, ...own.map((route) => ({ ...route, "table-id": table }))];
  });
  const rules = bySource.flatMap((each) => each.rules);
  const preferred = nics
    .toSorted((a, b) => a.metric - b.metric)
    .filter(({ dnsServers }) => dnsServers.length > 0);
  const server = unique(preferred.flatMap(({ dnsServers }) => dnsServers.map(({ text }) => text)));
  const search = unique(preferred.flatMap(({ searchDomains }) => searchDomains));
  return {
    capture: Object.fromEntries(
      withRoutes.map(({ nic }) => [captureOf(nic), `interfaces.mac-address == "${nic.mac.toUpperCase()}"`]),
    ),
    desired: {
      interfaces: nics.map(interfaceOf),
      ...(routes.length === 0 ? {} : { routes: { config: routes } }),
      ...(rules.length === 0
        ? {}
        : {
            "route-rules": {
              config: rules.map(({ sourceAddress, destination, priority, table }) => ({
                family: `ipv${sourceAddress.family}` as const,
                "ip-from": `${sourceAddress.text}/${sourceAddress.family === 4 ? 32 : 128}`,
                ...(destination === undefined ? {} : { "ip-to": destination.network }),
                priority,
                "route-table": table,
              })),
            },
          }),
      ...(server.length === 0
        ? {}
        : { "dns-resolver": { config: { server, ...(search.length === 0 ? {} : { search }) } } }),
    },
  };
}

const captureOf = ({ index }: Nic): string => `nic${index}`;
const unique = (texts: readonly string[]): readonly string[] => [...new Set(texts)];

function interfaceOf(nic: Nic): NmstateInterface {
  const of = (family: 4 | 6) =>
    nic.addresses.map(({ cidr }) => cidr).filter(({ address }) => address.family === family);
  const [ipv4, ipv6] = [of(4), of(6)];
  return {
    name: nic.name,
    type: "ethernet",
    state: "up",
    identifier: "mac-address",
    "mac-address": nic.mac.toUpperCase(),
    ...(nic.mtu === undefined ? {} : { mtu: nic.mtu }),
    ipv4: nic.mode === "dhcp" ? byDhcp(nic) : fixed(ipv4),
    // Without an address NetworkManager's default applies, as with cloud-init.
    ...(nic.mode === "static" && ipv6.length > 0 ? { ipv6: { ...fixed(ipv6), autoconf: false } } : {}),
  };
}

function byDhcp({ metric, defaultRoute }: Nic): NmstateIp {
  return {
    enabled: true,
    dhcp: true,
    "auto-dns": true,
    "auto-gateway": defaultRoute,
    "auto-routes": defaultRoute,
    "auto-route-metric": metric,
  };
}

function fixed(addresses: readonly Cidr[]): NmstateIp {
  if (addresses.length === 0) return { enabled: false };
  return {
    enabled: true,
    dhcp: false,
    address: addresses.map(({ address, prefixLength }) => ({
      ip: address.text,
      "prefix-length": prefixLength,
    })),
  };
}

function routesOf(nic: Nic): readonly NmstateRoute[] {
  return configuredRoutes(nic).map(({ destination, gateway, metric }) => ({
    destination: destination.text,
    "next-hop-address": gateway.text,
    "next-hop-interface": `{{ capture.${captureOf(nic)}.interfaces.0.name }}`,
    metric,
  }));
}

/** As YAML with every string quoted, because unquoted braces and colons are YAML syntax. */
export function nmstateText(policy: NmstatePolicy): string {
  return stringify(policy, { defaultStringType: "QUOTE_DOUBLE", defaultKeyType: "PLAIN", lineWidth: 0 });
}
