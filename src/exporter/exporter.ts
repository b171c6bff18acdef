// /metrics: the state and traffic of every NIC, and the process's own figures.
import type { Interceptor } from "@connectrpc/connect";
import type { StatusModel } from "../app/status-model.ts";
import type { Cache } from "../kube/watch/cache.ts";
import type { KubeLog } from "../kube/log.ts";
import { type EncodedBody, encodeBody } from "./encode.ts";
import { createNicExposition } from "./nic-exposition.ts";
import { createProcessMetrics } from "./process-metrics.ts";
import { startVirtHandlerTraffic } from "./virt-handler-traffic.ts";

export interface ExporterOptions {
  readonly model: StatusModel;
  /** By resource, for their health. */
  readonly caches: Readonly<Record<string, Cache<unknown>>>;
  /** URLs of virt-handler's /metrics. */
  readonly virtHandlerUrls: readonly string[];
  readonly log: KubeLog;
  /** Resolves after that many milliseconds or when the signal is aborted. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly version: string;
}

export interface Exporter {
  /** Measures every RPC. */
  readonly interceptor: Interceptor;
  /** Answers GET /metrics; `acceptEncoding` is the request's header. */
  scrape(acceptEncoding: string | undefined): Promise<EncodedBody>;
  stop(): void;
}

const contentType = "text/plain; version=0.0.4; charset=utf-8";

/** Starts reading virt-handler's counters as soon as the model knows the VMs. */
export function createExporter(options: ExporterOptions): Exporter {
  const { model, log } = options;
  const traffic = startVirtHandlerTraffic({
    urls: options.virtHandlerUrls,
    fetchText,
    sleep: options.sleep,
    now: () => performance.now(),
    log,
    whenReady: (signal) => model.whenSynced(signal),
    isKnown: ({ namespace, vm, nic }) =>
      model.list({ namespace, vmNames: [vm] }).some((status) => status.nic === nic),
    onUpdate: (vms) => {
      for (const vm of vms) nics.invalidateTraffic(vm);
    },
  });
  const nics = createNicExposition(model, traffic);
  const process = createProcessMetrics({ version: options.version, caches: options.caches, traffic });
  const unsubscribe = model.subscribe(({ key, status }) => {
    if (status === undefined) traffic.forget(key);
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

async function fetchText(url: string, signal: AbortSignal): Promise<string> {
  const answer = await fetch(url, { signal, headers: { accept: "text/plain;version=0.0.4" } });
  if (!answer.ok) {
    await answer.body?.cancel();
    throw new Error(`HTTP ${answer.status}`);
  }
  return answer.text();
}
