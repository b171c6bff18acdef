// Converts the objects of a VM to a spec, the inverse of compile/. Parts that a spec cannot express become notes.
import { bindingKindOf } from "../bindings.ts";
import type { Catalogue } from "../catalogue.ts";
import { ownUserData } from "../compile/network-config.ts";
import { normaliseMac } from "../mac.ts";
import { setsMtu } from "../network/carriers/carriers.ts";
import type {
  NetworkAttachmentDefinition,
  Secret,
  VirtualMachine,
  VirtualMachineInstance,
  VmInterface,
  VmNetwork,
} from "../objects/kubernetes.ts";
import { secretNameOf } from "../objects/ownership.ts";
import type { NetworkConfig, UserDataSpec, VmSpec } from "../spec.ts";
import { readAttachment } from "./attachment.ts";
import { cloudInitVolumeOf, inlineUserData, networkDataOf, secretText } from "../objects/cloud-init.ts";
import { differencesOf } from "./differences.ts";
import { ipConfigOf, isDefault, routesOf } from "./guest-nic.ts";
import { readLabels, readMachine } from "./machine.ts";
import { type GuestNicRead, readNetworkConfig } from "./network-config.ts";
import { orderOf } from "./default-routes.ts";

/** The VM and the objects it refers to, as far as they could be read. */
export interface VmObjects {
  readonly vm: VirtualMachine;
  /** The source of MAC addresses that the VM does not set. */
  readonly vmi: VirtualMachineInstance | undefined;
  /** By NAMESPACE/NAME. */
  readonly nads: ReadonlyMap<string, NetworkAttachmentDefinition>;
  /** Secrets of the VM's namespace by name. Value undefined: does not exist; key absent: not read. */
  readonly secrets: ReadonlyMap<string, Secret | undefined>;
}

export interface ImportedVm {
  readonly spec: VmSpec;
  /** One line for each part that could not be read, or that an apply of the spec would change. */
  readonly notes: readonly string[];
}

/** `spec.userData.text` is set if it could be read, and may contain passwords. */
export function importVm(objects: VmObjects, catalogue: Catalogue): ImportedVm {
  const { vm } = objects;
  const notes: string[] = [];
  const interfaces = vm.spec.template.spec.domain.devices.interfaces ?? [];
  for (const { name, state } of interfaces)
    if (state === "absent") notes.push(`networks[${name}]: being unplugged`);
  const kept = interfaces.filter(({ state }) => state !== "absent");
  const guest = readGuest(kept, objects);
  notes.push(...guest.notes);
  const networks = new Map(vm.spec.template.spec.networks?.map((network) => [network.name, network]));
  const macs = runningMacs(objects);
  const nics = kept.map((nic) => {
    const read = guest.byNic.get(nic.name);
    const macAddress = macOf(nic, macs);
    return {
      read,
      config: readNic({ nic, macAddress, network: networks.get(nic.name) }, objects, catalogue, read),
    };
  });
  const order = orderOf(nics.map(({ read }) => observedMetric(read)));
  const userData = readUserData(objects);
  const labels = readLabels(vm);
  const spec: VmSpec = {
    namespace: vm.metadata.namespace ?? "",
    name: vm.metadata.name,
    ...readMachine(vm),
    ...(userData === undefined ? {} : { userData }),
    ...(nics.some(({ read }) => read !== undefined && read.rules.length > 0)
      ? // Only netplan keeps routing rules.
        { routing: "policy" as const, guest: { renderer: "netplan" as const } }
      : {}),
    ...(Object.keys(labels).length === 0 ? {} : { labels }),
    networks: nics.map(({ config, read }, index) => {
      const metric = order.metrics[index] ?? 0;
      const priority = order.priorities[index];
      return {
        ...config,
        ...(read === undefined ? {} : ipConfigOf(read, config, metric)),
        ...(guest.byNic.size > 0 && index === order.primary ? { primary: true } : {}),
        ...(priority === undefined ? {} : { priority }),
        ...(read === undefined ? {} : routesOf(read, metric)),
      };
    }),
  };
  notes.push(...bindingNotes(kept, objects));
  if (guest.byNic.size > 0) notes.push(...differencesOf(spec, guest.byNic, catalogue));
  return { spec, notes };
}

interface NicParts {
  readonly nic: VmInterface;
  readonly network: VmNetwork | undefined;
  readonly macAddress: string | undefined;
}

