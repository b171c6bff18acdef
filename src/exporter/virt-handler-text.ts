// Parses the NIC counters in virt-handler's /metrics and skips everything else.
import { type TrafficCounter, trafficCounters } from "./traffic.ts";

/** The counters of one NIC on one node, since its domain started there. */
export interface NicReading {
  readonly namespace: string;
  readonly vm: string;
  readonly nic: string;
  readonly node: string;
  readonly counters: ReadonlyMap<TrafficCounter, bigint>;
}

export interface ReadText {
  /** One per NIC and node. */
  readonly readings: readonly NicReading[];
  /** Number of NIC counter lines that could not be parsed. */
  readonly unreadable: number;
}

const prefix = "kubevirt_vmi_network_";
const counterOf: ReadonlyMap<string, TrafficCounter> = new Map(
  trafficCounters.map((counter) => [`${prefix}${counter}_total`, counter]),
);

export function readNicCounters(text: string): ReadText {
  const readings = new Map<string, NicReading & { readonly counters: Map<TrafficCounter, bigint> }>();
  let unreadable = 0;
  for (const line of text.split("\n")) {
    if (!line.startsWith(prefix)) continue;
    const counter = counterOf.get(/^\w+/.exec(line)?.[0] ?? "");
    if (counter === undefined) continue;
    const sample = readSample(line);
    if (sample === undefined) {
      unreadable += 1;
      continue;
    }
    const { namespace, vm, nic, node, value } = sample;
    const id = JSON.stringify([namespace, vm, nic, node]);
    const reading = readings.get(id) ?? { namespace, vm, nic, node, counters: new Map() };
    reading.counters.set(counter, value);
    readings.set(id, reading);
  }
  return { readings: [...readings.values()], unreadable };
}

const sampleLine = /^\w+\s*\{((?:[^"}]|"(?:[^"\\]|\\.)*")*)\}\s*(\S+)(?:\s+-?\d+)?\s*$/;
const labelPair = /([a-zA-Z_]\w*)\s*=\s*"((?:[^"\\]|\\.)*)"/g;

function readSample(line: string): (Omit<NicReading, "counters"> & { readonly value: bigint }) | undefined {
  const [, labelText = "", valueText = ""] = sampleLine.exec(line) ?? [];
  const labels = new Map(
    [...labelText.matchAll(labelPair)].map(([, label = "", value = ""]) => [label, unescapeLabel(value)]),
  );
  const value = wholeNumber(valueText);
  const namespace = labels.get("namespace");
  const vm = labels.get("name");
  const nic = labels.get("interface");
  if (namespace === undefined || vm === undefined || nic === undefined || value === undefined)
    return undefined;
  return { namespace, vm, nic, node: labels.get("node") ?? "", value };
}

function unescapeLabel(text: string): string {
  return text.replaceAll(/\\(.)/g, (_, char: string) => (char === "n" ? "\n" : char));
}

/** Prometheus values are doubles, so 1.234e+09 is a whole number too. */
function wholeNumber(text: string): bigint | undefined {
  if (/^\d+$/.test(text)) return BigInt(text);
  if (!/^\+?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?$/.test(text)) return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? BigInt(Math.trunc(value)) : undefined;
}
