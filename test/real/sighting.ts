// What a virt-handler sees of one VMI at one moment, written short: NICs of the spec, their libvirt domain, the guest agent.
import type { VmInterface, VmiInterfaceStatus, VmNetwork } from "../../src/domain/objects/kubernetes.ts";

/** One question to `multinic-kubevirt netstat`. */
export interface Sighting {
  readonly id: string;
  readonly description: string;
  /** `status.interfaces` is what was reported before. */
  readonly vmi: {
    readonly apiVersion: string;
    readonly kind: string;
    readonly metadata: { readonly name: string; readonly namespace: string; readonly uid: string };
    readonly spec: {
      readonly domain: { readonly devices: { readonly interfaces: readonly VmInterface[] } };
      readonly networks: readonly VmNetwork[];
    };
    readonly status: { readonly phase: string; readonly interfaces?: readonly VmiInterfaceStatus[] };
  };
  /** null while libvirt has no domain. */
  readonly domain: Domain | null;
  /** The guest's NICs without lo; empty when no agent answers. */
  readonly agent: readonly AgentNic[];
  /** Addresses that the CNI gave, by NIC name. */
  readonly podCache: Readonly<Record<string, PodAddresses>>;
}

/** A domain: absent linkState is a missing <link>, absent queues a missing <driver queues>. */
export interface Domain {
  readonly interfaces: readonly {
    readonly alias: string;
    readonly mac: string;
    readonly linkState?: "up" | "down";
    readonly queues?: number;
  }[];
  /** SR-IOV NICs are called `sriov-NIC`. */
  readonly hostDevices: readonly { readonly alias: string }[];
}

/** One NIC in the guest agent's list; `ip` is the one virt-launcher picks: the first IPv4 address, else the first. */
export interface AgentNic {
  readonly mac: string;
  readonly interfaceName: string;
  readonly ip?: string;
  readonly ips: readonly string[];
}

/** What virt-handler's pod interface cache holds for one NIC. */
export interface PodAddresses {
  readonly podIP?: string;
  readonly podIPs?: readonly string[];
}

/** A NIC of the spec with its network. */
export interface Nic {
  readonly iface: VmInterface;
  readonly network: VmNetwork;
}

/** The n-th MAC of this file, lower-case. */
export const mac = (n: number): string => `02:00:00:00:ab:${n.toString(16).padStart(2, "0")}`;

/** A NIC on the pod network, by masquerade unless another binding is given. */
export const podNic = (
  name: string,
  binding: Partial<VmInterface> | { passtBinding: object } = { masquerade: {} },
): Nic => ({ iface: { name, ...binding } as VmInterface, network: { name, pod: {} } });

/** A NIC on a Multus network, by bridge unless another binding is given. */
export const nic = (name: string, iface: Partial<VmInterface> = { bridge: {} }): Nic => ({
  iface: { name, ...iface },
  network: { name, multus: { networkName: `net-${name}` } },
});

/** An SR-IOV NIC, with the MAC as the spec spells it. */
export const sriovNic = (name: string, macAddress?: string): Nic =>
  nic(name, { sriov: {}, ...(macAddress !== undefined && { macAddress }) });

/** A NIC by the binding plugin macvtap. */
export const pluginNic = (name: string): Nic => nic(name, { binding: { name: "macvtap" } });

/** A NIC in the domain with link up. */
export const plugged = (
  alias: string,
  address: string,
  more: Partial<Domain["interfaces"][number]> = {},
): Domain["interfaces"][number] => ({ alias, mac: address, linkState: "up", ...more });

/** A NIC in the agent's list. */
export function guest(interfaceName: string, address: string, ...ips: string[]): AgentNic {
  const ip = ips.find((ip) => !ip.includes(":")) ?? ips[0];
  return { mac: address, interfaceName, ...(ip !== undefined && { ip }), ips };
}

/** The entry that virt-controller writes once Multus attached the NIC. */
export const attached = (name: string, podInterfaceName = `pod-${name}`): VmiInterfaceStatus => ({
  name,
  podInterfaceName,
  infoSource: "multus-status",
});

/** What a sighting is made of; everything may be left out. */
export interface Seen {
  readonly nics?: readonly Nic[];
  readonly before?: readonly VmiInterfaceStatus[];
  readonly domain?: Domain["interfaces"] | null;
  readonly hostDevices?: readonly string[];
  readonly agent?: readonly AgentNic[];
  readonly podCache?: Sighting["podCache"];
}

/** A sighting of a running VMI. */
export function sighting(id: string, description: string, seen: Seen): Sighting {
  const { nics = [], before, domain = [], hostDevices = [], agent = [], podCache = {} } = seen;
  return {
    id,
    description,
    vmi: {
      apiVersion: "kubevirt.io/v1",
      kind: "VirtualMachineInstance",
      metadata: { name: "vm", namespace: "default", uid: id },
      spec: {
        domain: { devices: { interfaces: nics.map(({ iface }) => iface) } },
        networks: nics.map(({ network }) => network),
      },
      status: { phase: "Running", ...(before && { interfaces: before }) },
    },
    domain:
      domain === null ? null : { interfaces: domain, hostDevices: hostDevices.map((alias) => ({ alias })) },
    agent,
    podCache,
  };
}

/**
 * KubeVirt walks a Go map for NICs that only Multus knows, so their order, at the end of the list, is random.
 * Here they come in the order of the status reported before.
 */
export function inReportedOrder(
  interfaces: readonly VmiInterfaceStatus[],
  { vmi, domain }: Sighting,
): readonly VmiInterfaceStatus[] {
  if (domain === null) return interfaces;
  const before = (vmi.status.interfaces ?? []).map(({ name }) => name);
  const start = interfaces.findLastIndex(({ infoSource }) => infoSource !== "multus-status") + 1;
  const tail = interfaces.slice(start).sort((a, b) => before.indexOf(a.name) - before.indexOf(b.name));
  return [...interfaces.slice(0, start), ...tail];
}
