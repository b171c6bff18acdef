// The traffic counters of a NIC, whatever their source.
import type { InterfaceKey } from "../app/status-model.ts";

/** The counters of one NIC by KubeVirt's names, each with the help text of its metric. */
export const counterHelp = {
  receive_bytes: "Bytes that the guest received through a NIC.",
  receive_packets: "Packets that the guest received through a NIC.",
  receive_errors: "Errors while the guest received through a NIC.",
  receive_packets_dropped: "Packets to the guest that were dropped at a NIC.",
  transmit_bytes: "Bytes that the guest sent through a NIC.",
  transmit_packets: "Packets that the guest sent through a NIC.",
  transmit_errors: "Errors while the guest sent through a NIC.",
  transmit_packets_dropped: "Packets from the guest that were dropped at a NIC.",
} as const;
export type TrafficCounter = keyof typeof counterHelp;
export const trafficCounters = Object.keys(counterHelp) as readonly TrafficCounter[];

/** Totals since the start of the domain in which this process first saw the NIC; they never decrease. */
export type Traffic = Readonly<Partial<Record<TrafficCounter, bigint>>>;

export interface TrafficSource {
  /** undefined if no counters of the NIC were ever seen: SR-IOV, a VM that never ran, or a node that was not reached. */
  get(nic: InterfaceKey): Traffic | undefined;
}
