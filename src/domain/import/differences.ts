// Compares two network-configs, NIC by NIC: for drift, and for what an imported spec cannot express.
import type { Catalogue } from "../catalogue.ts";
import { guestDifferences } from "../compare/guest-record.ts";
import { type Change, changedFields, type Fields } from "../compare/nic-differences.ts";
import { networkConfigText } from "../compile/network-config.ts";
import { noFacts } from "../facts.ts";
import { parseCidr, parseIp } from "../ip.ts";
import { isMapping } from "../objects/mapping.ts";
import { resolveVm } from "../resolve/resolve-vm.ts";
import type { RouteConfig, VmSpec } from "../spec.ts";
import { isDefault } from "./guest-nic.ts";
import { type GuestNicRead, readNetworkConfig } from "./network-config.ts";

/** By field of the spec: its name in notes, and its value. A gateway is compared as a default route. */
const configFields = {
  name: ["name in the guest", ({ setName = "" }) => setName],
  mtu: ["mtu", ({ mtu = "" }) => String(mtu)],
  "ipConfig.mode": ["mode", ({ dhcp4 }) => (dhcp4 ? "dhcp" : "static")],
  metric: ["metric of DHCP's routes", ({ dhcp4, dhcpMetric = "" }) => (dhcp4 ? String(dhcpMetric) : "")],
  "ipConfig.defaultRoute": ["DHCP's routes", ({ dhcp4, dhcpRoutes }) => dhcpRoutesText(dhcp4, dhcpRoutes)],
  "ipConfig.addresses": ["addresses", ({ addresses }) => addresses.map(cidrText).toSorted().join(", ")],
  "ipConfig.gateway": ["routes", ({ routes }) => routesText(routes.filter(isDefault))],
  routes: ["routes", ({ routes }) => routesText(routes.filter((route) => !isDefault(route)))],
  "ipConfig.dnsServers": ["DNS servers", ({ dnsServers }) => dnsServers.map(ipText).join(", ")],
  "ipConfig.searchDomains": ["search domains", ({ searchDomains }) => searchDomains.join(", ")],
  routing: ["routing-policy", ({ rules }) => rules.map(ruleText).join(", ")],
} as const satisfies Readonly<Record<string, readonly [string, (nic: GuestNicRead) => string]>>;

type ConfigField = keyof typeof configFields;
const configFieldNames = Object.keys(configFields) as readonly ConfigField[];

type GuestNics = ReadonlyMap<string, GuestNicRead>;

/** Compares the meaning: values are normalised, and the order of routes and addresses is ignored. */
export function configDifferences(before: GuestNics, after: GuestNics): readonly Change[] {
  return guestDifferences(configFieldNames, fieldsByNic(before), fieldsByNic(after));
}

/** One line for each part of a NIC that an apply would change. `byNic`: the configuration that the guest has. */
export function differencesOf(spec: VmSpec, byNic: GuestNics, catalogue: Catalogue): readonly string[] {
  const { vm } = resolveVm(spec, catalogue, noFacts);
  const compiled = readNetworkConfig(networkConfigText(vm.nics, vm.routing));
  const after = fieldsByNic(new Map(compiled.nics.map((nic) => [nic.id, nic])));
  return [...fieldsByNic(byNic)].flatMap(([name, before]) =>
    changedFields(configFieldNames, before, after.get(name) ?? before).map(
      ({ path, oldValue, newValue }) =>
        `networks[${name}] ${configFields[path][0]}: ${changeText(oldValue, newValue)}`,
    ),
  );
}

function changeText(oldValue: string, newValue: string): string {
  if (oldValue === "") return `${newValue} would be added`;
  return newValue === "" ? `${oldValue} would be removed` : `${oldValue} would become ${newValue}`;
}

function fieldsByNic(nics: GuestNics): ReadonlyMap<string, Fields<ConfigField>> {
  const fieldsOf = (nic: GuestNicRead): Fields<ConfigField> =>
    Object.fromEntries(configFieldNames.map((field) => [field, configFields[field][1](nic)]));
  return new Map([...nics].map(([name, nic]) => [name, fieldsOf(nic)]));
}

function dhcpRoutesText(dhcp4: boolean, dhcpRoutes: boolean): string {
  if (!dhcp4) return "";
  return dhcpRoutes ? "auto" : "never";
}

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

/** With sorted keys, because their order has no meaning. */
function ruleText(rule: unknown): string {
  if (!isMapping(rule)) return JSON.stringify(rule);
  const keys = Object.keys(rule).toSorted();
  return JSON.stringify(Object.fromEntries(keys.map((key) => [key, rule[key]])));
}
