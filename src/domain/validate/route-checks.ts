// Checks of static routes against their NIC, and of default routes against each other.
import { finding, type Finding } from "../findings.ts";
import { removeField, replaceWith } from "../fix.ts";
import type { NicRoute } from "../nic.ts";
import { metricStep } from "../resolve/metrics.ts";
import { metricField } from "../routing/predicted-routes.ts";
import { routeKey } from "../routing/route-index.ts";
import { checkNextHop } from "./address-checks.ts";
import { type NicCheck, type NicContext } from "./context.ts";

type RouteCheck = (route: NicRoute, context: NicContext) => Finding | undefined;

const familiesAgree: RouteCheck = ({ field, destination, gateway }) => {
  if (destination.address.family === gateway.family) return undefined;
  const values = { destination: destination.text, gateway: gateway.text };
  const related = [`${field}.destination`];
  return finding("ROUTE_FAMILY_MISMATCH", `${field}.gateway`, values, { related });
};

/** The next hop must be reachable without another route. With DHCP the subnet is not known, so it is not checked. */
const nextHopIsOnLink: RouteCheck = ({ field, destination, gateway }, { nic, own }) =>
  destination.address.family !== gateway.family || (nic.mode === "static" && nic.addresses.length === 0)
    ? undefined
    : checkNextHop({ nic, own }, gateway, `${field}.gateway`, "ROUTE_GATEWAY_UNREACHABLE");

const nextHopIsNotSelf: RouteCheck = ({ field, gateway }, { own }) =>
  own.own.has(gateway.text)
    ? finding("GATEWAY_IS_SELF", `${field}.gateway`, { gateway: gateway.text }, { fix: removeField(field) })
    : undefined;

const checksOfRoute: readonly RouteCheck[] = [familiesAgree, nextHopIsOnLink, nextHopIsNotSelf];

const eachRoute: NicCheck = (context) =>
  context.nic.routes.flatMap((route) => checksOfRoute.map((check) => check(route, context)));

/** There can be only one route with a destination and metric, on all NICs together. Default routes are checked below. */
const routeIsUnique: NicCheck = ({ ownRoutes, routes }) =>
  ownRoutes
    .filter(({ origin, destination }) => origin === "route" && destination.prefixLength > 0)
    .map((route) => {
      const first = routes.firstStatic.get(routeKey(route));
      if (first === undefined || first === route) return undefined;
      const more = { fix: removeField(route.field), related: [first.field] };
      return finding("ROUTE_DUPLICATE", route.field, { first: first.field }, more);
    });

const defaultRouteIsUnique: NicCheck = ({ nic, routes: { defaults, firstDefault, highestMetric } }) =>
  defaults
    .filter((route) => route.nic === nic)
    .map((route) => {
      const twin = firstDefault.get(routeKey(route));
      if (twin === undefined || twin === route) return undefined;
      const field = metricField(route);
      const free = highestMetric + metricStep;
      const fix =
        route.origin === "route"
          ? replaceWith(field, free)
          : replaceWith(`${nic.field}.ipConfig.defaultRoute`, "never");
      const values = { first: twin.nic.index, metric: route.metric };
      return finding("DEFAULT_ROUTE_CONFLICT", field, values, { fix, related: [metricField(twin)] });
    });

export const routeChecks: readonly NicCheck[] = [eachRoute, routeIsUnique, defaultRouteIsUnique];
