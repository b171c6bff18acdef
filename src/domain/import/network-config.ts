// Reads a cloud-init network-config, version 2: the entries of ethernets, and a note for each part that is not supported.
import { parseYaml } from "../document/yaml.ts";
import { isMapping } from "../objects/mapping.ts";
import { normaliseMac } from "../mac.ts";
import { mainTable } from "../routing/source-routing.ts";
import type { RouteConfig } from "../spec.ts";

/** The supported part of one entry of `ethernets`. */
export interface GuestNicRead {
  /** The key of the entry. */
  readonly id: string;
  /** Normalised as in mac.ts. */
  readonly mac: string | undefined;
  /** Name of the interface in the guest that it matches. */
  readonly matchName: string | undefined;
  readonly setName: string | undefined;
  readonly mtu: number | undefined;
  readonly dhcp4: boolean;
  /** Metric of the routes that DHCP offers. */
  readonly dhcpMetric: number | undefined;
  readonly dhcpRoutes: boolean;
  readonly addresses: readonly string[];
  /** Routes of the main table, with a metric if the text has one. */
  readonly routes: readonly RouteConfig[];
  readonly dnsServers: readonly string[];
  readonly searchDomains: readonly string[];
  /** Rules by source address, and the routes of their tables, as given. */
  readonly rules: readonly unknown[];
}

export interface NetworkConfigRead {
  readonly nics: readonly GuestNicRead[];
  /** Parts that are not supported, by path. */
  readonly notes: readonly string[];
}

type Note = (path: string, why: string) => void;
type Mapping = Readonly<Record<string, unknown>>;

const nothing = "not imported";

/** Reads the text as cloud-init does (YAML 1.1, with or without the outer key `network`). */
export function readNetworkConfig(text: string): NetworkConfigRead {
  const { value, findings } = parseYaml(text, "1.1");
  if (findings.length > 0) return unread(...findings.map(({ message }) => `cannot be read: ${message}`));
  const config = isMapping(value) && isMapping(value["network"]) ? value["network"] : value;
  if (!isMapping(config)) return unread("not a YAML mapping");
  if (config["config"] === "disabled") return unread("network configuration by cloud-init is disabled");
  if (config["version"] !== 2)
    return unread(`version ${JSON.stringify(config["version"])} is ${nothing}; only version 2 is`);
  const notes: string[] = [];
  const note: Note = (path, why) => notes.push(`network-config ${path}: ${why}`);
  noteOthers(config, ["version", "ethernets"], "", note);
  const ethernets = isMapping(config["ethernets"]) ? config["ethernets"] : {};
  const nics = Object.entries(ethernets).flatMap(([id, entry]) => {
    const at = `ethernets.${id}`;
    if (isMapping(entry)) return [readEthernet(id, entry, at, note)];
    note(at, nothing);
    return [];
  });
  return { nics, notes };
}

function unread(...reasons: readonly string[]): NetworkConfigRead {
  return { nics: [], notes: reasons.map((why) => `network-config: ${why}`) };
}

