// The default routes that a VM's guest will have: by gateway, by DHCP, or written out as a route.
import type { IpFamily } from "../ip.ts";
import type { Nic } from "../nic.ts";

/** One default route; `field` is where its metric could be set. */
export interface DefaultRoute {
  readonly nic: Nic;
  readonly family: IpFamily;
  readonly metric: number;
  readonly origin: "gateway" | "dhcp" | "route";
  readonly field: string;
}

/** The metric as the kernel keeps it: IPv6 takes 0 for its default (include/uapi IP6_RT_PRIO_USER). */
export function kernelMetric(family: IpFamily, metric: number): number {
  return family === 6 && metric === 0 ? 1024 : metric;
}

/** The default routes by one NIC. */
export function defaultRoutesOf(nic: Nic): readonly DefaultRoute[] {
  const routes: DefaultRoute[] = [];
  if (nic.defaultRoute && nic.mode === "dhcp") {
    routes.push({ nic, family: 4, metric: nic.metric, origin: "dhcp", field: `${nic.field}.ipConfig` });
  }
  if (nic.defaultRoute && nic.mode === "static" && nic.gateway !== undefined) {
    const field = `${nic.field}.ipConfig.gateway`;
    routes.push({ nic, family: nic.gateway.family, metric: nic.metric, origin: "gateway", field });
  }
  for (const { destination, metric, field } of nic.routes) {
    if (destination.prefixLength === 0 && !destination.hasHostBits) {
      routes.push({
        nic,
        family: destination.address.family,
        metric: kernelMetric(destination.address.family, metric),
        origin: "route",
        field: `${field}.metric`,
      });
    }
  }
  return routes;
}
