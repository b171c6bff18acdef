// Reads the NIC counters out of virt-handler's /metrics and passes over everything else.
import { type TrafficCounter, trafficCounters } from "./traffic.ts";

/** One counter of one NIC, as virt-handler gives it: since the start of the domain. */
export interface NicSample {
  readonly namespace: string;
  readonly vm: string;
  readonly nic: string;
  readonly node: string;
  readonly counter: TrafficCounter;
  readonly value: bigint;
}

export interface ReadText {
  readonly samples: readonly NicSample[];
  /** Lines of a NIC counter that could not be read. */
  readonly unreadable: number;
}

const counterOf: ReadonlyMap<string, TrafficCounter> = new Map(
  trafficCounters.map((counter) => [`kubevirt_vmi_network_${counter}_total`, counter]),
);

export function readNicSamples(text: string): ReadText {
  const samples: NicSample[] = [];
  let unreadable = 0;
  for (const line of text.split("\n")) {
    const counter = counterOf.get(/^[a-zA-Z_:][\w:]*/.exec(line)?.[0] ?? "");
    if (counter === undefined) continue;
    const sample = readSample(line, counter);
    if (sample === undefined) unreadable += 1;
    else samples.push(sample);
  }
  return { samples, unreadable };
}

const sampleLine = /^[a-zA-Z_:][\w:]*\{((?:[^"}]|"(?:[^"\\]|\\.)*")*)\}\s+(\S+)(?:\s+-?\d+)?\s*$/;
const labelPair = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;

function readSample(line: string, counter: TrafficCounter): NicSample | undefined {
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
  return { namespace, vm, nic, node: labels.get("node") ?? "", counter, value };
}

function unescapeLabel(text: string): string {
  return text.replaceAll(/\\(.)/g, (_, char: string) => (char === "n" ? "\n" : char));
}

/** Prometheus writes doubles: 1.234e+09 is a whole number too. */
function wholeNumber(text: string): bigint | undefined {
  if (/^\d+$/.test(text)) return BigInt(text);
  const value = Number(text);
  return text !== "" && Number.isFinite(value) && value >= 0 ? BigInt(Math.trunc(value)) : undefined;
}
