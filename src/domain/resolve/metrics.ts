// Determines the primary NIC and the metric of each NIC, so that default routes have different metrics by default.
import type { NetworkConfig } from "../spec.ts";

/** Between the metrics of two NICs. */
export const metricStep = 100;

/** Position of the primary NIC: the first with `primary`, else the first. */
export function primaryIndex(networks: readonly NetworkConfig[]): number {
  return Math.max(
    0,
    networks.findIndex(({ primary }) => primary === true),
  );
}

/** The metric of each NIC: the primary 100, the others 200, 300, … in order of (priority, position). */
export function nicMetrics(networks: readonly NetworkConfig[]): readonly number[] {
  const primary = primaryIndex(networks);
  const order = networks
    .map((network, index) => ({ index, priority: network.priority ?? index }))
    .toSorted((a, b) => rank(a.index) - rank(b.index) || a.priority - b.priority || a.index - b.index);
  function rank(index: number): number {
    return index === primary ? 0 : 1;
  }
  const metrics: number[] = [];
  for (const [position, { index }] of order.entries()) metrics[index] = (position + 1) * metricStep;
  return metrics;
}
