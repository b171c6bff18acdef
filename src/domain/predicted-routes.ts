// The routes that the guest will have, from all NICs together.
import type { Nic } from "./nic.ts";

export interface PredictedRoute {
  readonly destination: string;
  /** Empty for a network on the link. */
  readonly gateway: string;
  readonly nic: string;
  readonly metric: number;
  readonly origin: "address" | "gateway" | "route" | "dhcp";
  /** True when it rests on what the network's DHCP server will offer. */
  readonly assumed: boolean;
}

/** Best first: the longer prefix, then the lower metric, then the order of the NICs. */
export function predictRoutes(nics: readonly Nic[]): readonly PredictedRoute[] {
  return nics
    .flatMap(routesOf)
    .map((route, position) => ({ route, position }))
    .toSorted(
      (a, b) =>
        prefixLength(b.route) - prefixLength(a.route) ||
        a.route.metric - b.route.metric ||
        a.position - b.position,
    )
    .map(({ route }) => route);
}

function prefixLength({ destination }: PredictedRoute): number {
  return Number(destination.slice(destination.lastIndexOf("/") + 1));
}

function routesOf(nic: Nic): readonly PredictedRoute[] {
  const by = { nic: nic.name, assumed: false };
  const routes: PredictedRoute[] = nic.addresses.map(({ cidr }) => ({
    ...by,
    destination: cidr.network,
    gateway: "",
    metric: 0,
    origin: "address",
  }));
  if (nic.mode === "dhcp" && nic.defaultRoute) {
    const metric = nic.metric;
    routes.push({ ...by, destination: "0.0.0.0/0", gateway: "", metric, origin: "dhcp", assumed: true });
  }
  if (nic.mode === "static" && nic.gateway !== undefined && nic.defaultRoute) {
    const destination = nic.gateway.family === 4 ? "0.0.0.0/0" : "::/0";
    routes.push({ ...by, destination, gateway: nic.gateway.text, metric: nic.metric, origin: "gateway" });
  }
  for (const { destination, gateway, metric } of nic.routes) {
    routes.push({ ...by, destination: destination.network, gateway: gateway.text, metric, origin: "route" });
  }
  return routes;
}
