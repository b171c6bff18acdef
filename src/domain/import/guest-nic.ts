// Converts one entry of a network-config to the fields of a NIC: mode, addresses, gateway, name servers and routes.
import type { IpConfig, NetworkConfig, RouteConfig } from "../spec.ts";
import type { GuestNicRead } from "./network-config.ts";

export const isDefault = ({ destination }: RouteConfig): boolean => destination.endsWith("/0");

/**
 * The default route that becomes `gateway`: the first, if it has no metric or that of the NIC. Other default routes remain
 * routes with their metric.
 */
function gatewayRoute({ dhcp4, routes }: GuestNicRead, metric: number): RouteConfig | undefined {
  const first = dhcp4 ? undefined : routes.find(isDefault);
  return first?.metric === undefined || first.metric === metric ? first : undefined;
}

/** Empty for a NIC on the pod network with default settings. */
export function ipConfigOf(
  guest: GuestNicRead,
  { type }: NetworkConfig,
  metric: number,
): { readonly ipConfig?: IpConfig } {
  const gateway = gatewayRoute(guest, metric)?.gateway;
  const { dhcp4, addresses, dnsServers, searchDomains } = guest;
  const [address, ...others] = dhcp4 ? [] : addresses;
  const ipConfig: IpConfig = {
    ...(type === "pod" ? {} : { mode: dhcp4 || address === undefined ? "dhcp" : "static" }),
    ...(address === undefined ? {} : { address }),
    ...(others.length === 0 ? {} : { addresses: others }),
    ...(gateway === undefined ? {} : { gateway }),
    ...(dnsServers.length === 0 ? {} : { dnsServers }),
    ...(dnsServers.length === 0 || searchDomains.length === 0 ? {} : { searchDomains }),
    ...(dhcp4 && !guest.dhcpRoutes ? { defaultRoute: "never" } : {}),
  };
  return Object.keys(ipConfig).length === 0 ? {} : { ipConfig };
}

/** A route without a metric has the kernel's default, which a spec writes as 0. */
export function routesOf(guest: GuestNicRead, metric: number): { readonly routes?: readonly RouteConfig[] } {
  const gateway = gatewayRoute(guest, metric);
  const routes = guest.routes
    .filter((route) => route !== gateway)
    .map(({ destination, gateway: via, metric: own = 0 }) => ({
      destination,
      gateway: via,
      ...(own === metric ? {} : { metric: own }),
    }));
  return routes.length === 0 ? {} : { routes };
}
