// What a scrape of 100 000 series costs, against prom-client with the same series in the same run. node bench/exposition.ts
import { cpus, hostname } from "node:os";
import { Gauge, Registry } from "prom-client";
import { everything, scopeOf, type VmKey } from "../src/app/status-scope.ts";
import { createNicExposition } from "../src/exporter/nic-exposition.ts";
import { trafficCounters } from "../src/exporter/traffic.ts";
import { createTrafficSums } from "../src/exporter/traffic-sums.ts";
import { createMemoryCluster } from "../test/app/memory-cluster.ts";

const wantedSeries = 100_000;
const nicsPerVm = 4;
const rounds = 9;

const cluster = createMemoryCluster();
const traffic = createTrafficSums();
const nics = createNicExposition(cluster.model, traffic);
let counted = 1_000_000_000n;
const addVm = (index: number): void =>
  cluster.setVm(
    `namespace-${index % 50}/vm-${index}`,
    Array.from({ length: nicsPerVm }, (_, nic) => ({
      name: `net-${nic}`,
      mac: `02:00:5e:00:${index.toString(16).slice(-2).padStart(2, "0")}:0${nic}`,
      linkState: "up" as const,
      guestInterface: `enp${nic + 1}s0`,
    })),
    `node-${index % 20}`,
  );

/** As after a scrape of virt-handler in which every counter of that VM moved on. */
function count({ namespace, vm }: VmKey): void {
  counted += 1_500n;
  for (const { nic, node } of cluster.model.list(scopeOf([namespace], [vm]))) {
    const counters = new Map(trafficCounters.map((counter) => [counter, counted] as const));
    traffic.add({ namespace, vm, nic, node, counters }, 0);
  }
  nics.invalidateTraffic({ namespace, vm });
}

async function sampleLines(): Promise<readonly string[]> {
  const text = Buffer.concat(await nics.render()).toString();
  return text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
}

addVm(0);
for (const vm of cluster.model.vms(everything)) count(vm);
const vmCount = Math.ceil(wantedSeries / (await sampleLines()).length);
for (let index = 1; index < vmCount; index += 1) addVm(index);
const vms = cluster.model.vms(everything);
for (const vm of vms) count(vm);
const lines = await sampleLines();
const bytes = Buffer.concat(await nics.render()).length;

/** The same series in prom-client. */
const registry = new Registry();
const gauges = new Map<string, Gauge>();
const series = lines.map((line) => {
  const [, name = "", labelText = ""] = /^(\w+)\{(.*)\} /.exec(line) ?? [];
  const labels = Object.fromEntries(
    [...labelText.matchAll(/(\w+)="([^"]*)"/g)].map(([, key = "", value = ""]) => [key, value]),
  );
  const gauge =
    gauges.get(name) ??
    new Gauge({ name, help: name, labelNames: Object.keys(labels), registers: [registry] });
  gauges.set(name, gauge);
  gauge.set(labels, 1);
  return { gauge, labels };
});

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

/** The longest time in ms that other work had to wait, until stopped. */
function watchStall(): () => number {
  let last = performance.now();
  let longest = 0;
  let stopped = false;
  const look = (): void => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    if (!stopped) setImmediate(look);
  };
  setImmediate(look);
  return () => {
    stopped = true;
    return Math.max(longest, performance.now() - last);
  };
}

/** Medians in ms: of the work before a scrape, of the scrape, and of its longest stall of the event loop. */
async function measure(
  change: () => void,
  scrape: () => Promise<unknown>,
): Promise<{ change: number; scrape: number; stall: number }> {
  const changes: number[] = [];
  const scrapes: number[] = [];
  const stalls: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const start = performance.now();
    change();
    changes.push(performance.now() - start);
    const stall = watchStall();
    const begin = performance.now();
    await scrape();
    scrapes.push(performance.now() - begin);
    stalls.push(stall());
  }
  return { change: median(changes), scrape: median(scrapes), stall: median(stalls) };
}

const shares = [
  ["nothing changed", 0],
  ["1 % of VMs changed", 0.01],
  ["100 % of VMs changed", 1],
] as const;

console.log(
  `${hostname()}: ${cpus().length} x ${cpus()[0]?.model ?? "unknown CPU"}, Node ${process.version}`,
);
console.log(`${lines.length} series of ${vmCount} VMs, ${(bytes / 1e6).toFixed(1)} MB; medians of ${rounds}`);
console.log("");
console.log(
  "                        multinic scrape   stall   prom-client set + scrape   stall   ratio of scrapes",
);
for (const [name, share] of shares) {
  const ours = await measure(
    () => {
      if (share === 0) return;
      const step = Math.round(1 / share);
      for (const [index, vm] of vms.entries()) if (index % step === 0) count(vm);
    },
    () => nics.render(),
  );
  const theirs = await measure(
    () => {
      const count = Math.round(series.length * share);
      for (let index = 0; index < count; index += 1) {
        const each = series[index];
        each?.gauge.set(each.labels, index);
      }
    },
    () => registry.metrics(),
  );
  const ms = (value: number, width: number): string => `${value.toFixed(2)} ms`.padStart(width);
  console.log(
    name.padEnd(24) +
      ms(ours.scrape, 15) +
      ms(ours.stall, 12) +
      `${ms(theirs.change, 14)} +${ms(theirs.scrape, 11)}` +
      ms(theirs.stall, 11) +
      (theirs.scrape / ours.scrape).toFixed(1).padStart(10),
  );
}
