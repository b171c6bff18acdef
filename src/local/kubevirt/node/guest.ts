// The guest of one VMI: its NICs, with the names and addresses that its network-config gives them, as the guest agent
// reports them. Pure.
import { isIPv4, isIPv6 } from "node:net";
import type { VirtualMachineInstance } from "../../../domain/objects/kubernetes.ts";
import { byName } from "../nics.ts";
import type { DhcpServers } from "./dhcp.ts";
import { interfacesOf, nicMac, sriovAliasPrefix, type Domain } from "./domain.ts";
import type { AgentInterface } from "./vmi-interfaces.ts";
import type { Ethernet, NetworkPlan } from "./network-plan.ts";
import type { Wire, Wires } from "./wires.ts";

export interface GuestNic {
  /** The NIC's name in the VMI spec, which the guest does not know. */
  readonly nic: string;
  readonly mac: string;
  /** The kernel's name (enp1s0), which set-name replaces. */
  readonly kernelName: string;
  readonly linkUp: boolean;
}

export interface Servers {
  readonly dhcp: DhcpServers;
  /** The pod's address, which the guest gets on a bridged pod network. */
  readonly podIP: string | undefined;
}

export interface Guest {
  readonly plan: NetworkPlan;
  readonly nics: readonly GuestNic[];
}

/**
 * Boots a guest with these NICs and the plan. When the NIC of an entry with set-name is missing, cloud-init configures no
 * NIC (cloudinit wait_for_physdevs).
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

/** The guest after NICs were plugged or unplugged or their links changed; known NICs keep their kernel names. */
export function replugGuest(guest: Guest, nics: readonly Omit<GuestNic, "kernelName">[]): Guest {
  return { ...guest, nics: plug(guest.nics, nics) };
}

/** The NICs of a domain in the order in which the guest's kernel finds them. */
export function guestNics(vmi: VirtualMachineInstance, domain: Domain): Omit<GuestNic, "kernelName">[] {
  const specs = byName(interfacesOf(vmi));
  const tapped = domain.interfaces.map(({ alias: nic, mac, linkState }) => {
    const linkUp = linkState !== "down";
    return { nic, mac, linkUp };
  });
  const passthrough = domain.hostDevices
    .filter(({ alias }) => alias.startsWith(sriovAliasPrefix))
    .map(({ alias }) => alias.slice(sriovAliasPrefix.length))
    .flatMap((name) => {
      const spec = specs.get(name);
      return spec === undefined ? [] : [{ nic: name, mac: nicMac(vmi, spec), linkUp: true }];
    });
  const order = [...specs.keys()];
  // PCI slots follow the spec's order.
  return [...tapped, ...passthrough].sort((a, b) => order.indexOf(a.nic) - order.indexOf(b.nic));
}

/**
 * The agent's report: every NIC, with addresses where they are configured and the link is up (a guest's network daemon
 * removes the addresses of a NIC without carrier). IPv4 first, the link-local IPv6 address last.
 */
export function agentInterfaces(guest: Guest, wires: Wires, servers: Servers): AgentInterface[] {
  return guest.nics.map((nic) => {
    const settings = settingsOf(guest.plan, nic);
    const interfaceName = settings?.setName ?? nic.kernelName;
    if (settings === undefined || !nic.linkUp) return { mac: nic.mac, interfaceName, ips: [] };
    const leased = leases(nic, settings, wires.get(nic.nic), servers);
    const all = [...settings.addresses, ...leased];
    const ips = [...all.filter((ip) => isIPv4(ip)), ...all.filter((ip) => isIPv6(ip)), linkLocal(nic.mac)];
    return { mac: nic.mac, interfaceName, ip: ips[0] ?? "", ips };
  });
}

type Settings = Pick<Ethernet, "dhcp4" | "dhcp6" | "addresses" | "setName">;

function settingsOf(plan: NetworkPlan, nic: GuestNic): Settings | undefined {
  if (plan.kind === "refused") return undefined;
  const byDhcp = { dhcp4: true, dhcp6: false, addresses: [] };
  if (plan.kind === "dhcp-everywhere") return byDhcp;
  const entry = plan.ethernets.find((ethernet) => matches(ethernet, nic));
  // NICs that nmstate does not configure keep the image's default.
  return entry ?? (plan.kind === "nmstate" ? byDhcp : undefined);
}

function matches({ id, match }: Ethernet, nic: GuestNic): boolean {
  if (match.macAddress === undefined && match.name === undefined) return id === nic.kernelName;
  const macFits = match.macAddress === undefined || match.macAddress === nic.mac;
  return macFits && (match.name === undefined || globFits(match.name, nic.kernelName));
}

function leases(
  nic: GuestNic,
  { dhcp4, dhcp6 }: Settings,
  wire: Wire | undefined,
  { dhcp, podIP }: Servers,
): readonly string[] {
  if (wire?.kind === "masquerade") return dhcp4 ? [wire.ipv4] : [];
  if (wire?.kind === "pod") return dhcp4 && podIP !== undefined ? [podIP] : [];
  if (wire?.kind !== "network") return [];
  return [
    ...(dhcp4 ? [dhcp.lease4(wire.network, nic.mac)] : []),
    ...(dhcp6 ? [dhcp.lease6(wire.network, nic.mac)] : []),
  ];
}

/** New NICs get the next free name enpNs0: each virtio NIC has its own PCI root port. */
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
