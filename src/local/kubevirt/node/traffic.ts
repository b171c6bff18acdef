// Counters of a domain's NICs, as libvirt would report them: constant traffic while the link is up, different for each NIC
// and reproducible with the same clock. Pure.
import { createHash } from "node:crypto";
import type { Domain } from "./domain.ts";

/** Totals since the domain started. */
export interface NicCounters {
  readonly receiveBytes: number;
  readonly transmitBytes: number;
  readonly receivePackets: number;
  readonly transmitPackets: number;
  readonly receiveErrors: number;
  readonly transmitErrors: number;
  readonly receivePacketsDropped: number;
  readonly transmitPacketsDropped: number;
}

/** How long a NIC's link was up until `atMs`, and whether it has been up since. */
export interface Uptime {
  readonly mac: string;
  readonly upMs: number;
  readonly up: boolean;
  readonly atMs: number;
}

/** Updates the uptimes to `nowMs`, with the domain's links from then on; unplugged NICs are removed. */
export function trackUptimes(
  uptimes: ReadonlyMap<string, Uptime>,
  domain: Domain,
  nowMs: number,
): ReadonlyMap<string, Uptime> {
  return new Map(
    domain.interfaces.map(({ alias, mac, linkState }) => {
      const before = uptimes.get(alias);
      const known = before?.mac === mac ? before : undefined;
      return [alias, { mac, upMs: upTime(known, nowMs), up: linkState !== "down", atMs: nowMs }];
    }),
  );
}

export function countersAt(uptime: Uptime, nowMs: number): NicCounters {
  const seconds = upTime(uptime, nowMs) / 1000;
  const rate = createHash("sha256").update(uptime.mac).digest();
  // 8 to 520 kB/s, and 100 to 1400 bytes per packet.
  const receiveBytes = Math.floor(seconds * (8192 + rate.readUInt16BE(0) * 8));
  const transmitBytes = Math.floor(seconds * (8192 + rate.readUInt16BE(2) * 8));
  const packetBytes = 100 + (rate.readUInt16BE(4) % 1300);
  const receivePackets = Math.floor(receiveBytes / packetBytes);
  return {
    receiveBytes,
    transmitBytes,
    receivePackets,
    transmitPackets: Math.floor(transmitBytes / packetBytes),
    receiveErrors: 0,
    transmitErrors: 0,
    receivePacketsDropped: Math.floor(receivePackets / 100_000),
    transmitPacketsDropped: 0,
  };
}

function upTime(uptime: Uptime | undefined, nowMs: number): number {
  if (uptime === undefined) return 0;
  return uptime.upMs + (uptime.up ? Math.max(0, nowMs - uptime.atMs) : 0);
}
