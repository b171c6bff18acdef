// Which NIC is primary and which metric each NIC's routes have, so that no two default routes ever tie by default.
import type { NetworkConfig } from "../spec.ts";

/** Metrics go up in these steps: 100 for the primary NIC, then 200, 300, … */
export const metricStep = 100;

/** Position of the primary NIC: the first that says so, else the first of all. */
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
