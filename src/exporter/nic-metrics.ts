// The metrics of a NIC, one row per family. A NIC is identified by (namespace, vm, nic); labels that change are on the info
// metric only.
import { type InterfaceStatus, interfaceStates } from "../domain/status/interface-status.ts";
import type { Family } from "./exposition.ts";
import { counterHelp, type Traffic, trafficCounters } from "./traffic.ts";

/** One series of a NIC, in addition to the labels of `nicLabels`. */
export interface NicSample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: string;
}

/** A family and the series that one NIC adds to it. */
export interface NicMetric extends Family {
  /** When it is rendered again: after a change of the status only, or also after new counters. */
  readonly of: "status" | "traffic";
  readonly samples: (status: InterfaceStatus, traffic: Traffic | undefined) => readonly NicSample[];
}

/** The labels that identify a NIC. */
export function nicLabels({ namespace, vm, nic }: InterfaceStatus): Readonly<Record<string, string>> {
  return { namespace, vm, nic };
}

/** The guest chooses the names of its interfaces: at most 15 bytes on Linux, more on Windows. */
const maxGuestName = 64;

const stateMetrics: readonly NicMetric[] = [
  {
    name: "multinic_interface_info",
    help: "Properties of a NIC; always 1. The VLAN is the requested one: 0 if untagged, empty if it is not known.",
    type: "gauge",
    of: "status",
    samples: (status) => [
      {
        labels: {
          type: status.type,
          attachment: status.attachment,
          vlan: status.vlanId === undefined ? "" : String(status.vlanId),
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
    samples: ({ mtu }) => (mtu === undefined ? [] : [{ value: String(mtu) }]),
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
