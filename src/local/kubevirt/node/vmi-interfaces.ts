// A VMI's status.interfaces as virt-handler computes it (KubeVirt 1.9 pkg/network/setup/netstat.go): domain first, then pod
// addresses, then the guest agent, then Multus. Pure; tested against recorded results of KubeVirt's code.
import { isIPv4, isIPv6 } from "node:net";
import type {
  VirtualMachineInstance,
  VmInterface,
  VmiInterfaceStatus,
} from "../../../domain/objects/kubernetes.ts";
import { addSource, hasSource, multusStatus } from "../info-source.ts";
import { byName } from "../nics.ts";
import { sriovAliasPrefix, type Domain } from "./domain.ts";

/** One NIC as the guest agent reports it, without the loopback. */
export interface AgentInterface {
  readonly mac: string;
  /** The name in the guest. */
  readonly interfaceName: string;
  /** The agent's main address: the first IPv4 address, else the first address. */
  readonly ip?: string;
  readonly ips: readonly string[];
}

/** Addresses of the pod interfaces when the NICs were set up, by NIC name; only for NICs with addresses from CNI. */
export type PodCache = Readonly<
  Record<string, { readonly podIP?: string; readonly podIPs?: readonly string[] }>
>;

/** `vmi.status.interfaces` is the previous status. */
interface InterfaceStatusInput {
  readonly vmi: Pick<VirtualMachineInstance, "spec" | "status">;
  /** undefined when libvirt has no such domain: the previous status is then kept. */
  readonly domain: Domain | undefined;
  /** Empty when no agent answers. */
  readonly agent: readonly AgentInterface[];
  readonly podCache: PodCache;
}

/** A status under construction; empty strings and lists are removed at the end, as with Go's omitempty. */
type Entry = ReturnType<typeof emptyEntry>;

/** The maximum number of reported NICs that only the guest knows, such as docker0. */
const guestOnlyLimit = 10;

/** The new status.interfaces. The NIC on the pod network comes first, then domain, SR-IOV, guest-only, Multus-only. */
export function vmiInterfaces(input: InterfaceStatusInput): VmiInterfaceStatus[] {
  const { vmi, domain, agent, podCache } = input;
  const previous = vmi.status?.interfaces ?? [];
  if (domain === undefined) return [...previous];
  const specs = byName(vmi.spec.domain.devices.interfaces ?? []);
  const podNetwork = vmi.spec.networks?.find(({ pod }) => pod !== undefined)?.name;

  let entries = [...fromDomain(domain), ...fromHostDevices(domain, specs)];
  addPodAddresses(entries, specs, podCache);
  addAgent(entries, agent, specs);
  if (podNetwork !== undefined) entries = podNetworkFirst(entries, previous, podNetwork);
  addMultus(entries, previous, specs);
  for (const entry of entries) {
    if (entry.name === "") continue;
    entry.podInterfaceName = previous.findLast(({ name }) => name === entry.name)?.podInterfaceName ?? "";
  }
  return entries.map(toStatus);
}

function fromDomain(domain: Domain): Entry[] {
  return domain.interfaces.map((nic) => ({
    ...emptyEntry(),
    name: nic.alias,
    mac: nic.mac,
    infoSource: "domain",
    queueCount: nic.queues ?? 1,
    linkState: nic.linkState ?? "up",
  }));
}

/** The MAC is the spec's, with its letter case, since libvirt does not know it. */
function fromHostDevices(domain: Domain, specs: ReadonlyMap<string, VmInterface>): Entry[] {
  return domain.hostDevices
    .filter(({ alias }) => alias.startsWith(sriovAliasPrefix))
    .map(({ alias }) => {
      const name = alias.slice(sriovAliasPrefix.length);
      return { ...emptyEntry(), name, mac: specs.get(name)?.macAddress ?? "", infoSource: "domain" };
    });
}

function addPodAddresses(
  entries: readonly Entry[],
  specs: ReadonlyMap<string, VmInterface>,
  podCache: PodCache,
): void {
  for (const name of specs.keys()) {
    const entry = entries.find((candidate) => candidate.name === name);
    const cached = podCache[name];
    if (entry === undefined || cached === undefined) continue;
    entry.ip = cached.podIP ?? "";
    entry.ips = cached.podIPs ?? [];
  }
}

