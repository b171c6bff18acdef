// Counters from virt-handler, asked in the background. They go on over a domain's restart and a migration, and never back.
import type { KubeLog } from "../kube/log.ts";
import { type Traffic, type TrafficCounter, type TrafficSource } from "./traffic.ts";
import { type NicSample, readNicSamples } from "./virt-handler-text.ts";

export interface VirtHandlerTrafficOptions {
  readonly urls: readonly string[];
  /** virt-launcher keeps libvirt's figures for 3.25 s; asking more often brings nothing. Default 5000. */
  readonly intervalMs?: number;
  readonly fetchText: (url: string, signal: AbortSignal) => Promise<string>;
  /** Resolves after that many milliseconds or when the signal is aborted. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly log: KubeLog;
  /** Told after each round, with every VM whose counters were read. */
  readonly onUpdate: (vms: readonly { readonly namespace: string; readonly vm: string }[]) => void;
}

export interface VirtHandlerTraffic extends TrafficSource {
  /** Failed scrapes by URL. */
  readonly errors: ReadonlyMap<string, number>;
  /** Lines of NIC counters that could not be read. */
  readonly unreadableLines: number;
  /** Forget a VM that is gone. */
  forget(vm: { readonly namespace: string; readonly vm: string }): void;
  stop(): void;
}

/** `base` holds what earlier domains counted; `last` is the present domain's figure. */
interface Counter {
  readonly base: bigint;
  readonly last: bigint;
  readonly node: string;
}

export function startVirtHandlerTraffic(options: VirtHandlerTrafficOptions): VirtHandlerTraffic {
  const { urls, fetchText, sleep, log, onUpdate } = options;
  const intervalMs = options.intervalMs ?? 5_000;
  const counters = new Map<string, Map<TrafficCounter, Counter>>();
  const errors = new Map<string, number>();
  const stopping = new AbortController();
  const { signal } = stopping;
  let unreadableLines = 0;

  async function round(): Promise<void> {
    const texts = await Promise.all(
      urls.map(async (url) => {
        try {
          return await fetchText(url, AbortSignal.any([signal, AbortSignal.timeout(intervalMs)]));
        } catch (error) {
          if (!signal.aborted) {
            errors.set(url, (errors.get(url) ?? 0) + 1);
            log.warn({ url, err: error }, "virt-handler's metrics could not be read");
          }
          return "";
        }
      }),
    );
    const vms = new Map<string, { readonly namespace: string; readonly vm: string }>();
    for (const text of texts) {
      const { samples, unreadable } = readNicSamples(text);
      unreadableLines += unreadable;
      for (const sample of samples) {
        take(counters, sample);
        vms.set(`${sample.namespace}/${sample.vm}`, sample);
      }
    }
    if (vms.size > 0) onUpdate([...vms.values()]);
  }

  async function loop(): Promise<void> {
    while (!signal.aborted) {
      await round();
      await sleep(intervalMs, signal);
    }
  }
  if (urls.length > 0) {
    loop().catch((error: unknown) => log.error({ err: error }, "reading virt-handler's metrics ended"));
  }

  return {
    errors,
    get unreadableLines() {
      return unreadableLines;
    },
    get({ namespace, vm, nic }): Traffic | undefined {
      const known = counters.get(`${namespace}/${vm}/${nic}`);
      return (
        known && Object.fromEntries([...known].map(([counter, { base, last }]) => [counter, base + last]))
      );
    },
    forget({ namespace, vm }) {
      for (const id of counters.keys()) if (id.startsWith(`${namespace}/${vm}/`)) counters.delete(id);
    },
    stop: () => stopping.abort(),
  };
}

/** A smaller figure, or one from another node, is a new domain's: the former one's stays in the sum. */
function take(counters: Map<string, Map<TrafficCounter, Counter>>, sample: NicSample): void {
  const id = `${sample.namespace}/${sample.vm}/${sample.nic}`;
  const ofNic = counters.get(id) ?? new Map<TrafficCounter, Counter>();
  counters.set(id, ofNic);
  const { counter, value, node } = sample;
  const before = ofNic.get(counter);
  const isNewDomain = before !== undefined && (value < before.last || node !== before.node);
  const base = (before?.base ?? 0n) + (isNewDomain ? before.last : 0n);
  ofNic.set(counter, { base, last: value, node });
}
