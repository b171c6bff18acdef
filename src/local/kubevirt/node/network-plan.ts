// cloud-init's network-config version 2 as a guest reads it: the settings of each NIC, or why the whole text is refused.
// Only ethernets are simulated; version 1 is refused, and bonds, bridges, vlans and wifis have no effect.
import { isIP } from "node:net";
import { parse } from "yaml";
import { isMapping } from "../../../domain/objects/mapping.ts";

/** One entry of `ethernets`, with the fields that set names and addresses. */
export interface Ethernet {
  readonly id: string;
  /** All given fields must match; without any, the id is the NIC's name. */
  readonly match: { readonly macAddress?: string; readonly name?: string };
  readonly setName?: string;
  readonly dhcp4: boolean;
  readonly dhcp6: boolean;
  /** Static addresses without prefix length, in order. */
  readonly addresses: readonly string[];
}

/** How a guest applies its network-config. */
export type NetworkPlan =
  /** Without a network-config, the image's default: DHCP on every NIC. */
  | { readonly kind: "dhcp-everywhere" }
  /** Nothing is configured; `reason` is the message in the guest's log. */
  | { readonly kind: "refused"; readonly reason: string }
  /** Applied by nmstate when every NIC is present; else the image's default remains. */
  | { readonly kind: "nmstate"; readonly ethernets: readonly Ethernet[] }
  /** NICs that no entry matches stay down. */
  | { readonly kind: "ethernets"; readonly ethernets: readonly Ethernet[] };

/** Never throws: a text that a guest refuses gives a plan of kind "refused". */
export function parseNetworkConfig(text: string): NetworkPlan {
  let document: unknown;
  try {
    document = parse(text);
  } catch (error) {
    return refused(`network-config is not YAML: ${firstLine(error)}`);
  }
  if (!isMapping(document)) return refused("network-config is not a mapping");
  const network = isMapping(document["network"]) ? document["network"] : document;
  // cloud-init does not configure the network; the image's default remains.
  if (network["config"] === "disabled") return { kind: "dhcp-everywhere" };
  if (network["version"] !== 2) return refused(`network-config version ${String(network["version"])}: not 2`);
  const entries = network["ethernets"] ?? {};
  if (!isMapping(entries)) return refused("ethernets is not a mapping");
  const ethernets: Ethernet[] = [];
  for (const [id, entry] of Object.entries(entries)) {
    const parsed = parseEthernet(id, entry ?? {});
    if ("reason" in parsed) return refused(`ethernets.${id}: ${parsed.reason}`);
    ethernets.push(parsed);
  }
  return { kind: "ethernets", ethernets };
}

/** True when user-data lets a later boot apply a changed network-config (cloud-init `updates.network.when`). */
export function updatesNetworkAtBoot(userData: string): boolean {
  if (!userData.trimStart().startsWith("#cloud-config")) return false;
  try {
    const when = fieldOf(fieldOf(fieldOf(parse(userData), "updates"), "network"), "when");
    return Array.isArray(when) && when.includes("boot");
  } catch {
    // cloud-init logs a warning about broken user-data and continues without it.
    return false;
  }
}

/** undefined when `value` is not a mapping or lacks the key. */
export function fieldOf(value: unknown, key: string): unknown {
  return isMapping(value) ? value[key] : undefined;
}

type Parsed<T> = T | { readonly reason: string };

function parseEthernet(id: string, entry: unknown): Parsed<Ethernet> {
  if (!isMapping(entry)) return { reason: "not a mapping" };
  const match = isMapping(entry["match"]) ? entry["match"] : {};
  const macAddress = match["macaddress"];
  const name = match["name"];
  const setName = entry["set-name"];
  if (setName !== undefined && typeof macAddress !== "string")
    return { reason: "set-name needs match.macaddress" };
  const addresses = parseAddresses(entry["addresses"]);
  if ("reason" in addresses) return addresses;
  const routes = checkRoutes(entry["routes"]);
  if (routes !== undefined) return routes;
  return {
    id,
    match: {
      ...(typeof macAddress === "string" ? { macAddress: macAddress.toLowerCase() } : {}),
      ...(typeof name === "string" ? { name } : {}),
    },
    ...(typeof setName === "string" ? { setName } : {}),
    dhcp4: isTrue(entry["dhcp4"]),
    dhcp6: isTrue(entry["dhcp6"]),
    addresses: addresses.list,
  };
}

/** netplan refuses an address without a prefix length. */
function parseAddresses(value: unknown): Parsed<{ readonly list: readonly string[] }> {
  if (value === undefined || value === null) return { list: [] };
  if (!Array.isArray(value)) return { reason: "addresses is not a list" };
  const list: string[] = [];
  for (const item of value) {
    // An entry may be a mapping from the address to its options (label, lifetime).
    const text = isMapping(item) ? (Object.keys(item)[0] ?? "") : String(item);
    const [address = "", prefix] = text.split("/");
    if (!isPrefix(address, prefix)) return { reason: `address '${text}' is not ADDRESS/PREFIX` };
    list.push(address);
  }
  return { list };
}

/** Only errors for which netplan refuses the file; the guest agent does not report routes. */
function checkRoutes(value: unknown): { readonly reason: string } | undefined {
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value)) return { reason: "routes is not a list" };
  for (const route of value) {
    if (!isMapping(route)) return { reason: "a route is not a mapping" };
    const to = typeof route["to"] === "string" ? route["to"] : "";
    const [address = "", prefix = isIP(address) === 6 ? "128" : "32"] = to.split("/");
    if (to !== "default" && !isPrefix(address, prefix))
      return { reason: `route to '${to}' is not a network` };
    const via = route["via"] ?? "";
    if (via !== "" && (typeof via !== "string" || isIP(via) === 0)) {
      return { reason: `route via ${JSON.stringify(via)} is not an address` };
    }
  }
  return undefined;
}

function isPrefix(address: string, prefix: string | undefined): boolean {
  const family = isIP(address);
  if (family === 0 || prefix === undefined || !/^\d{1,3}$/.test(prefix)) return false;
  return Number(prefix) <= (family === 4 ? 32 : 128);
}

/** YAML 1.1 spellings too, as cloud-init and netplan read them. */
function isTrue(value: unknown): boolean {
  return value === true || (typeof value === "string" && /^(?:true|yes|on|y)$/i.test(value));
}

function refused(reason: string): NetworkPlan {
  return { kind: "refused", reason };
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n", 1)[0] ?? "";
}
