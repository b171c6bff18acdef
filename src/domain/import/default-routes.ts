// Finds the primary NIC and the priorities that reproduce the metrics of a guest.
import { metricStep } from "../resolve/metrics.ts";

/** The metric of a NIC's default route in the guest's configuration. */
export interface ObservedMetric {
  /** undefined if the configuration does not name one, or there is no such route. */
  readonly metric: number | undefined;
  /** True if the metric can also be set on a route of the NIC. */
  readonly flexible: boolean;
}

export interface NicOrder {
  /** Position of the primary NIC. */
  readonly primary: number;
  /** `priorities[i]`: undefined if the position implies it. */
  readonly priorities: readonly (number | undefined)[];
  /** The resulting metrics. */
  readonly metrics: readonly number[];
}

/** Metrics that resolve/metrics.ts assigns are reproduced exactly; of others only the order is. */
export function orderOf(observed: readonly ObservedMetric[]): NicOrder {
  const ranks = exactRanks(observed) ?? sortedRanks(observed);
  const primary = Math.max(0, ranks.indexOf(0));
  const others = ranks.map((rank, index) => ({ rank, index })).filter(({ index }) => index !== primary);
  const inPosition = others.every(({ rank }, place) => rank === place + 1);
  return {
    primary,
    priorities: ranks.map((rank, index) => (inPosition || index === primary ? undefined : rank)),
    metrics: ranks.map((rank) => (rank + 1) * metricStep),
  };
}

/** undefined if a metric that is not flexible cannot be assigned by resolve/metrics.ts. */
function exactRanks(observed: readonly ObservedMetric[]): readonly number[] | undefined {
  const ranks: (number | undefined)[] = observed.map(() => undefined);
  const free = new Set(observed.keys());
  for (const flexible of [false, true]) {
    for (const [index, { metric, flexible: isFlexible }] of observed.entries()) {
      if (metric === undefined || isFlexible !== flexible) continue;
      const rank = metric / metricStep - 1;
      if (free.delete(rank)) ranks[index] = rank;
      else if (!flexible) return undefined;
    }
  }
  const left = [...free];
  return ranks.map((rank) => rank ?? left.shift() ?? 0);
}

function sortedRanks(observed: readonly ObservedMetric[]): readonly number[] {
  const order = observed
    .map(({ metric }, index) => ({ index, metric: metric ?? Number.POSITIVE_INFINITY }))
    .toSorted((a, b) => (a.metric === b.metric ? a.index - b.index : a.metric - b.metric))
    .map(({ index }) => index);
  return observed.map((_, index) => order.indexOf(index));
}
