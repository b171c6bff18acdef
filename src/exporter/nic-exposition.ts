// The text of all NIC metrics. Only what has changed since the last scrape is rendered.
import { setImmediate as otherWork } from "node:timers/promises";
import type { StatusModel } from "../app/status-model.ts";
import { everything, type VmKey } from "../app/status-scope.ts";
import { renderHead, renderLabels, renderSample } from "./exposition.ts";
import { type NicMetric, nicLabels, nicMetrics } from "./nic-metrics.ts";
import type { TrafficSource } from "./traffic.ts";

export interface NicExposition {
  /** UTF-8, one part per family. Without samples until the model is synced: running VMs would look stopped. */
  render(): Promise<readonly Buffer[]>;
  /** Call when the counters of that VM have changed. */
  invalidateTraffic(vm: VmKey): void;
  stop(): void;
}

/** Some VMs that are rendered together: a change of one renders only these again. */
interface Chunk {
  readonly vms: Map<string, VmKey>;
  /** In order of nicMetrics. */
  readonly byFamily: Buffer[];
}

/** Rendering these takes well below 1 ms; longer than that a scrape does not block other work. */
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
      // A changed status may add or remove a NIC, which affects all families; new counters affect only their own.
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
      // What changes meanwhile is left to the next scrape: iterating over the map itself might never end.
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
