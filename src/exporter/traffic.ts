// What a NIC has received and sent, from wherever it is known.

/** The counters of one NIC, in KubeVirt's words; the same eight for both directions. */
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

/** Totals since this process first saw the NIC's domain; they never go back. */
export type Traffic = Readonly<Partial<Record<TrafficCounter, bigint>>>;

export interface TrafficSource {
  /** undefined: this NIC has no counters (SR-IOV, not running, or the node's metrics were never reached). */
  get(nic: { readonly namespace: string; readonly vm: string; readonly nic: string }): Traffic | undefined;
}
