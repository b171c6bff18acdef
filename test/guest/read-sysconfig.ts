// The ifcfg, route and route6 files of Red Hat's network scripts, as cloud-init's sysconfig renderer writes them.
import { isIpv6, type GuestNic, type GuestRoute } from "./guest-nic.ts";

type Files = Readonly<Record<string, string>>;

export function readSysconfig(files: Files): readonly GuestNic[] {
  const resolver = words(files["etc/resolv.conf"] ?? "");
  return Object.entries(files)
    .filter(([path]) => path.includes("/ifcfg-"))
    .map(([path, text]) => readInterface(assignments(text), path, files, resolver));
}

function readInterface(
  value: Readonly<Record<string, string>>,
  path: string,
  files: Files,
  resolver: readonly (readonly string[])[],
): GuestNic {
  const dhcp4 = value["BOOTPROTO"] === "dhcp";
  const numbered = (key: string): readonly string[] =>
    ["", ...Array.from({ length: 10 }, (_, index) => String(index))].flatMap(
      (number) => value[`${key}${number}`] ?? [],
    );
  const metric = value["IPV4_ROUTE_METRIC"] ?? value["METRIC"];
  const metric6 = value["IPV6_ROUTE_METRIC"] ?? value["METRIC"];
  const masks = numbered("NETMASK");
  const named = (kind: string) => files[path.replace("/ifcfg-", `/${kind}-`)] ?? "";
  const defaultRoute = (to: string, via: string | undefined, of: string | undefined): GuestRoute[] =>
    via === undefined ? [] : [{ to, via, ...(of === undefined ? {} : { metric: Number(of) }) }];
  return {
    mac: (value["HWADDR"] ?? "").toLowerCase(),
    ...(value["MTU"] === undefined ? {} : { mtu: Number(value["MTU"]) }),
    dhcp4,
    ...(dhcp4 && metric !== undefined ? { dhcpMetric: Number(metric) } : {}),
    dhcpRoutes: value["PEERROUTES"] !== "no",
    addresses: [
      ...numbered("IPADDR").map((address, index) => `${address}/${prefixOf(masks[index] ?? "")}`),
      ...numbered("IPV6ADDR"),
      ...(value["IPV6ADDR_SECONDARIES"] ?? "").split(" ").filter((address) => address !== ""),
    ],
    // resolv.conf holds for every NIC.
    dns: [
      ...numbered("DNS"),
      ...resolver.filter(([key]) => key === "nameserver").flatMap(([, ip]) => ip ?? []),
    ],
    search: [
      ...(value["DOMAIN"] ?? "").split(" "),
      ...resolver.filter(([key]) => key === "search").flatMap(([, ...domains]) => domains),
    ],
    routes: [
      ...defaultRoute("0.0.0.0/0", value["GATEWAY"], metric),
      ...defaultRoute("::/0", value["IPV6_DEFAULTGW"], metric6),
      ...readRoutes(assignments(named("route"))),
      ...words(named("route6")).flatMap(readRoute6),
    ],
  };
}

function readRoutes(value: Readonly<Record<string, string>>): readonly GuestRoute[] {
  return Object.keys(value)
    .filter((key) => key.startsWith("ADDRESS"))
    .map((key) => {
      const number = key.slice("ADDRESS".length);
      const metric = value[`METRIC${number}`];
      return {
        to: `${value[key]}/${prefixOf(value[`NETMASK${number}`] ?? "")}`,
        via: value[`GATEWAY${number}`] ?? "",
        ...(metric === undefined ? {} : { metric: Number(metric) }),
      };
    });
}

/** DESTINATION via NEXT-HOP [metric N] dev NIC. */
function readRoute6([to = "", , via = "", ...options]: readonly string[]): readonly GuestRoute[] {
  const metric = options[options.indexOf("metric") + 1];
  return isIpv6(to) ? [{ to, via, ...(options.includes("metric") ? { metric: Number(metric) } : {}) }] : [];
}

function assignments(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    text
      .split("\n")
      .filter((line) => /^\w+=/.test(line))
      .map((line) => [
        line.slice(0, line.indexOf("=")),
        line.slice(line.indexOf("=") + 1).replaceAll(/^"|"$/g, ""),
      ]),
  );
}

const words = (text: string): readonly (readonly string[])[] =>
  text
    .split("\n")
    .filter((line) => line.trim() !== "" && !/^[#;]/.test(line))
    .map((line) => line.trim().split(/\s+/));

const prefixOf = (mask: string): number =>
  mask
    .split(".")
    .map((byte) => Number(byte).toString(2).replaceAll("0", "").length)
    .reduce((sum, bits) => sum + bits, 0);
