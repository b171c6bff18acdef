// Checks of static routes, each against its own NIC, and of the default routes against each other.
import { defaultRoutesOf, kernelMetric } from "../routing/default-routes.ts";
import { finding, type Finding } from "../findings.ts";
import { removeField, replaceWith } from "../fix.ts";
import type { Nic, NicRoute, ResolvedVm } from "../nic.ts";
import { metricStep } from "../resolve/metrics.ts";
import { broadcastHop, inWords, onLinkSubnets } from "./address-checks.ts";
import { type NicCheck, type NicContext } from "./context.ts";

type RouteCheck = (route: NicRoute, context: NicContext) => Finding | undefined;

/** A destination is a network: no bit beyond the prefix may be set (RFC 4632 3.1). */
const destinationIsNetwork: RouteCheck = ({ field, destination }) =>
  destination.hasHostBits
    ? finding(
        "ROUTE_HOST_BITS",
        `${field}.destination`,
        { given: destination.text, network: destination.network },
        { fix: replaceWith(`${field}.destination`, destination.network) },
      )
    : undefined;

const familiesAgree: RouteCheck = ({ field, destination, gateway }) =>
  destination.address.family === gateway.family
    ? undefined
    : finding(
        "ROUTE_FAMILY_MISMATCH",
        `${field}.gateway`,
        { destination: destination.text, gateway: gateway.text },
        { related: [`${field}.destination`] },
      );

/** The next hop must be reachable without another route. With DHCP the subnet is not known: no verdict. */
const nextHopIsOnLink: RouteCheck = ({ field, destination, gateway }, { nic }) => {
  if (
    destination.address.family !== gateway.family ||
    (nic.mode === "static" && nic.addresses.length === 0)
  ) {
    return undefined;
  }
  const outside = onLinkSubnets(nic, gateway);
  return outside === undefined
    ? broadcastHop(nic, gateway, `${field}.gateway`)
    : finding("ROUTE_GATEWAY_UNREACHABLE", `${field}.gateway`, {
        gateway: gateway.text,
        subnets: inWords(nic, gateway, outside),
      });
};

const nextHopIsNotSelf: RouteCheck = ({ field, gateway }, { nic }) =>
  nic.addresses.some(({ cidr }) => cidr.address.text === gateway.text)
    ? finding("GATEWAY_IS_SELF", `${field}.gateway`, { gateway: gateway.text }, { fix: removeField(field) })
    : undefined;

const checksOfRoute: readonly RouteCheck[] = [
  destinationIsNetwork,
  familiesAgree,
  nextHopIsOnLink,
  nextHopIsNotSelf,
];

const eachRoute: NicCheck = (context) =>
  context.nic.routes.flatMap((route) => checksOfRoute.map((check) => check(route, context)));

/** One destination with one metric can go one way only, on whichever NIC. Default routes are judged below. */
const routeIsUnique: NicCheck = ({ nic, vm }) =>
  nic.routes.map((route) => {
    if (route.destination.prefixLength === 0) return undefined;
    const first = firstRoutes(vm).get(keyOf(route));
    return first === undefined || first.route === route
      ? undefined
      : finding(
          "ROUTE_DUPLICATE",
          route.field,
          { nic: first.nic.index, first: first.route.position },
          { fix: removeField(route.field), related: [first.route.field] },
        );
  });

type FirstRoutes = ReadonlyMap<string, { readonly nic: Nic; readonly route: NicRoute }>;
const known = new WeakMap<ResolvedVm, FirstRoutes>();

const keyOf = ({ destination, metric }: NicRoute): string =>
  `${destination.network} ${kernelMetric(destination.address.family, metric)}`;

/** The first route to each destination with each metric; made once, since there may be thousands. */
function firstRoutes(vm: ResolvedVm): FirstRoutes {
  const made = known.get(vm);
  if (made !== undefined) return made;
  // Of two with one key the last one set is kept, hence backwards.
  const routes = vm.nics.flatMap((nic) => nic.routes.map((route) => ({ nic, route }))).toReversed();
  const first: FirstRoutes = new Map(routes.map((each) => [keyOf(each.route), each]));
  known.set(vm, first);
  return first;
}

const defaultRouteIsUnique: NicCheck = ({ nic, vm }) => {
  const all = vm.nics.flatMap(defaultRoutesOf);
  return all
    .filter((route) => route.nic.index === nic.index)
    .map((route) => {
      const twin = all
        .slice(0, all.indexOf(route))
        .find(({ family, metric }) => family === route.family && metric === route.metric);
      if (twin === undefined) return undefined;
      const free = Math.max(...all.map(({ metric }) => metric)) + metricStep;
      return finding(
        "DEFAULT_ROUTE_CONFLICT",
        route.field,
        { first: twin.nic.index, metric: route.metric },
        {
          ...(route.origin === "route"
            ? { fix: replaceWith(route.field, free) }
            : { fix: replaceWith(`${nic.field}.ipConfig.defaultRoute`, "never") }),
          related: [twin.field],
        },
      );
    });
};

export const routeChecks: readonly NicCheck[] = [eachRoute, routeIsUnique, defaultRouteIsUnique];
