// The guest of one VMI: which NICs it sees, what it calls them and which addresses it gives them, by its
// network-config. Pure; what it yields is what the guest agent reports.
import { isIPv4, isIPv6 } from "node:net";
import type { VirtualMachineInstance } from "../../../domain/objects/kubernetes.ts";
import type { DhcpServers } from "./dhcp.ts";
import { interfacesOf, nicMac, sriovAliasPrefix, type Domain } from "./domain.ts";
import type { AgentInterface } from "./vmi-interfaces.ts";
import type { Ethernet, NetworkPlan } from "./network-plan.ts";
import type { Wire, Wires } from "./wires.ts";

/** One NIC as the guest's kernel sees it. */
export interface GuestNic {
  /** Name of the NIC in the VMI spec; the guest does not know it. */
  readonly nic: string;
  readonly mac: string;
  /** The kernel's own name (enp1s0); a set-name comes on top. */
  readonly kernelName: string;
  readonly linkUp: boolean;
}

/** A running guest. */
export interface Guest {
  readonly plan: NetworkPlan;
  readonly nics: readonly GuestNic[];
}

/**
 * A guest that boots with these NICs and applies the plan. An entry with set-name whose NIC is absent makes
 * cloud-init give up before any NIC is configured (cloudinit wait_for_physdevs).
 */
export function bootGuest(plan: NetworkPlan, nics: readonly Omit<GuestNic, "kernelName">[]): Guest {
  const named = plug([], nics);
  if (plan.kind === "nmstate") {
    const complete = plan.ethernets.every(({ match }) => named.some(({ mac }) => mac === match.macAddress));
    return { plan: complete ? plan : { kind: "dhcp-everywhere" }, nics: named };
  }
  if (plan.kind !== "ethernets") return { plan, nics: named };
  const absent = plan.ethernets
    .filter(({ setName }) => setName !== undefined)
    .map(({ match }) => match.macAddress ?? "")
    .filter((mac) => !named.some((nic) => nic.mac === mac));
  if (absent.length === 0) return { plan, nics: named };
  const reason = `Not all expected physical devices present: {${absent.map((mac) => `'${mac}'`).join(", ")}}`;
  return { plan: { kind: "refused", reason }, nics: named };
}

/** The same guest after NICs were plugged, unplugged or changed their link; known NICs keep their kernel name. */
export function replugGuest(guest: Guest, nics: readonly Omit<GuestNic, "kernelName">[]): Guest {
  return { ...guest, nics: plug(guest.nics, nics) };
}

/** The NICs of a domain in the order in which the guest's kernel finds them. */
export function guestNics(vmi: VirtualMachineInstance, domain: Domain): Omit<GuestNic, "kernelName">[] {
  const specs = new Map(interfacesOf(vmi).map((nic) => [nic.name, nic]));
  const tapped = domain.interfaces.map(({ alias, mac, linkState }) => ({
    nic: alias,
    mac,
    linkUp: linkState !== "down",
  }));
  const passedThrough = domain.hostDevices
    .filter(({ alias }) => alias.startsWith(sriovAliasPrefix))
    .map(({ alias }) => alias.slice(sriovAliasPrefix.length))
    .flatMap((name) => {
      const spec = specs.get(name);
      return spec === undefined ? [] : [{ nic: name, mac: nicMac(vmi, spec), linkUp: true }];
    });
  const order = [...specs.keys()];
  // PCI slots follow the spec's order.
  return [...tapped, ...passedThrough].sort((a, b) => order.indexOf(a.nic) - order.indexOf(b.nic));
}

/**
 * What the agent lists: every NIC, with addresses where one was configured and the link is up (a guest's network
 * daemon takes addresses off a NIC without carrier). IPv4 first, the link-local IPv6 address last.
 */
