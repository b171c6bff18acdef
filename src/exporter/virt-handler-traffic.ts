// Scrapes every virt-handler in the background, each in its own loop, so that one that does not respond delays no other.
import type { InterfaceKey } from "../app/status-model.ts";
import type { VmKey } from "../app/status-scope.ts";
import type { KubeLog } from "../kube/log.ts";
import type { TrafficSums } from "./traffic-sums.ts";
import type { FindTargets, ScrapeTarget } from "./virt-handler-targets.ts";
import { readNicCounters } from "./virt-handler-text.ts";

export interface VirtHandlerTrafficOptions {
  readonly findTargets: FindTargets;
  readonly sums: TrafficSums;
  /** Pause between two scrapes, default 5000. virt-launcher caches libvirt's counters for 3.25 s. */
  readonly intervalMs?: number;
  /** Default 12000: virt-handler itself waits up to 10 s for its VMs. */
  readonly timeoutMs?: number;
  /** Resolves after `ms`, or when the signal is aborted. */
  readonly sleepOrAborted: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
  readonly log: KubeLog;
  /** Resolves when isKnown may be called; nothing is scraped before. */
  readonly whenReady: (signal: AbortSignal) => Promise<void>;
  /** Counters of unknown NICs are dropped: a domain may outlive its VM. */
  readonly isKnown: (nic: InterfaceKey) => boolean;
  /** Called after each scrape with the VMs whose counters changed. */
  readonly onUpdate: (vms: readonly VmKey[]) => void;
}

export interface VirtHandlerTraffic {
  /** Failed scrapes by URL, for every current target. */
  readonly errors: ReadonlyMap<string, number>;
  /** Number of NIC counter lines that could not be parsed. */
  readonly unreadableLines: number;
  stop(): void;
}

/** How often the targets are listed: nodes are added and removed, and an update of KubeVirt replaces every pod. */
const discoveryMs = 30_000;
/** Concurrent scrapes: the client has 16 connections, and API calls need some of them. */
const maxScrapes = 8;

/** After a failed scrape the counters are unchanged, after a failed discovery the targets. */
export function startVirtHandlerTraffic(options: VirtHandlerTrafficOptions): VirtHandlerTraffic {
  const { findTargets, sums, sleepOrAborted, now, log, isKnown, onUpdate } = options;
  const { intervalMs = 5_000, timeoutMs = 12_000 } = options;
  const followed = new Map<string, AbortController>();
  const errors = new Map<string, number>();
  const inTurn = atMost(maxScrapes);
  const stopping = new AbortController();
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

  async function follow({ url, read }: ScrapeTarget, signal: AbortSignal): Promise<void> {
    let failing = false;
    const scrape = async (): Promise<void> => {
      if (signal.aborted) return;
      try {
        take(await read(AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])));
        if (failing) log.info({ url }, "virt-handler's metrics can be read again");
        failing = false;
      } catch (error) {
        if (signal.aborted) return;
        errors.set(url, (errors.get(url) ?? 0) + 1);
        // Logged once per outage; the metric counts every failure.
        if (!failing) log.warn({ url, err: error }, "virt-handler's metrics could not be read");
        failing = true;
      }
    };
    while (!signal.aborted) {
      await inTurn(scrape);
      await sleepOrAborted(intervalMs, signal);
    }
  }

  function followAll(targets: readonly ScrapeTarget[]): void {
    const urls = new Set(targets.map(({ url }) => url));
    for (const [url, following] of followed) {
      if (urls.has(url)) continue;
      following.abort();
      followed.delete(url);
      errors.delete(url);
    }
    for (const target of targets) {
      const { url } = target;
      if (followed.has(url)) continue;
      const following = new AbortController();
      followed.set(url, following);
      errors.set(url, 0);
      follow(target, following.signal).catch((error: unknown) => {
        if (!following.signal.aborted) log.error({ url, err: error }, "reading virt-handler's metrics ended");
      });
    }
  }

  async function discover(signal: AbortSignal): Promise<void> {
    let failing = false;
    await options.whenReady(signal);
    while (!signal.aborted) {
      try {
        const targets = await findTargets(signal);
        if (signal.aborted) return;
        followAll(targets);
        if (failing) log.info({}, "virt-handler's pods can be listed again");
        failing = false;
      } catch (error) {
        if (signal.aborted) return;
        if (!failing) log.warn({ err: error }, "virt-handler's pods could not be listed");
        failing = true;
      }
      await sleepOrAborted(discoveryMs, signal);
    }
  }
  discover(stopping.signal).catch((error: unknown) => {
    if (!stopping.signal.aborted) log.error({ err: error }, "looking for virt-handler's pods ended");
  });

  return {
    errors,
    get unreadableLines() {
      return unreadableLines;
    },
    stop() {
      stopping.abort();
      for (const following of followed.values()) following.abort();
    },
  };
}

/** Limits concurrency to `most`; further calls wait in order. */
function atMost(most: number): (work: () => Promise<void>) => Promise<void> {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (work) => {
    if (running < most) running += 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}
