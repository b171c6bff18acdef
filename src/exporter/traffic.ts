// What a NIC has received and sent, from wherever it is known.
import type { InterfaceKey } from "../app/status-model.ts";

/** The counters of one NIC, as KubeVirt names them; the same eight for both directions. */
export const trafficCounters = [
  "receive_bytes",
  "receive_packets",
  "receive_errors",
  "receive_packets_dropped",
  "transmit_bytes",
  "transmit_packets",
  "transmit_errors",
  "transmit_packets_dropped",
] as const;
export type TrafficCounter = (typeof trafficCounters)[number];

/** Totals of the domain in which this process first saw the NIC and of all later ones; they never decrease. */
export type Traffic = Readonly<Partial<Record<TrafficCounter, bigint>>>;

export interface TrafficSource {
  /** undefined: no counters of this NIC were ever seen (SR-IOV has none, a VM that never ran, a node not reached). */
  get(nic: InterfaceKey): Traffic | undefined;
}
