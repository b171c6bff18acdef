// NetworkManager's keyfiles (nm-settings-keyfile(5)), as cloud-init's network-manager renderer writes them.
import { type IniSection, readIni, valuesOf } from "./read-ini.ts";
import { isIpv6, type GuestNic, type GuestRoute } from "./guest-nic.ts";

const families = ["ipv4", "ipv6"] as const;

export function readNetworkManager(files: Readonly<Record<string, string>>): readonly GuestNic[] {
  return Object.entries(files)
    .filter(([path]) => path.endsWith(".nmconnection"))
    .map(([, text]) => readConnection(readIni(text)));
}

function readConnection(sections: readonly IniSection[]): GuestNic {
  const one = (section: string, key: string) => valuesOf(sections, section, key)[0];
  const list = (section: string, key: string) =>
    (one(section, key) ?? "").split(";").filter((value) => value !== "");
  const numbered = (section: string, key: RegExp) =>
    sections
      .filter(({ name }) => name === section)
      .flatMap(({ entries }) => entries.filter(([each]) => key.test(each)).map(([, value]) => value));
  const mtu = one("ethernet", "mtu");
  const dhcp4 = one("ipv4", "method") === "auto";
  const metric = one("ipv4", "route-metric");
  return {
    mac: (one("ethernet", "mac-address") ?? "").toLowerCase(),
    ...(mtu === undefined ? {} : { mtu: Number(mtu) }),
    dhcp4,
    ...(dhcp4 && metric !== undefined ? { dhcpMetric: Number(metric) } : {}),
    dhcpRoutes: one("ipv4", "never-default") !== "true" && one("ipv4", "ignore-auto-routes") !== "true",
    addresses: families.flatMap((family) => numbered(family, /^address\d+$/)),
    // A value of the other family is not read.
    dns: families.flatMap((family) => list(family, "dns").filter((value) => fits(family, value))),
    search: [...new Set(families.flatMap((family) => list(family, "dns-search")))],
    routes: families.flatMap((family) =>
      numbered(family, /^route\d+$/)
        .map((value) => readRoute(value, one(family, "route-metric")))
        .filter(({ to }) => fits(family, to)),
    ),
  };
}

const fits = (family: (typeof families)[number], value: string): boolean =>
  isIpv6(value) === (family === "ipv6");

/** DESTINATION/PREFIX,NEXT-HOP[,METRIC]; without one it has the connection's. */
function readRoute(value: string, connectionMetric: string | undefined): GuestRoute {
  const [to = "", via = "", own] = value.split(",");
  const metric = own ?? connectionMetric;
  return { to, via, ...(metric === undefined ? {} : { metric: Number(metric) }) };
}
