// systemd.network(5) files, as cloud-init's networkd renderer and netplan write them.
import { type IniSection, readIni, valuesOf } from "./read-ini.ts";
import { isIpv6, type GuestNic, type GuestRoute } from "./guest-nic.ts";

/** The NICs of all .network files among `files` (by path). */
export function readNetworkd(files: Readonly<Record<string, string>>): readonly GuestNic[] {
  return Object.entries(files)
    .filter(([path]) => path.endsWith(".network"))
    .map(([, text]) => readNetwork(readIni(text)));
}

function readNetwork(sections: readonly IniSection[]): GuestNic {
  const all = (section: string, key: string) => valuesOf(sections, section, key);
  const words = (section: string, key: string) => all(section, key).flatMap((value) => value.split(/\s+/));
  const dhcpSections = ["DHCP", "DHCPv4"];
  const dhcp = (key: string) => dhcpSections.flatMap((section) => all(section, key))[0];
  const mtu = all("Link", "MTUBytes")[0];
  const dhcpMetric = dhcp("RouteMetric");
  return {
    mac: (all("Match", "PermanentMACAddress")[0] ?? all("Match", "MACAddress")[0] ?? "").toLowerCase(),
    ...(mtu === undefined ? {} : { mtu: Number(mtu) }),
    dhcp4: ["ipv4", "yes"].includes(all("Network", "DHCP")[0] ?? ""),
    ...(dhcpMetric === undefined ? {} : { dhcpMetric: Number(dhcpMetric) }),
    dhcpRoutes: (dhcp("UseRoutes") ?? "true").toLowerCase() !== "false",
    addresses: [...words("Network", "Address"), ...all("Address", "Address")],
    dns: words("Network", "DNS"),
    search: words("Network", "Domains"),
    routes: sections
      .filter(({ name }) => name === "Route")
      .map((section) => readRoute(section))
      .filter(({ via }) => via !== ""),
  };
}

function readRoute({ entries }: IniSection): GuestRoute {
  const value = Object.fromEntries(entries);
  const via = value["Gateway"] ?? "";
  return {
    to: value["Destination"] ?? (isIpv6(via) ? "::/0" : "0.0.0.0/0"),
    via,
    ...(value["Metric"] === undefined ? {} : { metric: Number(value["Metric"]) }),
  };
}
