// Metrics of the process itself: prom-client's defaults, RPCs, caches and scrapes of virt-handler.
import { type Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import { codeToString } from "@connectrpc/connect/protocol-connect";
import { collectDefaultMetrics, Counter, Gauge, Histogram, type Metric, Registry } from "prom-client";
import type { Cache } from "../kube/watch/cache.ts";
import type { VirtHandlerTraffic } from "./virt-handler-traffic.ts";

export interface ProcessMetricsOptions {
  readonly version: string;
  readonly caches: Readonly<Record<string, Cache<unknown>>>;
  readonly traffic: VirtHandlerTraffic;
  /** undefined: no part of this process waits for a Lease. */
  readonly election: () => Election | undefined;
}

/** `name`: of the Lease. */
export interface Election {
  readonly name: string;
  readonly isActive: boolean;
}

export interface ProcessMetrics {
  /** Measures every call. */
  readonly interceptor: Interceptor;
  render(): Promise<string>;
}

/** Default metrics of prom-client. promtool rejects these names, and the metrics by type have the same values. */
const gaugesNamedAsCounters = [
  "nodejs_active_handles_total",
  "nodejs_active_requests_total",
  "nodejs_active_resources_total",
];

export function createProcessMetrics(options: ProcessMetricsOptions): ProcessMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const name of gaugesNamedAsCounters) registry.removeSingleMetric(name);
  const buildInfo = new Gauge({
    name: "multinic_build_info",
    help: "Version of the service; always 1.",
    labelNames: ["version"],
    registers: [registry],
  });
  buildInfo.set({ version: options.version }, 1);
  for (const metric of [
    ...cacheMetrics(options.caches),
    ...scrapeMetrics(options.traffic),
    activeReplica(options.election),
  ]) {
    registry.registerMetric(metric);
  }

  const duration = new Histogram({
    name: "multinic_rpc_duration_seconds",
    help: "Duration of RPCs by result; a stream is counted when it ends.",
    labelNames: ["service", "method", "code"],
    buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30, 300],
    registers: [registry],
  });
  const streams = new Gauge({
    name: "multinic_rpc_streams",
    help: "Open server streams.",
    labelNames: ["service", "method"],
    registers: [registry],
  });

  const interceptor: Interceptor = (next) => async (request) => {
    const labels = { service: request.service.typeName, method: request.method.name };
    const end = duration.startTimer(labels);
    try {
      const response = await next(request);
      if (!response.stream) {
        end({ code: "ok" });
        return response;
      }
      streams.inc(labels);
      const { signal } = request;
      let isOver = false;
      const over = (code: string): void => {
        if (isOver) return;
        isOver = true;
        signal.removeEventListener("abort", onAbort);
        streams.dec(labels);
        end({ code });
      };
      // A stream that is aborted before its first message is never iterated, so the generator never ends.
      const onAbort = (): void => over(codeToString(codeOf(signal.reason)));
      signal.addEventListener("abort", onAbort);
      if (signal.aborted) onAbort();
      return { ...response, message: whenOver(response.message, over) };
    } catch (error) {
      end({ code: codeToString(codeOf(error)) });
      throw error;
    }
  };
  return { interceptor, render: () => registry.metrics() };
}

function codeOf(error: unknown): Code {
  return ConnectError.from(error).code;
}

async function* whenOver<T>(messages: AsyncIterable<T>, over: (code: string) => void): AsyncGenerator<T> {
  let code = "ok";
  try {
    yield* messages;
  } catch (error) {
    code = codeToString(codeOf(error));
    throw error;
  } finally {
    over(code);
  }
}

/** By the name that Kubernetes' own controllers have for it (k8s.io/component-base/metrics/prometheus/clientgo/leaderelection). */
function activeReplica(election: ProcessMetricsOptions["election"]): Metric {
  return new Gauge({
    name: "leader_election_master_status",
    help: "1 on the replica that works on Wukongs, 0 on the others; absent without --controller.",
    labelNames: ["name"],
    registers: [],
    collect() {
      this.reset();
      const now = election();
      if (now !== undefined) this.set({ name: now.name }, now.isActive ? 1 : 0);
    },
  });
}

function cacheMetrics(caches: ProcessMetricsOptions["caches"]): readonly Metric[] {
  const entries = Object.entries(caches);
  return [
    new Gauge({
      name: "multinic_cache_synced",
      help: "1 once the service has read the first complete list of this kind of object, otherwise 0.",
      labelNames: ["resource"],
      registers: [],
      collect() {
        for (const [resource, cache] of entries) this.set({ resource }, cache.synced ? 1 : 0);
      },
    }),
    new Gauge({
      name: "multinic_cache_current_timestamp_seconds",
      help: "Unix time as of which the objects of that kind in memory were current; it stays the same while the API server does not answer.",
      labelNames: ["resource"],
      registers: [],
      collect() {
        for (const [resource, { currentAsOf }] of entries) {
          if (currentAsOf !== undefined) this.set({ resource }, currentAsOf.time.getTime() / 1_000);
        }
      },
    }),
    new Gauge({
      name: "multinic_cache_objects",
      help: "Objects of this kind in memory.",
      labelNames: ["resource"],
      registers: [],
      collect() {
        for (const [resource, cache] of entries) this.set({ resource }, cache.size);
      },
    }),
    new Counter({
      name: "multinic_cache_relists_total",
      help: "Complete lists read after the first, because the watch could not be resumed.",
      labelNames: ["resource"],
      registers: [],
      collect() {
        this.reset();
        for (const [resource, cache] of entries) this.inc({ resource }, cache.health().relists);
      },
    }),
    new Counter({
      name: "multinic_cache_reconnects_total",
      help: "Watches that ended, by reason.",
      labelNames: ["resource", "reason"],
      registers: [],
      collect() {
        this.reset();
        for (const [resource, cache] of entries) {
          for (const [reason, count] of Object.entries(cache.health().reconnects)) {
            this.inc({ resource, reason }, count);
          }
        }
      },
    }),
    new Counter({
      name: "multinic_cache_audits_total",
      help: "Comparisons of the objects of that kind in memory with a list of the API server.",
      labelNames: ["resource"],
      registers: [],
      collect() {
        this.reset();
        for (const [resource, cache] of entries) this.inc({ resource }, cache.health().audits);
      },
    }),
    new Counter({
      name: "multinic_cache_mismatches_total",
      help: "Objects that were not the same in memory and in a list, for no reason; stays 0. They are then listed again.",
      labelNames: ["resource"],
      registers: [],
      collect() {
        this.reset();
        for (const [resource, cache] of entries) this.inc({ resource }, cache.health().mismatches);
      },
    }),
    new Counter({
      name: "multinic_cache_decode_errors_total",
      help: "Watch events that could not be read.",
      labelNames: ["resource"],
      registers: [],
      collect() {
        this.reset();
        for (const [resource, cache] of entries) this.inc({ resource }, cache.health().decodeErrors);
      },
    }),
  ];
}

function scrapeMetrics(traffic: VirtHandlerTraffic): readonly Metric[] {
  return [
    new Counter({
      name: "multinic_virt_handler_scrape_errors_total",
      help: "Scrapes of virt-handler that failed.",
      labelNames: ["url"],
      registers: [],
      collect() {
        this.reset();
        for (const [url, count] of traffic.errors) this.inc({ url }, count);
      },
    }),
    new Counter({
      name: "multinic_virt_handler_unreadable_lines_total",
      help: "Lines of NIC counters in virt-handler's metrics that could not be read.",
      registers: [],
      collect() {
        this.reset();
        this.inc(traffic.unreadableLines);
      },
    }),
  ];
}