function readNic(
  { nic, network, macAddress }: NicParts,
  objects: VmObjects,
  catalogue: Catalogue,
  guest: GuestNicRead | undefined,
): NetworkConfig {
  const { vm, nads } = objects;
  const { namespace = "" } = vm.metadata;
  const attachment = readAttachment(nic, network, { namespace, nads, catalogue });
  // If the attachment does not set an MTU, only the guest has it.
  const guestMtu = attachment.nadName !== undefined || !setsMtu(attachment.type) ? guest?.mtu : undefined;
  return {
    name: nic.name,
    ...attachment,
    ...(guestMtu === undefined ? {} : { mtu: guestMtu }),
    ...(macAddress === undefined ? {} : { macAddress }),
    ...(nic.state === "down" ? { linkState: "down" } : {}),
  };
}

/** By NIC. */
function runningMacs({ vmi }: Pick<VmObjects, "vmi">): ReadonlyMap<string | undefined, string | undefined> {
  return new Map(vmi?.status?.interfaces?.map(({ name, mac }) => [name, mac]));
}

/** From the VM, else from its running instance. */
function macOf(nic: VmInterface, running: ReturnType<typeof runningMacs>): string | undefined {
  return normaliseMac(nic.macAddress ?? running.get(nic.name) ?? "");
}

function observedMetric(guest: GuestNicRead | undefined): { metric: number | undefined; flexible: boolean } {
  if (guest === undefined) return { metric: undefined, flexible: false };
  if (guest.dhcp4) return { metric: guest.dhcpMetric, flexible: false };
  return { metric: guest.routes.find(isDefault)?.metric, flexible: true };
}

interface Guest {
  readonly byNic: ReadonlyMap<string, GuestNicRead>;
  readonly notes: readonly string[];
}

/** Entries of the network-config by NIC: matched by MAC address, else by the name that the guest reports. */
export function readGuest(
  interfaces: readonly VmInterface[],
  objects: Pick<VmObjects, "vm" | "vmi" | "secrets">,
): Guest {
  const byNic = new Map<string, GuestNicRead>();
  const found = networkDataOf(cloudInitVolumeOf(objects.vm), objects.secrets);
  if (found === undefined)
    return { byNic, notes: ["network-config: the VM has none, so the guest's settings are unknown"] };
  if ("problem" in found) return { byNic, notes: [`network-config: ${found.problem}`] };
  const { nics, notes: unread } = readNetworkConfig(found.text);
  const notes = [...unread];
  const reported = objects.vmi?.status?.interfaces ?? [];
  const macs = runningMacs(objects);
  for (const read of nics) {
    const nic =
      read.mac === undefined
        ? interfaces.find(
            ({ name }) =>
              read.matchName !== undefined &&
              reported.find((status) => status.name === name)?.interfaceName === read.matchName,
          )
        : interfaces.find((candidate) => macOf(candidate, macs) === read.mac);
    if (nic === undefined || byNic.has(nic.name))
      notes.push(`network-config ethernets.${read.id}: cannot be matched to a NIC`);
    else byNic.set(nic.name, read);
  }
  if (nics.length > 0) {
    const missing = interfaces.filter(({ name }) => !byNic.has(name));
    notes.push(...missing.map(({ name }) => `networks[${name}]: not mentioned in the network-config`));
  }
  return { byNic, notes };
}

/** Notes on KubeVirt bindings that a spec cannot express. */
function bindingNotes(interfaces: readonly VmInterface[], { vm }: VmObjects): readonly string[] {
  const networks = new Map((vm.spec.template.spec.networks ?? []).map((network) => [network.name, network]));
  return interfaces.flatMap((nic): readonly string[] => {
    const at = `networks[${nic.name}]`;
    const network = networks.get(nic.name);
    if (network?.multus?.default === true) return [`${at}: its network replaces the pod network`];
    if (network?.pod !== undefined && nic.masquerade === undefined)
      return [`${at}: an apply changes its binding on the pod network to masquerade`];
    const kind = bindingKindOf(nic);
    return kind === undefined || kind === "passtBinding" ? [`${at}: its binding is not imported`] : [];
  });
}

function readUserData({ vm, secrets }: VmObjects): UserDataSpec | undefined {
  const volume = cloudInitVolumeOf(vm);
  if (volume === undefined) return undefined;
  const { secretRef } = volume.source;
  const own = secretNameOf(vm.metadata.name);
  if (secretRef !== undefined && secretRef.name !== own) return { secretName: secretRef.name };
  const secret = secrets.get(own);
  const text = secretRef === undefined ? inlineUserData(volume) : secret && secretText(secret, "userdata");
  return text === undefined || text === ownUserData ? undefined : { text };
}