/** Matched by MAC as text: the first NIC with the MAC gets the data, and the last report for a MAC wins. */
function addAgent(
  entries: Entry[],
  agent: readonly AgentInterface[],
  specs: ReadonlyMap<string, VmInterface>,
): void {
  let guestOnly = 0;
  for (const reported of agent) {
    const entry = entries.find(({ mac }) => mac === reported.mac);
    if (entry !== undefined) {
      const masquerade = specs.get(entry.name)?.masquerade !== undefined;
      // The pod cannot reach a link-local address through masquerade.
      const ips = masquerade ? reported.ips.filter((ip) => !isLinkLocalOrInvalid(ip)) : reported.ips;
      entry.interfaceName = reported.interfaceName;
      setAddresses(entry, ips);
      if (reported.interfaceName !== "") entry.infoSource = "domain, guest-agent";
    } else if (guestOnly < guestOnlyLimit) {
      guestOnly += 1;
      const { mac, interfaceName, ip = "", ips } = reported;
      entries.push({ ...emptyEntry(), mac, interfaceName, ip, ips, infoSource: "guest-agent" });
    }
  }
}

/** Per family: the pod's addresses are kept if the guest has any of the family, else removed. */
function setAddresses(entry: Entry, reported: readonly string[]): void {
  const ips = [isV4, isV6].flatMap((family) => {
    const known = entry.ips.filter(family);
    const seen = reported.filter(family);
    return known.length === 0 || seen.length === 0 ? seen : known;
  });
  entry.ips = ips;
  entry.ip = ips[0] ?? "";
}

/** Once reported, the pod network's NIC stays first even while the domain lacks it. */
function podNetworkFirst(
  entries: readonly Entry[],
  previous: readonly VmiInterfaceStatus[],
  podNetwork: string,
): Entry[] {
  const found = entries.find(({ name }) => name === podNetwork);
  const known =
    found ?? (previous.some(({ name }) => name === podNetwork) ? emptyEntry(podNetwork) : undefined);
  if (known === undefined) return [...entries];
  return [known, ...entries.filter((entry) => entry !== known)];
}

/** Keeps virt-controller's info source; a NIC that only Multus knows is listed while the spec has it. */
function addMultus(
  entries: Entry[],
  previous: readonly VmiInterfaceStatus[],
  specs: ReadonlyMap<string, VmInterface>,
): void {
  const attached = previous.filter(({ infoSource }) => hasSource(infoSource, multusStatus));
  for (const name of new Set(attached.map((status) => status.name ?? ""))) {
    const entry = entries.find((candidate) => candidate.name === name);
    if (entry !== undefined) {
      entry.infoSource = addSource(entry.infoSource, multusStatus);
    } else if (specs.has(name)) {
      entries.push({ ...emptyEntry(name), infoSource: multusStatus });
    }
  }
}

function emptyEntry(name = "") {
  return {
    name,
    mac: "",
    infoSource: "",
    interfaceName: "",
    podInterfaceName: "",
    linkState: "",
    queueCount: 0,
    ip: "",
    ips: [] as readonly string[],
  };
}

function toStatus(entry: Entry): VmiInterfaceStatus {
  const { ip: ipAddress, ips, ...rest } = entry;
  const fields = { ipAddress, ...rest, ipAddresses: [...ips] };
  const isEmpty = (value: unknown): boolean =>
    value === "" || value === 0 || (Array.isArray(value) && value.length === 0);
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => !isEmpty(value)));
}

/** Go's net.ParseIP refuses zones, and reads an IPv4-mapped IPv6 address as IPv4. */
function isV4(ip: string): boolean {
  return isIPv4(ip) || mappedIPv4(ip) !== undefined;
}

function isV6(ip: string): boolean {
  return isIPv6(ip) && !ip.includes("%") && mappedIPv4(ip) === undefined;
}

function mappedIPv4(ip: string): string | undefined {
  if (!isIPv6(ip)) return undefined;
  return /^(?:0{0,4}:){2,5}ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(ip)?.[1];
}

function isLinkLocalOrInvalid(ip: string): boolean {
  const v4 = isIPv4(ip) ? ip : mappedIPv4(ip);
  if (v4 !== undefined) return v4.startsWith("169.254.");
  return !isIPv6(ip) || /^fe[89ab]/i.test(ip);
}
