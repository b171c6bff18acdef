// The text of all NIC metrics. What did not change since the last scrape is not rendered again.
import { setImmediate as otherWork } from "node:timers/promises";
import { everything, type StatusModel, type VmKey } from "../app/status-model.ts";
import { renderHead, renderLabels, renderSample } from "./exposition.ts";
import { type NicMetric, nicLabels, nicMetrics } from "./nic-metrics.ts";
import type { TrafficSource } from "./traffic.ts";

export interface NicExposition {
  /** UTF-8, one part per family. The families alone until the model is synced: running VMs would look stopped. */
  render(): Promise<readonly Buffer[]>;
  /** The counters of that VM are new. */
  invalidateTraffic(vm: VmKey): void;
  stop(): void;
}

/** Some VMs whose bytes are together in each family, so that a change renders only these again. */
interface Chunk {
  readonly vms: Map<string, VmKey>;
  /** In order of nicMetrics. */
  readonly byFamily: Buffer[];
}

/** Rendering them takes well below 1 ms, which is the longest that a scrape keeps other work waiting. */
const vmsPerChunk = 8;

export function createNicExposition(model: StatusModel, traffic: TrafficSource): NicExposition {
  const heads = nicMetrics.map((metric) => Buffer.from(renderHead(metric)));
  const chunks: Chunk[] = [];
  const chunkOf = new Map<string, Chunk>();
  const withRoom = new Set<Chunk>();
  const stale = new Map<Chunk, NicMetric["of"]>();
  const families: (Buffer | undefined)[] = [...heads];

  function place(id: string, { namespace, vm }: VmKey): Chunk {
    let [chunk] = withRoom;
    if (chunk === undefined) {
      chunk = { vms: new Map(), byFamily: [] };
      chunks.push(chunk);
      withRoom.add(chunk);
    }
    chunk.vms.set(id, { namespace, vm });
    if (chunk.vms.size === vmsPerChunk) withRoom.delete(chunk);
    chunkOf.set(id, chunk);
    return chunk;
  }

  function invalidateStatus(vm: VmKey): void {
    const id = `${vm.namespace}/${vm.vm}`;
    stale.set(chunkOf.get(id) ?? place(id, vm), "status");
  }

  function statusesOf(chunk: Chunk) {
    return [...chunk.vms].flatMap(([id, vm]) => {
      const statuses = model.of(vm);
      if (statuses.length === 0) {
        chunk.vms.delete(id);
        chunkOf.delete(id);
        withRoom.add(chunk);
      }
      return statuses;
    });
  }

  function renderChunk(chunk: Chunk, of: NicMetric["of"]): void {
    stale.delete(chunk);
    const nics = statusesOf(chunk).map((status) => ({
      status,
      labels: renderLabels(nicLabels(status)),
      counters: traffic.get(status),
    }));
    for (const [index, metric] of nicMetrics.entries()) {
      // A status may bring a NIC or take it away, which concerns all families.
      if (of === "traffic" && metric.of === "status") continue;
      const lines: string[] = [];
      for (const { status, labels, counters } of nics) {
        for (const { labels: more, value } of metric.samples(status, counters)) {
          const all = more === undefined ? labels : `${labels},${renderLabels(more)}`;
          lines.push(renderSample(metric.name, all, value));
        }
      }
      chunk.byFamily[index] = Buffer.from(lines.join(""));
      families[index] = undefined;
    }
  }

  const unsubscribe = model.subscribe(({ key }) => invalidateStatus(key));
  for (const vm of model.vms(everything)) invalidateStatus(vm);

  return {
    async render() {
      if (!model.synced) return heads;
      // What changes meanwhile is of the next scrape: walking the map itself might never end.
      for (const chunk of Array.from(stale.keys())) {
        const of = stale.get(chunk);
        if (of !== undefined) renderChunk(chunk, of);
        await otherWork();
      }
      return heads.map((head, index) => {
        families[index] ??= Buffer.concat([head, ...chunks.flatMap(({ byFamily }) => byFamily[index] ?? [])]);
        return families[index];
      });
    },
    invalidateTraffic({ namespace, vm }) {
      const chunk = chunkOf.get(`${namespace}/${vm}`);
      if (chunk !== undefined && !stale.has(chunk)) stale.set(chunk, "traffic");
    },
    stop: unsubscribe,
  };
}