export function agentInterfaces(
  guest: Guest,
  wires: Wires,
  servers: { readonly dhcp: DhcpServers; readonly podIP: string | undefined },
): AgentInterface[] {
  return guest.nics.map((nic) => {
    const told = instruction(guest.plan, nic);
    const interfaceName = told?.setName ?? nic.kernelName;
    if (told === undefined || !nic.linkUp) return { mac: nic.mac, interfaceName, ips: [] };
    const leased = leases(nic, told, wires.get(nic.nic), servers);
    const all = [...told.addresses, ...leased];
    const ips = [...all.filter((ip) => isIPv4(ip)), ...all.filter((ip) => isIPv6(ip)), linkLocal(nic.mac)];
    return { mac: nic.mac, interfaceName, ip: ips[0] ?? "", ips };
  });
}

type Instruction = Pick<Ethernet, "dhcp4" | "dhcp6" | "addresses" | "setName">;

function instruction(plan: NetworkPlan, nic: GuestNic): Instruction | undefined {
  if (plan.kind === "refused") return undefined;
  const byDhcp = { dhcp4: true, dhcp6: false, addresses: [] };
  if (plan.kind === "dhcp-everywhere") return byDhcp;
  const told = plan.ethernets.find((entry) => matches(entry, nic));
  // What nmstate is not told of, the image's own rule holds for.
  return told ?? (plan.kind === "nmstate" ? byDhcp : undefined);
}

function matches({ id, match }: Ethernet, nic: GuestNic): boolean {
  if (match.macAddress === undefined && match.name === undefined) return id === nic.kernelName;
  const macFits = match.macAddress === undefined || match.macAddress === nic.mac;
  return macFits && (match.name === undefined || globFits(match.name, nic.kernelName));
}

function leases(
  nic: GuestNic,
  told: Instruction,
  wire: Wire | undefined,
  { dhcp, podIP }: { readonly dhcp: DhcpServers; readonly podIP: string | undefined },
): readonly string[] {
  if (wire?.kind === "masquerade") return told.dhcp4 ? [wire.ipv4] : [];
  if (wire?.kind === "pod") return told.dhcp4 && podIP !== undefined ? [podIP] : [];
  if (wire?.kind !== "network") return [];
  return [
    ...(told.dhcp4 ? [dhcp.lease4(wire.network, nic.mac)] : []),
    ...(told.dhcp6 ? [dhcp.lease6(wire.network, nic.mac)] : []),
  ];
}

/** New NICs get the next free name of the form enpNs0: each virtio NIC sits on a PCI root port of its own. */
function plug(known: readonly GuestNic[], nics: readonly Omit<GuestNic, "kernelName">[]): GuestNic[] {
  const kept = known.flatMap((old) => {
    const now = nics.find(({ nic, mac }) => nic === old.nic && mac === old.mac);
    return now === undefined ? [] : [{ ...now, kernelName: old.kernelName }];
  });
  const used = new Set(kept.map(({ kernelName }) => kernelName));
  const added = nics
    .filter(({ nic, mac }) => !kept.some((old) => old.nic === nic && old.mac === mac))
    .map((nic) => {
      let port = 1;
      while (used.has(`enp${port}s0`)) port += 1;
      const kernelName = `enp${port}s0`;
      used.add(kernelName);
      return { ...nic, kernelName };
    });
  return [...kept, ...added];
}

function globFits(pattern: string, name: string): boolean {
  const source = pattern
    .split("*")
    .map((part) => part.replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`).replaceAll("?", "."))
    .join(".*");
  return new RegExp(`^${source}$`).test(name);
}

/** fe80::/64 with the modified EUI-64 of the MAC (RFC 4291 appendix A). */
function linkLocal(mac: string): string {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = mac
    .split(":")
    .map((octet) => Number.parseInt(octet, 16));
  const first = ((a ^ 2) << 8) | b;
  const rest = [(c << 8) | 0xff, 0xfe00 | d, (e << 8) | f];
  // A leading group of zeros belongs to the :: (RFC 5952).
  const groups = first === 0 ? rest : [first, ...rest];
  return `fe80::${groups.map((group) => group.toString(16)).join(":")}`;
}
