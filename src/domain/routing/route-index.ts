// Index of the predicted routes of a VM for the checks, built once: there may be thousands of routes.
import type { Nic } from "../nic.ts";
import { PrefixTree } from "../prefix-tree.ts";
import { isDefaultRoute, type PredictedRoute, type PredictedRouting } from "./predicted-routes.ts";

/** All lists are in the order of the NICs. Only `best` leaves out NICs whose link is down. */
export interface RouteIndex {
  readonly defaults: readonly PredictedRoute[];
  /** By `routeKey`: the first default route with that metric, of each family. */
  readonly firstDefault: ReadonlyMap<string, PredictedRoute>;
  /** Of the default routes; 0 if there is none. */
  readonly highestMetric: number;
  /** The routes of static addresses. */
  readonly connected: PrefixTree<PredictedRoute>;
  /** By `routeKey`: the first route of the input with that destination and metric. */
  readonly firstStatic: ReadonlyMap<string, PredictedRoute>;
  /** By destination outside the subnets of the NICs: for each NIC its route with the lowest metric. */
  readonly best: ReadonlyMap<string, ReadonlyMap<Nic, PredictedRoute>>;
}

/** Routes with equal keys are the same to the kernel. */
export const routeKey = ({ destination, metric }: PredictedRoute): string =>
  `${destination.network} ${metric}`;

/** True for a default route and for a route of the input. */
export const leadsBeyond = (route: PredictedRoute): boolean =>
  isDefaultRoute(route) || (route.origin === "route" && route.destination.prefixLength > 0);

export function indexRoutes({ byNic }: PredictedRouting): RouteIndex {
  const all = byNic.flat();
  const firstStatic = new Map<string, PredictedRoute>();
  const firstDefault = new Map<string, PredictedRoute>();
  const best = new Map<string, Map<Nic, PredictedRoute>>();
  const defaults = all.filter(isDefaultRoute);
  for (const route of defaults) {
    const key = routeKey(route);
    if (!firstDefault.has(key)) firstDefault.set(key, route);
  }
  for (const route of all) {
    const key = routeKey(route);
    if (route.origin === "route" && !firstStatic.has(key)) firstStatic.set(key, route);
    if (!leadsBeyond(route) || route.nic.linkState === "down") continue;
    const { network } = route.destination;
    const ofNics = best.get(network) ?? new Map<Nic, PredictedRoute>();
    best.set(network, ofNics);
    if (route.metric < (ofNics.get(route.nic)?.metric ?? Infinity)) ofNics.set(route.nic, route);
  }
  return {
    defaults,
    firstDefault,
    highestMetric: defaults.reduce((highest, { metric }) => Math.max(highest, metric), 0),
    connected: new PrefixTree(
      all.filter(({ origin }) => origin === "address").map((route) => [route.destination, route]),
    ),
    firstStatic,
    best,
  };
}
