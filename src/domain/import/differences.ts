// Two network-configs compared, NIC by NIC: for drift, and for what an imported spec could not say.
import type { Catalogue } from "../catalogue.ts";
import { type NicDifference, nicDifferences } from "../compare/nic-differences.ts";
import { compileNetworkConfig, networkConfigText } from "../compile/network-config.ts";
import { noFacts } from "../facts.ts";
import { parseCidr, parseIp } from "../ip.ts";
import { isMapping } from "../objects/mapping.ts";
import { resolveVm } from "../resolve/resolve-vm.ts";
import type { RouteConfig, VmSpec } from "../spec.ts";
import { type GuestNicRead, readNetworkConfig } from "./network-config.ts";

/** By the words of the spec, with the words of a note. A gateway is a default route. */
const configFields = {
  name: "name in the guest",
  mtu: "mtu",
  "ipConfig.mode": "mode",
  metric: "metric of DHCP's routes",
  "ipConfig.defaultRoute": "DHCP's routes",
  "ipConfig.addresses": "addresses",
  "ipConfig.gateway": "routes",
  routes: "routes",
  "ipConfig.dnsServers": "name servers",
  "ipConfig.searchDomains": "search domains",
  routing: "routing-policy",
} as const;

export type ConfigField = keyof typeof configFields;
const configFieldNames = Object.keys(configFields) as readonly ConfigField[];

/** By NIC. */
export type GuestNics = ReadonlyMap<string, GuestNicRead>;

/** What differs in meaning: in one spelling, and routes and addresses have no order in the kernel's tables. */
export function configDifferences(
  before: GuestNics,
  after: GuestNics,
): readonly NicDifference<ConfigField>[] {
  return nicDifferences(configFieldNames, fieldsByNic(before), fieldsByNic(after));
}

/** One line for each part of a NIC that would change; `byNic` is what the guest has. */
export function differencesOf(spec: VmSpec, byNic: GuestNics, catalogue: Catalogue): readonly string[] {
  const { vm } = resolveVm(spec, catalogue, noFacts);
  const compiled = readNetworkConfig(networkConfigText(compileNetworkConfig(vm.nics, vm.routing)));
  const after = new Map(compiled.nics.map((nic) => [nic.id, nic]));
  return configDifferences(byNic, after).flatMap((difference) =>
    difference.kind === "field"
      ? [
          `networks[${difference.nic}] ${configFields[difference.field]}: ${difference.oldValue || "nothing"} would become ${difference.newValue || "nothing"}`,
        ]
      : [],
  );
}

function fieldsByNic(nics: GuestNics): ReadonlyMap<string, Readonly<Record<ConfigField, string>>> {
  return new Map([...nics].map(([name, nic]) => [name, fieldsOf(nic)]));
}

function fieldsOf(nic: GuestNicRead): Readonly<Record<ConfigField, string>> {
  return {
    name: nic.setName ?? "",
    mtu: String(nic.mtu ?? ""),
    "ipConfig.mode": nic.dhcp4 ? "dhcp" : "static",
    metric: nic.dhcp4 ? String(nic.dhcpMetric ?? "") : "",
    "ipConfig.defaultRoute": nic.dhcp4 ? (nic.dhcpRoutes ? "auto" : "never") : "",
    "ipConfig.addresses": nic.addresses.map(cidrText).toSorted().join(", "),
    "ipConfig.gateway": routesText(nic.routes.filter(isDefault)),
    routes: routesText(nic.routes.filter((route) => !isDefault(route))),
    "ipConfig.dnsServers": nic.dnsServers.map(ipText).join(", "),
    "ipConfig.searchDomains": nic.searchDomains.join(", "),
    routing: nic.rules.map(ruleText).join(", "),
  };
}

const isDefault = ({ destination }: RouteConfig): boolean => destination.endsWith("/0");

function routesText(routes: readonly RouteConfig[]): string {
  return routes
    .map(
      ({ destination, gateway, metric = 0 }) =>
        `${cidrText(destination)} via ${ipText(gateway)} metric ${metric}`,
    )
    .toSorted()
    .join(", ");
}

function cidrText(text: string): string {
  const parsed = parseCidr(text);
  return "value" in parsed ? parsed.value.text : text;
}

function ipText(text: string): string {
  const parsed = parseIp(text);
  return "value" in parsed ? parsed.value.text : text;
}

/** The order of keys means nothing. */
function ruleText(rule: unknown): string {
  if (!isMapping(rule)) return JSON.stringify(rule);
  const keys = Object.keys(rule).toSorted();
  return JSON.stringify(Object.fromEntries(keys.map((key) => [key, rule[key]])));
}
