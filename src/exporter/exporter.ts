// /metrics: the state and traffic of every NIC, and metrics of the process itself.
import type { Interceptor } from "@connectrpc/connect";
import type { StatusModel } from "../app/status-model.ts";
import type { Cache } from "../kube/watch/cache.ts";
import type { KubeLog } from "../kube/log.ts";
import { type EncodedBody, encodeBody } from "./encode.ts";
import { createNicExposition } from "./nic-exposition.ts";
import { createProcessMetrics, type ProcessMetricsOptions } from "./process-metrics.ts";
import { createTrafficSums } from "./traffic-sums.ts";
import type { FindTargets } from "./virt-handler-targets.ts";
import { startVirtHandlerTraffic } from "./virt-handler-traffic.ts";

export interface ExporterOptions {
  readonly model: StatusModel;
  /** By resource; their health is exported. */
  readonly caches: Readonly<Record<string, Cache<unknown>>>;
  readonly findTargets: FindTargets;
  readonly log: KubeLog;
  /** Resolves after `ms`, or when the signal is aborted. */
  readonly sleepOrAborted: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
  readonly version: string;
  readonly election: ProcessMetricsOptions["election"];
}

export interface Exporter {
  /** Measures every RPC. */
  readonly interceptor: Interceptor;
  /** The response to GET /metrics; `acceptEncoding` is the header of the request. */
  scrape(acceptEncoding: string | undefined): Promise<EncodedBody>;
  stop(): void;
}

const contentType = "text/plain; version=0.0.4; charset=utf-8";

/** Starts reading virt-handler's counters as soon as the model knows the VMs. */
export function createExporter(options: ExporterOptions): Exporter {
  const { model, log, findTargets, sleepOrAborted, now } = options;
  const sums = createTrafficSums();
  const nics = createNicExposition(model, sums);
  const traffic = startVirtHandlerTraffic({
    findTargets,
    sums,
    sleepOrAborted,
    now,
    log,
    whenReady: (signal) => model.whenSynced(signal),
    isKnown: (key) => model.of(key).some(({ nic }) => nic === key.nic),
    onUpdate: (vms) => {
      for (const vm of vms) nics.invalidateTraffic(vm);
    },
  });
  const { version, caches, election } = options;
  const process = createProcessMetrics({ version, caches, election, traffic });
  const unsubscribe = model.subscribe(({ key, status }) => {
    if (status === undefined) sums.forget(key);
  });
  return {
    interceptor: process.interceptor,
    async scrape(acceptEncoding) {
      const text = [...(await nics.render()), Buffer.from(await process.render())];
      const { headers, parts } = await encodeBody(text, acceptEncoding);
      return { headers: { ...headers, "content-type": contentType }, parts };
    },
    stop() {
      unsubscribe();
      nics.stop();
      traffic.stop();
    },
  };
}
