// The DHCP servers of the networks behind the NICs: one pool per network, and a stable address per MAC where it is free.
// Addresses come from 100.64.0.0/10 and fd64::/16, which the examples do not use.
import { createHash } from "node:crypto";

/** A network is named by its NAD, `namespace/name`. */
export interface DhcpServers {
  /** The IPv4 address that the network's server leases to the MAC; the same at every call. */
  lease4(network: string, mac: string): string;
  /** The IPv6 address, likewise. */
  lease6(network: string, mac: string): string;
}

/** Hosts per pool: a /16 without network and broadcast address and without the gateway .0.1. */
const poolSize = 65_533;

/** Leases last as long as the object. */
export function createDhcpServers(): DhcpServers {
  const pools = new Map<string, Map<string, number>>();
  const hostOf = (network: string, mac: string): number => {
    const pool = pools.get(network) ?? new Map<string, number>();
    pools.set(network, pool);
    const known = pool.get(mac);
    if (known !== undefined) return known;
    const taken = new Set(pool.values());
    if (taken.size === poolSize) throw new Error(`no address left in the pool of network ${network}`);
    let host = 2 + (digest(mac) % poolSize);
    while (taken.has(host)) host = host === poolSize + 1 ? 2 : host + 1;
    pool.set(mac, host);
    return host;
  };
  return {
    lease4(network, mac) {
      const host = hostOf(network, mac);
      return `100.${64 + (digest(network) % 64)}.${host >> 8}.${host & 255}`;
    },
    lease6(network, mac) {
      const group = (1 + (digest(network) % 0xffff)).toString(16);
      return `fd64:${group}::${hostOf(network, mac).toString(16)}`;
    },
  };
}

function digest(text: string): number {
  return createHash("sha256").update(text).digest().readUInt32BE(0);
}
