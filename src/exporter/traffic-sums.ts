// Adds up the counters of the successive libvirt domains of a NIC, on whichever nodes they ran. The sums never decrease.
import { interfaceId, type InterfaceKey } from "../app/status-model.ts";
import type { Traffic, TrafficCounter, TrafficSource } from "./traffic.ts";
import type { NicReading } from "./virt-handler-text.ts";

export interface TrafficSums extends TrafficSource {
  /** `nowMs`: a monotonic clock. Returns true if a sum has changed or is new. */
  add(reading: NicReading, nowMs: number): boolean;
  forget(nic: InterfaceKey): void;
}

/** The domain of a NIC on one node. */
interface DomainCounters {
  readonly seenAtMs: number;
  readonly counters: ReadonlyMap<TrafficCounter, bigint>;
}

interface NicSums {
  /** The counters of domains that have ended. */
  readonly ended: { readonly counters: Map<TrafficCounter, bigint> };
  /** By node: during a migration two nodes report, in any order. */
  readonly domains: Map<string, DomainCounters>;
}

/** virt-handler drops results after 12 s; a node that is silent for longer than this no longer has the domain. */
const silenceMs = 30_000;

export function createTrafficSums(): TrafficSums {
  const nics = new Map<string, NicSums>();

  return {
    add(reading, nowMs) {
      const id = interfaceId(reading);
      const nic: NicSums = nics.get(id) ?? { ended: { counters: new Map() }, domains: new Map() };
      nics.set(id, nic);
      const { domains } = nic;
      for (const [node, { seenAtMs }] of domains) {
        if (node !== reading.node && nowMs - seenAtMs > silenceMs) end(nic, node);
      }
      const { counters } = reading;
      const before = domains.get(reading.node)?.counters;
      // One smaller counter is enough: the others may already exceed their former values.
      const isNewDomain =
        before !== undefined && [...counters].some(([counter, value]) => value < (before.get(counter) ?? 0n));
      if (isNewDomain) end(nic, reading.node);
      const known = domains.get(reading.node)?.counters ?? [];
      domains.set(reading.node, { seenAtMs: nowMs, counters: new Map([...known, ...counters]) });
      return isNewDomain || [...counters].some(([counter, value]) => value !== before?.get(counter));
    },
    get(key): Traffic | undefined {
      const nic = nics.get(interfaceId(key));
      if (nic === undefined) return undefined;
      const sums: Partial<Record<TrafficCounter, bigint>> = {};
      for (const { counters } of [nic.ended, ...nic.domains.values()]) {
        for (const [counter, value] of counters) sums[counter] = (sums[counter] ?? 0n) + value;
      }
      return sums;
    },
    forget: (key) => void nics.delete(interfaceId(key)),
  };
}

function end({ ended, domains }: NicSums, node: string): void {
  for (const [counter, value] of domains.get(node)?.counters ?? []) {
    ended.counters.set(counter, (ended.counters.get(counter) ?? 0n) + value);
  }
  domains.delete(node);
}
