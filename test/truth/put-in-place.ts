// Applies a guest's network-config with the `ip` commands that do what netplan and systemd-networkd do. Reads only the
// compiled document.
import { vi } from "vitest";
import type { Namespace } from "./namespace.ts";

/** cloud-init's network-config version 2, as far as it is compiled. */
export interface NetworkDocument {
  readonly ethernets: Readonly<Record<string, Ethernet>>;
}

interface Ethernet {
  readonly match: { readonly macaddress: string };
  readonly "set-name": string;
  readonly mtu?: number;
  readonly dhcp4?: boolean;
  readonly "dhcp4-overrides"?: { readonly "route-metric": number; readonly "use-routes"?: boolean };
  readonly addresses?: readonly string[];
  readonly routes?: readonly {
    readonly to: string;
    readonly via: string;
    readonly metric: number;
    readonly table?: number;
  }[];
  readonly "routing-policy"?: readonly {
    readonly from: string;
    readonly to?: string;
    readonly table: number;
    readonly priority: number;
  }[];
}

/** What the DHCP server of a NIC offers. */
export interface Lease {
  readonly address: string;
  readonly gateway: string;
}

export interface World {
  /** By the NIC's name. */
  readonly leases: Readonly<Record<string, Lease>>;
  /** NICs without a carrier: nothing is configured on them. */
  readonly unplugged: ReadonlySet<string>;
}

const minIpv6Mtu = 1280;

/** A veth pair per NIC with its MAC address, renamed by it, up, and with its link-local address. */
export async function plugNics(namespace: Namespace, document: NetworkDocument, world: World): Promise<void> {
  const entries = Object.values(document.ethernets);
  await namespace.batch(
    entries.flatMap((entry, index) => {
      const name = entry["set-name"];
      const mtu = entry.mtu === undefined ? "" : `mtu ${entry.mtu}`;
      return [
        `link add dev kernel${index} ${mtu} address ${entry.match.macaddress} type veth peer name peer${index}`,
        `link set dev peer${index} addrgenmode none`,
        ...(world.unplugged.has(name) ? [] : [`link set dev peer${index} up`]),
        `link set dev kernel${index} name ${name}`,
        `link set dev ${name} up`,
      ];
    }),
  );
  const speaking = entries.filter(
    (entry) => !world.unplugged.has(entry["set-name"]) && (entry.mtu ?? 1500) >= minIpv6Mtu,
  ).length;
  // The kernel adds link-local addresses once it has noticed the carrier.
  const haveLinkLocal = async (): Promise<boolean> => {
    const routes = await namespace.ip(["-6", "route", "show", "fe80::/64"]);
    return routes.split("\n").filter(Boolean).length >= speaking;
  };
  await vi.waitUntil(haveLinkLocal, {
    timeout: 15_000,
    interval: 5,
    message: `fewer than ${speaking} NICs have a link-local address`,
  });
}

/** All of the document. A rule's family is an option of the whole batch (iproute2 takes IPv4 else). */
export async function configure(
  namespace: Namespace,
  document: NetworkDocument,
  world: World,
): Promise<void> {
  const commands = configuration(document, world);
  const isIpv6Rule = (command: string): boolean => command.startsWith("rule ") && command.includes(":");
  await namespace.batch(commands.filter((command) => !isIpv6Rule(command)));
  await namespace.batch(commands.filter(isIpv6Rule), ["-6"]);
}

/** Addresses, routes and rules, NIC by NIC in the order of the document. */
export function configuration({ ethernets }: NetworkDocument, world: World): readonly string[] {
  return Object.values(ethernets)
    .filter((entry) => !world.unplugged.has(entry["set-name"]))
    .flatMap((entry) => {
      const name = entry["set-name"];
      return [
        // networkd drops duplicates (networkd-address.c network_drop_invalid_addresses).
        ...[...new Set(entry.addresses)].map(
          (address) => `addr add ${address} dev ${name}${address.includes(":") ? " nodad" : ""}`,
        ),
        ...leased(entry, world.leases[name]),
        ...(entry.routes ?? []).map(
          ({ to, via, metric, table }) =>
            `route append ${to} via ${via} dev ${name} metric ${metric}${table === undefined ? "" : ` table ${table}`}`,
        ),
        ...(entry["routing-policy"] ?? []).map(
          ({ from, to, table, priority }) =>
            `rule add from ${from}${to === undefined ? "" : ` to ${to}`} table ${table} priority ${priority}`,
        ),
      ];
    });
}

/** RouteMetric= also applies to the subnet of the lease (systemd's networkd-dhcp4.c). */
function leased(entry: Ethernet, lease: Lease | undefined): readonly string[] {
  if (entry.dhcp4 !== true || lease === undefined) return [];
  const overrides = entry["dhcp4-overrides"];
  const on = `dev ${entry["set-name"]} metric ${overrides?.["route-metric"] ?? 0}`;
  return [
    `addr add ${lease.address} ${on}`,
    ...(overrides?.["use-routes"] === false ? [] : [`route append 0.0.0.0/0 via ${lease.gateway} ${on}`]),
  ];
}
