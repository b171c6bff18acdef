// /metrics: the state and traffic of every NIC, and the process's own figures.
import type { Interceptor } from "@connectrpc/connect";
import type { StatusModel } from "../app/status-model.ts";
import type { Cache } from "../kube/cache.ts";
import type { KubeLog } from "../kube/log.ts";
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
  /** The Content-Type of what render gives. */
  readonly contentType: string;
  render(): Promise<string>;
  stop(): void;
}

/** Starts reading virt-handler's counters at once. */
export function createExporter(options: ExporterOptions): Exporter {
  const { model, log } = options;
  const traffic = startVirtHandlerTraffic({
    urls: options.virtHandlerUrls,
    fetchText,
    sleep: options.sleep,
    log,
    onUpdate: (vms) => {
      for (const vm of vms) nics.invalidate(vm);
    },
  });
  const nics = createNicExposition(model, traffic);
  const process = createProcessMetrics({ version: options.version, caches: options.caches, traffic });
  const unsubscribe = model.subscribe(({ key, status }) => {
    if (status === undefined && model.list({ namespace: key.namespace, vmNames: [key.vm] }).length === 0) {
      traffic.forget(key);
    }
  });
  return {
    interceptor: process.interceptor,
    contentType: "text/plain; version=0.0.4; charset=utf-8",
    render: async () => nics.render() + (await process.render()),
    stop() {
      unsubscribe();
      nics.stop();
      traffic.stop();
    },
  };
}

async function fetchText(url: string, signal: AbortSignal): Promise<string> {
  const answer = await fetch(url, { signal });
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
  return answer.text();
}
