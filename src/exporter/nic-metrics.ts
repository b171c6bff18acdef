// Every metric of a NIC: one row, one family. Only (namespace, vm, nic) name a NIC; what changes is in the info alone.
import { type InterfaceStatus, interfaceStates } from "../domain/status/interface-status.ts";
import type { Family } from "./exposition.ts";
import { type Traffic, type TrafficCounter, trafficCounters } from "./traffic.ts";

/** One series of a NIC; every one has the labels of `nicLabels` in addition. */
export interface NicSample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: string;
}

/** A family and the series that one NIC adds to it. */
export interface NicMetric extends Family {
  /** What it is rendered again for: a change of the status only, or new counters too. */
  readonly of: "status" | "traffic";
  readonly samples: (status: InterfaceStatus, traffic: Traffic | undefined) => readonly NicSample[];
}

/** What names a NIC. */
export function nicLabels({ namespace, vm, nic }: InterfaceStatus): Readonly<Record<string, string>> {
  return { namespace, vm, nic };
}

/** The guest may call its interfaces what it likes; Linux names end at 15 bytes, Windows names are longer. */
const maxGuestName = 64;

const stateMetrics: readonly NicMetric[] = [
  {
    name: "multinic_interface_info",
    help: "Properties of a NIC; always 1.",
    type: "gauge",
    of: "status",
    samples: (status) => [
      {
        labels: {
          type: status.type,
          network: status.network,
          vlan: String(status.vlanId),
          primary: String(status.primary),
          mac: status.macAddress,
          node: status.node,
          guest_interface: status.guestInterface.slice(0, maxGuestName).toWellFormed(),
        },
        value: "1",
      },
    ],
  },
  {
    name: "multinic_interface_state",
    help: "State of a NIC: 1 for the state it is in, 0 for the others.",
    type: "gauge",
    of: "status",
    samples: ({ state }) =>
      interfaceStates.map((each) => ({ labels: { state: each }, value: each === state ? "1" : "0" })),
  },
  {
    name: "multinic_interface_state_reason",
    help: "Why a NIC is in its state; always 1.",
    type: "gauge",
    of: "status",
    samples: ({ reason }) => [{ labels: { reason }, value: "1" }],
  },
  {
    name: "multinic_interface_mtu_bytes",
    help: "Requested MTU of a NIC in bytes; absent if none was requested.",
    type: "gauge",
    of: "status",
    samples: ({ mtu }) => (mtu === 0 ? [] : [{ value: String(mtu) }]),
  },
  {
    name: "multinic_interface_drift",
    help: "Number of fields of a NIC whose actual values, in the VM and as reported by the guest agent, differ from the requested ones; absent for VMs whose NICs multinic does not manage.",
    type: "gauge",
    of: "status",
    samples: ({ driftedFields: fields }) => (fields === undefined ? [] : [{ value: String(fields.length) }]),
  },
  {
    name: "multinic_interface_traffic_source",
    help: "Source of the counters of a NIC: virt-handler, or none if KubeVirt has none, as for SR-IOV; always 1.",
    type: "gauge",
    of: "traffic",
    samples: (_, traffic) => [
      { labels: { source: traffic === undefined ? "none" : "virt-handler" }, value: "1" },
    ],
  },
];

const counterHelp: Readonly<Record<TrafficCounter, string>> = {
  receive_bytes: "Bytes that the guest received through a NIC.",
  receive_packets: "Packets that the guest received through a NIC.",
  receive_errors: "Errors while the guest received through a NIC.",
  receive_packets_dropped: "Packets to the guest that were dropped at a NIC.",
  transmit_bytes: "Bytes that the guest sent through a NIC.",
  transmit_packets: "Packets that the guest sent through a NIC.",
  transmit_errors: "Errors while the guest sent through a NIC.",
  transmit_packets_dropped: "Packets from the guest that were dropped at a NIC.",
};

const trafficMetrics: readonly NicMetric[] = trafficCounters.map((counter) => ({
  name: `multinic_interface_${counter}_total`,
  help: counterHelp[counter],
  type: "counter",
  of: "traffic",
  samples: (_, traffic) => {
    const value = traffic?.[counter];
    return value === undefined ? [] : [{ value: String(value) }];
  },
}));

export const nicMetrics: readonly NicMetric[] = [...stateMetrics, ...trafficMetrics];
