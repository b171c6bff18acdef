// Counters from virt-handler, asked in the background: each node at its own pace, so that a dead one delays no other.
import type { InterfaceKey } from "../app/status-model.ts";
import type { KubeLog } from "../kube/log.ts";
import { createTrafficSums } from "./traffic-sums.ts";
import type { TrafficSource, VmKey } from "./traffic.ts";
import { readNicCounters } from "./virt-handler-text.ts";

export interface VirtHandlerTrafficOptions {
  readonly urls: readonly string[];
  /** Pause between two scrapes. virt-launcher keeps libvirt's figures for 3.25 s; asking more often brings nothing. Default 5000. */
  readonly intervalMs?: number;
  /** virt-handler gives its VMs 10 s to answer. Default 12000. */
  readonly timeoutMs?: number;
  readonly fetchText: (url: string, signal: AbortSignal) => Promise<string>;
  /** Resolves after that many milliseconds or when the signal is aborted. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Milliseconds of a clock that only runs forward. */
  readonly now: () => number;
  readonly log: KubeLog;
  /** Resolves when isKnown can be asked; nothing is scraped before. */
  readonly whenReady: (signal: AbortSignal) => Promise<void>;
  /** Counters of other NICs are not kept: a domain may outlive its VM. */
  readonly isKnown: (nic: InterfaceKey) => boolean;
  /** Told after each scrape, with the VMs whose counters changed. */
  readonly onUpdate: (vms: readonly VmKey[]) => void;
}

export interface VirtHandlerTraffic extends TrafficSource {
  /** Failed scrapes by URL; every URL is there. */
  readonly errors: ReadonlyMap<string, number>;
  /** Lines of NIC counters that could not be read. */
  readonly unreadableLines: number;
  /** Forgets a NIC that is gone. */
  forget(nic: InterfaceKey): void;
  stop(): void;
}

/** A failed scrape leaves the counters as they are. */
export function startVirtHandlerTraffic(options: VirtHandlerTrafficOptions): VirtHandlerTraffic {
  const { fetchText, sleep, now, log, isKnown, onUpdate } = options;
  const { intervalMs = 5_000, timeoutMs = 12_000 } = options;
  const urls = [...new Set(options.urls)];
  const sums = createTrafficSums();
  const errors = new Map(urls.map((url) => [url, 0]));
  const failing = new Set<string>();
  const stopping = new AbortController();
  const { signal } = stopping;
  let unreadableLines = 0;

  function take(text: string): void {
    const { readings, unreadable } = readNicCounters(text);
    unreadableLines += unreadable;
    const changed = new Map<string, VmKey>();
    for (const reading of readings) {
      const { namespace, vm } = reading;
      if (isKnown(reading) && sums.add(reading, now())) changed.set(`${namespace}/${vm}`, { namespace, vm });
    }
    if (changed.size > 0) onUpdate([...changed.values()]);
  }

  async function scrape(url: string): Promise<void> {
    try {
      take(await fetchText(url, AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])));
      if (failing.delete(url)) log.info({ url }, "virt-handler's metrics can be read again");
    } catch (error) {
      if (signal.aborted) return;
      errors.set(url, (errors.get(url) ?? 0) + 1);
      // Once per outage; the metric counts the rest.
      if (!failing.has(url)) log.warn({ url, err: error }, "virt-handler's metrics could not be read");
      failing.add(url);
    }
  }

  async function follow(url: string): Promise<void> {
    await options.whenReady(signal);
    while (!signal.aborted) {
      await scrape(url);
      await sleep(intervalMs, signal);
    }
  }
  for (const url of urls) {
    follow(url).catch((error: unknown) => {
      if (!signal.aborted) log.error({ url, err: error }, "reading virt-handler's metrics ended");
    });
  }

  return {
    errors,
    get unreadableLines() {
      return unreadableLines;
    },
    get: (nic) => sums.get(nic),
    forget: (nic) => sums.forget(nic),
    stop: () => stopping.abort(),
  };
}
