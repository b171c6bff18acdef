// interfaces(5) of ifupdown, as cloud-init's eni renderer writes it. The MAC address of a name is in the udev rules.
import { isIpv6, type GuestNic, unconfigured, type GuestRoute } from "./guest-nic.ts";

type Draft = { -readonly [Key in keyof GuestNic]: GuestNic[Key] };

export function readEni(files: Readonly<Record<string, string>>): readonly GuestNic[] {
  const macs = macsByName(files["etc/udev/rules.d/70-persistent-net.rules"] ?? "");
  const nics = new Map<string, Draft>();
  const loopback: Draft = { ...unconfigured, mac: "" };
  let name = "";
  let isDhcp = false;
  for (const line of (files["etc/network/interfaces.d/50-cloud-init"] ?? "").split("\n")) {
    const [key = "", ...values] = line.trim().split(/\s+/);
    if (key === "iface") {
      name = values[0] ?? "";
      isDhcp = values[2] === "dhcp";
      const nic = nics.get(name) ?? { ...unconfigured, mac: macs.get(name) ?? "" };
      if (name !== "lo") nics.set(name, { ...nic, dhcp4: nic.dhcp4 || isDhcp });
    }
    const nic = nics.get(name) ?? loopback;
    if (key === "dns-nameservers") nic.dns = [...nic.dns, ...values];
    if (key === "dns-search") nic.search = [...nic.search, ...values];
    if (key === "address") nic.addresses = [...nic.addresses, values[0] ?? ""];
    if (key === "mtu") nic.mtu = Number(values[0]);
    if (key === "metric" && isDhcp) nic.dhcpMetric = Number(values[0]);
    if (key === "gateway") nic.routes = [...nic.routes, defaultVia(values[0] ?? "")];
    if (key === "post-up") nic.routes = [...nic.routes, ...readCommand(values)];
  }
  // The loopback's name servers are the host's.
  return [...nics.values()].map((nic) => ({
    ...nic,
    dns: [...nic.dns, ...loopback.dns],
    search: [...nic.search, ...loopback.search],
  }));
}

const defaultVia = (via: string): GuestRoute => ({ to: isIpv6(via) ? "::/0" : "0.0.0.0/0", via });

/** `ip route add TO via GATEWAY metric N`, or `route add -net TO gw GATEWAY metric N` of older versions. */
function readCommand(words: readonly string[]): readonly GuestRoute[] {
  const after = (...keys: readonly string[]) => {
    const at = words.findIndex((word) => keys.includes(word));
    return at === -1 ? undefined : words[at + 1];
  };
  const via = after("via", "gw");
  if (via === undefined) return [];
  const metric = after("metric");
  const destination = words.find((word) => word.includes("/") && !word.startsWith("-"));
  return [
    {
      to: words.includes("default") ? defaultVia(via).to : (destination ?? ""),
      via,
      ...(metric === undefined ? {} : { metric: Number(metric) }),
    },
  ];
}

function macsByName(rules: string): ReadonlyMap<string, string> {
  return new Map(
    [...rules.matchAll(/ATTR\{address\}=="([^"]+)".*NAME="([^"]+)"/g)].map(([, mac = "", name = ""]) => [
      name,
      mac.toLowerCase(),
    ]),
  );
}
