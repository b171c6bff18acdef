// An NMState policy as text, read back: captures first, then the NICs of the desired state.
import { parse } from "yaml";
import type { GuestNic } from "./guest-nic.ts";

interface Ip {
  readonly enabled?: boolean;
  readonly dhcp?: boolean;
  readonly address?: readonly { readonly ip: string; readonly "prefix-length": number }[];
  readonly "auto-gateway"?: boolean;
  readonly "auto-routes"?: boolean;
  readonly "auto-route-metric"?: number;
}

interface Policy {
  readonly capture: Readonly<Record<string, string>>;
  readonly desired: {
    readonly interfaces: readonly {
      readonly identifier: string;
      readonly "mac-address": string;
      readonly mtu?: number;
      readonly ipv4?: Ip;
      readonly ipv6?: Ip;
    }[];
    readonly routes?: {
      readonly config: readonly {
        readonly destination: string;
        readonly "next-hop-address": string;
        readonly "next-hop-interface": string;
        readonly metric: number;
      }[];
    };
    readonly "dns-resolver"?: {
      readonly config: { readonly server: readonly string[]; readonly search?: readonly string[] };
    };
  };
}

/** Name servers belong to the host: every NIC gets all of them. */
export function readNmstate(text: string): readonly GuestNic[] {
  const { capture, desired } = parse(text) as Policy;
  const resolver = desired["dns-resolver"]?.config;
  return desired.interfaces.map((nic) => {
    if (nic.identifier !== "mac-address") throw new Error("a NIC is not found by its MAC address");
    const mac = nic["mac-address"];
    const { ipv4, ipv6 } = nic;
    const dhcp4 = ipv4?.enabled === true && ipv4.dhcp === true;
    const metric = ipv4?.["auto-route-metric"];
    return {
      mac: mac.toLowerCase(),
      ...(nic.mtu === undefined ? {} : { mtu: nic.mtu }),
      dhcp4,
      ...(metric === undefined ? {} : { dhcpMetric: metric }),
      dhcpRoutes: ipv4?.["auto-routes"] !== false && ipv4?.["auto-gateway"] !== false,
      addresses: [ipv4, ipv6].flatMap((ip) =>
        ip?.enabled === true ? (ip.address ?? []).map((each) => `${each.ip}/${each["prefix-length"]}`) : [],
      ),
      dns: resolver?.server ?? [],
      search: resolver?.search ?? [],
      routes: (desired.routes?.config ?? [])
        .filter((route) => macOf(route["next-hop-interface"], capture) === mac)
        .map((route) => ({
          to: route.destination,
          via: route["next-hop-address"],
          metric: route.metric,
        })),
    };
  });
}

/** `{{ capture.NAME.interfaces.0.name }}` is the interface whose MAC address the capture asks for. */
function macOf(template: string, capture: Readonly<Record<string, string>>): string | undefined {
  const name = /^\{\{ capture\.([\w-]+)\.interfaces\.0\.name \}\}$/.exec(template)?.[1];
  return /^interfaces\.mac-address == "([0-9A-F:]{17})"$/.exec(capture[name ?? ""] ?? "")?.[1];
}
