// What applying an imported spec would change in the guest's configuration: whatever could not be said in a spec.
import { isDeepStrictEqual } from "node:util";
import type { Catalogue } from "../catalogue.ts";
import { compileNetworkConfig, networkConfigText } from "../compile/network-config.ts";
import { noFacts } from "../facts.ts";
import { parseCidr, parseIp } from "../ip.ts";
import { resolveVm } from "../resolve/resolve-vm.ts";
import type { VmSpec } from "../spec.ts";
import { type GuestNicRead, readNetworkConfig } from "./network-config.ts";

/** One line for each part of a NIC that would come out otherwise; `byNic` is what the guest has. */
export function differencesOf(
  spec: VmSpec,
  byNic: ReadonlyMap<string, GuestNicRead>,
  catalogue: Catalogue,
): readonly string[] {
  const { vm } = resolveVm(spec, catalogue, noFacts);
  const compiled = readNetworkConfig(networkConfigText(compileNetworkConfig(vm.nics, vm.routing)));
  const after = new Map(compiled.nics.map((nic) => [nic.id, nic]));
  return [...byNic].flatMap(([name, nic]) => {
    const other = after.get(name);
    if (other === undefined) return [];
    const now = partsOf(nic);
    const then = partsOf(other);
    return Object.keys(now)
      .filter((part) => !isDeepStrictEqual(now[part], then[part]))
      .map((part) => `networks[${name}] ${part}: ${words(now[part])} would become ${words(then[part])}`);
  });
}

/** In one spelling, so that only meaning differs. Routes and addresses have no order in the kernel's tables. */
function partsOf(nic: GuestNicRead): Readonly<Record<string, unknown>> {
  return {
    "name in the guest": nic.setName,
    mtu: nic.mtu,
    dhcp4: nic.dhcp4,
    "metric of DHCP's routes": nic.dhcp4 ? nic.dhcpMetric : undefined,
    "DHCP's routes": nic.dhcp4 ? nic.dhcpRoutes : undefined,
    addresses: nic.addresses.map(cidrText).toSorted(),
    routes: nic.routes
      .map(
        ({ destination, gateway, metric = 0 }) =>
          `${cidrText(destination)} via ${ipText(gateway)} metric ${metric}`,
      )
      .toSorted(),
    "name servers": nic.dnsServers.map(ipText),
    "search domains": nic.searchDomains,
    "routing-policy": nic.rules,
  };
}

function cidrText(text: string): string {
  const parsed = parseCidr(text);
  return "value" in parsed ? parsed.value.text : text;
}

function ipText(text: string): string {
  const parsed = parseIp(text);
  return "value" in parsed ? parsed.value.text : text;
}

function words(value: unknown): string {
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return "nothing";
  const word = (part: unknown): string => (typeof part === "string" ? part : JSON.stringify(part));
  return Array.isArray(value) ? value.map(word).join(", ") : word(value);
}
