// The addresses in an NMState desired state, as a guest's nmstate.service applies it. Pure. Simulated: interfaces identified
// by MAC address; routes, rules and name servers are ignored, since they cannot be seen from outside.
import { isIP } from "node:net";
import { parse } from "yaml";
import { fieldOf, type Ethernet, type NetworkPlan } from "./network-plan.ts";

/** Reads a document of /etc/nmstate. Never throws: one that nmstate refuses gives a plan of kind "refused". */
export function parseNmstate(text: string): NetworkPlan {
  let document: unknown;
  try {
    document = parse(text);
  } catch {
    return refused("not YAML");
  }
  const desired = fieldOf(document, "desired") ?? fieldOf(document, "desiredState") ?? document;
  const interfaces = fieldOf(desired, "interfaces");
  if (!Array.isArray(interfaces)) return refused("interfaces is not a list");
  const ethernets: Ethernet[] = [];
  for (const entry of interfaces) {
    const mac = fieldOf(entry, "mac-address");
    const name = fieldOf(entry, "name");
    if (
      fieldOf(entry, "identifier") !== "mac-address" ||
      typeof mac !== "string" ||
      typeof name !== "string"
    ) {
      return refused("an interface without identifier: mac-address");
    }
    const addresses = [fieldOf(entry, "ipv4"), fieldOf(entry, "ipv6")].flatMap(addressesOf);
    if (addresses.some((address) => isIP(address) === 0))
      return refused(`an address of ${name} is not valid`);
    ethernets.push({
      id: name,
      match: { macAddress: mac.toLowerCase() },
      dhcp4: isOn(fieldOf(entry, "ipv4")) && fieldOf(fieldOf(entry, "ipv4"), "dhcp") === true,
      dhcp6: isOn(fieldOf(entry, "ipv6")) && fieldOf(fieldOf(entry, "ipv6"), "dhcp") === true,
      addresses,
    });
  }
  return { kind: "nmstate", ethernets };
}

function addressesOf(ip: unknown): readonly string[] {
  const list = fieldOf(ip, "address");
  if (!isOn(ip) || fieldOf(ip, "dhcp") === true || !Array.isArray(list)) return [];
  return list.map((address) => String(fieldOf(address, "ip")));
}

const isOn = (ip: unknown): boolean => fieldOf(ip, "enabled") === true;

const refused = (reason: string): NetworkPlan => ({ kind: "refused", reason: `nmstate: ${reason}` });
