// The NICs of a VMI's libvirt domain: built from the VMI spec when the guest starts, and changed while it runs. Pure.
// NICs are in the order in which they were plugged.
import { createHash } from "node:crypto";
import type { VirtualMachineInstance, VmInterface } from "../../../domain/objects/kubernetes.ts";
import type { BindingPlugins } from "../configuration.ts";
import { hasSource, multusStatus } from "../info-source.ts";
import { byName, podInterfaceName } from "../nics.ts";

/** `<interface>` of the domain: NICs of every binding except SR-IOV. */
interface DomainInterface {
  /** User-defined alias without libvirt's `ua-`: the NIC's name in the VMI spec. */
  readonly alias: string;
  readonly mac: string;
  /** `<link state>`; undefined means up. */
  readonly linkState?: "up" | "down";
  /** `<driver queues>`; undefined means one. */
  readonly queues?: number;
}

export interface Domain {
  readonly interfaces: readonly DomainInterface[];
  /** `<hostdev>`; the alias of an SR-IOV NIC starts with sriovAliasPrefix. */
  readonly hostDevices: readonly { readonly alias: string }[];
}

/** The NIC's name follows it (KubeVirt pkg/network/deviceinfo). */
export const sriovAliasPrefix = "sriov-";

/** libvirt caps the queues of a tap device (KubeVirt MultiQueueMaxQueues). */
const maxQueues = 256;

/** The domain that virt-launcher defines at start or on a migration target, without absent NICs. */
export function buildDomain(vmi: VirtualMachineInstance, plugins: BindingPlugins): Domain {
  const networks = byName(vmi.spec.networks ?? []);
  const present = interfacesOf(vmi).filter((nic) => nic.state !== "absent" && networks.has(nic.name));
  return {
    interfaces: present.filter((nic) => isTapAttached(nic, plugins)).map((nic) => domainInterface(vmi, nic)),
    hostDevices: present
      .filter((nic) => nic.sriov !== undefined)
      .map((nic) => ({ alias: sriovAliasPrefix + nic.name })),
  };
}

/**
 * The domain after virt-launcher has synced it with a changed spec: absent NICs are unplugged, link states follow the spec,
 * and a bridge NIC is plugged once Multus has attached it to the pod. SR-IOV NICs are plugged only with a new domain.
 * @returns the same object when nothing changes.
 */
export function syncDomain(domain: Domain, vmi: VirtualMachineInstance, plugins: BindingPlugins): Domain {
  const wanted = byName(interfacesOf(vmi));
  const kept = domain.interfaces
    .filter((nic) => wanted.get(nic.alias)?.state !== "absent")
    .map((nic) => withLinkState(nic, wanted.get(nic.alias)));
  const plugged = interfacesOf(vmi)
    .filter(
      (nic) => isPluggable(vmi, nic, plugins) && !domain.interfaces.some(({ alias }) => alias === nic.name),
    )
    .map((nic) => domainInterface(vmi, nic));
  const same =
    plugged.length === 0 &&
    kept.length === domain.interfaces.length &&
    kept.every((nic, index) => nic === domain.interfaces[index]);
  return same ? domain : { ...domain, interfaces: [...kept, ...plugged] };
}

/**
 * The MAC that a NIC without one in its spec gets from CNI. It is the same for the life of the VMI; the VM's next VMI
 * has another, as on a real node.
 */
export function randomMac(vmiUid: string, podInterface: string): string {
  const digest = createHash("sha256").update(`${vmiUid}/${podInterface}`).digest("hex");
  return `0a:${[0, 2, 4, 6, 8].map((at) => digest.slice(at, at + 2)).join(":")}`;
}

/** Lower case with colons, as libvirt writes MACs, from any spelling that Go's net.ParseMAC or KubeVirt accepts. */
function canonicalMac(text: string): string {
  const digits = text.toLowerCase().replaceAll(/[^0-9a-f]/g, "");
  return digits.length === 12 ? (digits.match(/../g) ?? []).join(":") : text;
}

/** The NIC's MAC in the guest. */
export function nicMac(vmi: VirtualMachineInstance, nic: VmInterface): string {
  if (nic.macAddress !== undefined && nic.macAddress !== "") return canonicalMac(nic.macAddress);
  return randomMac(vmi.metadata.uid ?? vmi.metadata.name, podInterfaceName(nic.name));
}

export function interfacesOf(vmi: VirtualMachineInstance): readonly VmInterface[] {
  return vmi.spec.domain.devices.interfaces ?? [];
}

function isTapAttached(nic: VmInterface, plugins: BindingPlugins): boolean {
  if (nic.sriov !== undefined) return false;
  return nic.binding === undefined || plugins[nic.binding.name]?.domainAttachmentType === "tap";
}

function isPluggable(vmi: VirtualMachineInstance, nic: VmInterface, plugins: BindingPlugins): boolean {
  const reported = vmi.status?.interfaces?.find(({ name }) => name === nic.name);
  return (
    nic.state !== "absent" && isTapAttached(nic, plugins) && hasSource(reported?.infoSource, multusStatus)
  );
}

function withLinkState(nic: DomainInterface, spec: VmInterface | undefined): DomainInterface {
  const { linkState: current, ...rest } = nic;
  const down = spec === undefined ? current === "down" : spec.state === "down";
  if (down === (current === "down")) return nic;
  return down ? { ...rest, linkState: "down" } : rest;
}

function domainInterface(vmi: VirtualMachineInstance, nic: VmInterface): DomainInterface {
  const queues = queueCount(vmi, nic);
  return {
    alias: nic.name,
    mac: nicMac(vmi, nic),
    ...(nic.state === "down" ? { linkState: "down" as const } : {}),
    ...(queues === undefined ? {} : { queues }),
  };
}

/** One queue per vCPU for virtio NICs when the VMI enables multiqueue; undefined otherwise. */
function queueCount(vmi: VirtualMachineInstance, nic: VmInterface): number | undefined {
  const virtio = nic.model === undefined || nic.model === "" || nic.model === "virtio";
  if (vmi.spec.domain.devices.networkInterfaceMultiqueue !== true || !virtio) return undefined;
  const { cores = 1, sockets = 1, threads = 1 } = vmi.spec.domain.cpu ?? {};
  return Math.min(cores * sockets * threads, maxQueues);
}