function readEthernet(id: string, entry: Mapping, at: string, note: Note): GuestNicRead {
  const known = [
    "match",
    "set-name",
    "mtu",
    "dhcp4",
    "dhcp6",
    "dhcp4-overrides",
    "addresses",
    "gateway4",
    "gateway6",
    "routes",
    "routing-policy",
    "nameservers",
  ];
  noteOthers(entry, known, `${at}.`, note);
  const match = isMapping(entry["match"]) ? entry["match"] : undefined;
  if (match !== undefined) noteOthers(match, ["macaddress", "name"], `${at}.match.`, note);
  const mac = typeof match?.["macaddress"] === "string" ? normaliseMac(match["macaddress"]) : undefined;
  if (match?.["macaddress"] !== undefined && mac === undefined) note(`${at}.match.macaddress`, nothing);
  const overrides = isMapping(entry["dhcp4-overrides"]) ? entry["dhcp4-overrides"] : {};
  noteOthers(overrides, ["route-metric", "use-routes"], `${at}.dhcp4-overrides.`, note);
  if (entry["dhcp6"] === true) note(`${at}.dhcp6`, nothing);
  const nameservers = isMapping(entry["nameservers"]) ? entry["nameservers"] : {};
  noteOthers(nameservers, ["addresses", "search"], `${at}.nameservers.`, note);
  const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
  return {
    id,
    mac,
    matchName: match === undefined ? id : text(match["name"]),
    setName: text(entry["set-name"]),
    mtu: numberOf(entry["mtu"], 2 ** 31, `${at}.mtu`, note),
    dhcp4: entry["dhcp4"] === true,
    dhcpMetric: numberOf(overrides["route-metric"], 2 ** 32, `${at}.dhcp4-overrides.route-metric`, note),
    dhcpRoutes: overrides["use-routes"] !== false,
    addresses: textsOf(entry["addresses"], `${at}.addresses`, note),
    routes: [...gatewaysOf(entry), ...routesOf(entry["routes"], `${at}.routes`, note)],
    dnsServers: textsOf(nameservers["addresses"], `${at}.nameservers.addresses`, note),
    searchDomains: textsOf(nameservers["search"], `${at}.nameservers.search`, note),
    rules: [...listOf(entry["routing-policy"]), ...listOf(entry["routes"]).filter(isOfOtherTable)],
  };
}

/** gateway4 and gateway6 are the older notation of a default route. */
function gatewaysOf(entry: Mapping): readonly RouteConfig[] {
  const of = (key: string, destination: string): readonly RouteConfig[] => {
    const gateway = entry[key];
    return typeof gateway === "string" ? [{ destination, gateway }] : [];
  };
  return [...of("gateway4", anywhere[4]), ...of("gateway6", anywhere[6])];
}

const anywhere = { 4: "0.0.0.0/0", 6: "::/0" } as const;

/** Routes of other tables belong to rules, which are compiled again (source-routing.ts). */
function routesOf(value: unknown, at: string, note: Note): readonly RouteConfig[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((route: unknown, index): readonly RouteConfig[] => {
    const path = `${at}[${index}]`;
    if (!isMapping(route) || typeof route["to"] !== "string" || typeof route["via"] !== "string") {
      note(path, `${nothing}, because \`to\` or \`via\` is missing`);
      return [];
    }
    noteOthers(route, ["to", "via", "metric", "table"], `${path}.`, note);
    if (isOfOtherTable(route)) return [];
    const gateway = route["via"];
    const destination =
      route["to"] === "default" ? anywhere[gateway.includes(":") ? 6 : 4] : withPrefix(route["to"]);
    const metric = numberOf(route["metric"], 2 ** 32, `${path}.metric`, note);
    return [{ destination, gateway, ...(metric === undefined ? {} : { metric }) }];
  });
}

const isOfOtherTable = (route: unknown): boolean =>
  isMapping(route) && route["table"] !== undefined && route["table"] !== mainTable;

/** A destination without a prefix length is a host (netplan). */
function withPrefix(to: string): string {
  if (to.includes("/")) return to;
  return to.includes(":") ? `${to}/128` : `${to}/32`;
}

function textsOf(value: unknown, at: string, note: Note): readonly string[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((item: unknown, index): readonly string[] => {
    if (typeof item === "string") return [item];
    note(`${at}[${index}]`, nothing);
    return [];
  });
}

function noteOthers(mapping: Mapping, known: readonly string[], at: string, note: Note): void {
  for (const key of Object.keys(mapping)) if (!known.includes(key)) note(`${at}${key}`, nothing);
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** A whole number below `end`, the limit of the field in a spec; other numbers are noted. */
function numberOf(value: unknown, end: number, at: string, note: Note): number | undefined {
  if (typeof value !== "number") return undefined;
  if (Number.isInteger(value) && value >= 0 && value < end) return value;
  note(at, nothing);
  return undefined;
}
