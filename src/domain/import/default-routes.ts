// Which NIC is primary and in which order the others come, so that the metrics that a guest has come out again.
import { metricStep } from "../resolve/metrics.ts";

/** The metric of a NIC's default route as the guest's configuration has it. */
export interface ObservedMetric {
  /** undefined where the configuration names none, or there is no such route. */
  readonly metric: number | undefined;
  /** True where the metric can also be written at a route of the NIC's own. */
  readonly flexible: boolean;
}

export interface NicOrder {
  /** Position of the primary NIC. */
  readonly primary: number;
  /** `priorities[i]`: undefined where the position says it. */
  readonly priorities: readonly (number | undefined)[];
  /** The metrics that come out. */
  readonly metrics: readonly number[];
}

/** Metrics that resolution gives out are met exactly; others are kept in their order. */
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

/** undefined when a metric that cannot be written otherwise is none of ours. */
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
