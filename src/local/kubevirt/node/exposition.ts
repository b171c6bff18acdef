// The NIC metrics of virt-handler (KubeVirt pkg/monitoring/metrics/virt-handler/domainstats) in the Prometheus text format.
// Pure. As in KubeVirt, SR-IOV devices have no counters.
import type { NicCounters } from "./traffic.ts";

export interface NicSample {
  readonly node: string;
  readonly namespace: string;
  readonly name: string;
  /** Name of the NIC in the VMI spec. */
  readonly interface: string;
  /** Labels of the VMI, exposed as `kubernetes_vmi_label_…`. */
  readonly vmiLabels: Readonly<Record<string, string>>;
  readonly counters: NicCounters;
}

const families: readonly { readonly name: string; readonly help: string; readonly of: keyof NicCounters }[] =
  [
    { name: "receive_bytes", help: "Total network traffic received in bytes.", of: "receiveBytes" },
    { name: "transmit_bytes", help: "Total network traffic transmitted in bytes.", of: "transmitBytes" },
    { name: "receive_packets", help: "Total network traffic received packets.", of: "receivePackets" },
    { name: "transmit_packets", help: "Total network traffic transmitted packets.", of: "transmitPackets" },
    { name: "receive_errors", help: "Total network received error packets.", of: "receiveErrors" },
    { name: "transmit_errors", help: "Total network transmitted error packets.", of: "transmitErrors" },
    {
      name: "receive_packets_dropped",
      help: "The total number of rx packets dropped on vNIC interfaces.",
      of: "receivePacketsDropped",
    },
    {
      name: "transmit_packets_dropped",
      help: "The total number of tx packets dropped on vNIC interfaces.",
      of: "transmitPacketsDropped",
    },
  ];

/** The exposition of all samples; empty without samples, as from client_golang. */
export function exposition(samples: readonly NicSample[]): string {
  if (samples.length === 0) return "";
  const parts = families.map(({ name, help, of }) => {
    const metric = `kubevirt_vmi_network_${name}_total`;
    const lines = samples.map((sample) => `${metric}${labelSet(sample)} ${sample.counters[of]}`);
    return [`# HELP ${metric} ${help}`, `# TYPE ${metric} counter`, ...lines].join("\n");
  });
  return `${parts.join("\n")}\n`;
}

export const expositionType = "text/plain; version=0.0.4; charset=utf-8";

function labelSet({ interface: nic, vmiLabels, name, namespace, node }: NicSample): string {
  const labels = [
    ["interface", nic],
    ...Object.entries(vmiLabels).map(([key, value]) => [
      `kubernetes_vmi_label_${key.replaceAll(/[./-]/g, "_")}`,
      value,
    ]),
    ["name", name],
    ["namespace", namespace],
    ["node", node],
  ];
  return `{${labels.map(([key, value = ""]) => `${key}="${escape(value)}"`).join(",")}}`;
}

function escape(value: string): string {
  return value
    .replaceAll("\\", "\\\\")
    .replaceAll('"', String.raw`\"`)
    .replaceAll("\n", String.raw`\n`);
}
