// The addresses in an NMState desired state, as a guest's nmstate.service applies it. Pure. Simulated: interfaces identified
// by MAC address; routes, rules and name servers are ignored, since they cannot be seen from outside.
import { isIP } from "node:net";
import { parse } from "yaml";
import type { Ethernet, NetworkPlan } from "./network-plan.ts";

/** Reads a document of /etc/nmstate. Never throws: one that nmstate refuses gives a plan of kind "refused". */
export function parseNmstate(text: string): NetworkPlan {
  let document: unknown;
  try {
    document = parse(text);
  } catch {
    return refused("not YAML");
  }
  const desired = at(document, "desired") ?? at(document, "desiredState") ?? document;
  const interfaces = at(desired, "interfaces");
  if (!Array.isArray(interfaces)) return refused("interfaces is not a list");
  const ethernets: Ethernet[] = [];
  for (const entry of interfaces) {
    const mac = at(entry, "mac-address");
    const name = at(entry, "name");
    if (at(entry, "identifier") !== "mac-address" || typeof mac !== "string" || typeof name !== "string") {
      return refused("an interface without identifier: mac-address");
    }
    const addresses = [at(entry, "ipv4"), at(entry, "ipv6")].flatMap(addressesOf);
    if (addresses.some((address) => isIP(address) === 0))
      return refused(`an address of ${name} is not valid`);
    ethernets.push({
      id: name,
      match: { macAddress: mac.toLowerCase() },
      dhcp4: isOn(at(entry, "ipv4")) && at(at(entry, "ipv4"), "dhcp") === true,
      dhcp6: isOn(at(entry, "ipv6")) && at(at(entry, "ipv6"), "dhcp") === true,
      addresses,
    });
  }
  return { kind: "nmstate", ethernets };
}

function addressesOf(ip: unknown): readonly string[] {
  const list = at(ip, "address");
  if (!isOn(ip) || at(ip, "dhcp") === true || !Array.isArray(list)) return [];
  return list.map((address) => String(at(address, "ip")));
}

const isOn = (ip: unknown): boolean => at(ip, "enabled") === true;

const refused = (reason: string): NetworkPlan => ({ kind: "refused", reason: `nmstate: ${reason}` });

function at(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}
