// The text of all NIC metrics. A VM's part is rendered when it changes, not when it is scraped.
import type { StatusModel } from "../app/status-model.ts";
import { renderHead, renderSamples } from "./exposition.ts";
import { nicMetrics } from "./nic-metrics.ts";
import type { Traffic, TrafficSource } from "./traffic.ts";

export interface NicExposition {
  render(): string;
  /** The counters of that VM are new: render its part again. */
  invalidate(vm: { readonly namespace: string; readonly vm: string }): void;
  stop(): void;
}

/** One text per family, for one VM. */
type VmPart = readonly string[];

export function createNicExposition(model: StatusModel, traffic: TrafficSource): NicExposition {
  const parts = new Map<string, VmPart>();
  const idOf = ({ namespace, vm }: { readonly namespace: string; readonly vm: string }): string =>
    `${namespace}/${vm}`;
  const unsubscribe = model.subscribe(({ key }) => parts.delete(idOf(key)));

  function renderVm(namespace: string, vm: string): VmPart {
    const statuses = model.list({ namespace, vmNames: [vm] });
    const counters = new Map<string, Traffic | undefined>(
      statuses.map((status) => [status.nic, traffic.get(status)]),
    );
    return nicMetrics.map((metric) =>
      renderSamples(
        metric,
        statuses.flatMap((status) => metric.samples(status, counters.get(status.nic))),
      ),
    );
  }

  return {
    render() {
      const vms = model.vms();
      const known = new Set(vms.map(idOf));
      for (const id of parts.keys()) if (!known.has(id)) parts.delete(id);
      for (const { namespace, vm } of vms) {
        const id = idOf({ namespace, vm });
        if (!parts.has(id)) parts.set(id, renderVm(namespace, vm));
      }
      const inOrder = vms.map((vm) => parts.get(idOf(vm)) ?? []);
      return nicMetrics
        .map((metric, index) => renderHead(metric) + inOrder.map((part) => part[index] ?? "").join(""))
        .join("");
    },
    invalidate(vm) {
      parts.delete(idOf(vm));
    },
    stop: unsubscribe,
  };
}
