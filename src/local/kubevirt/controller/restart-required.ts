// Which changes of a running VM wait for its next start (KubeVirt: syncRestartRequired, pkg/network/vmliveupdate).
import type {
  VirtualMachine,
  VirtualMachineInstanceSpec,
  VmInterface,
  VmNetwork,
} from "../../../domain/objects/kubernetes.ts";
import { byName, nicLists, type NicLists } from "../nics.ts";
import { memoryWaits } from "./memory.ts";
import type { Vm, Vmi } from "./objects.ts";
import { semanticEqual } from "./semantic-equal.ts";

/** The message of condition RestartRequired for any change without a more specific one. */
const nonLiveUpdatable = "a non-live-updatable field was changed in the template spec";

interface RestartInput {
  readonly vm: Vm;
  /** The VM's spec when this VMI was started. */
  readonly startedFrom: VirtualMachine["spec"];
  readonly vmi: Vmi;
  readonly liveUpdate: boolean;
}

/** @returns the message of condition RestartRequired, or undefined when no restart is needed. */
export function restartRequired({ vm, startedFrom, vmi, liveUpdate }: RestartInput): string | undefined {
  const now = vm.spec.template.spec;
  const before = startedFrom.template.spec;
  const nicsWait = nicsNeedRestart(nicLists(now), nicLists(vmi.spec));
  const by = { before, now, vmi, liveUpdate, nicsWait };
  if (!semanticEqual(comparable(before, by), comparable(now, by))) return nonLiveUpdatable;
  return liveUpdate ? (socketsWait(now, vmi) ?? memoryWaits(now, vmi)) : undefined;
}

interface Comparison {
  readonly before: VirtualMachineInstanceSpec;
  readonly now: VirtualMachineInstanceSpec;
  readonly vmi: Vmi;
  readonly liveUpdate: boolean;
  readonly nicsWait: boolean;
}

/** A spec without the fields that may change while the VM runs, and with disks and volumes sorted by name. */
function comparable(spec: VirtualMachineInstanceSpec, by: Comparison): object {
  const { interfaces, disks, ...devices } = spec.domain.devices;
  const { cpu, memory, firmware, ...domain } = spec.domain;
  const { networks, volumes, ...rest } = spec;
  return {
    ...rest,
    ...(by.liveUpdate && { affinity: undefined, tolerations: undefined, nodeSelector: undefined }),
    networks: by.nicsWait ? networks : undefined,
    volumes: sortedByName(volumes ?? []),
    domain: {
      ...domain,
      cpu: by.liveUpdate && by.before.domain.cpu && by.now.domain.cpu ? { ...cpu, sockets: undefined } : cpu,
      memory:
        by.liveUpdate && by.now.domain.memory?.guest !== undefined ? { ...memory, guest: undefined } : memory,
      firmware: firmwareToCompare(firmware, by),
      devices: {
        ...devices,
        disks: sortedByName(disks ?? []),
        interfaces: by.nicsWait ? interfaces : undefined,
      },
    },
  };
}

/** A UUID that KubeVirt itself wrote into the VM after the start is not a change. */
function firmwareToCompare(
  firmware: VirtualMachineInstanceSpec["domain"]["firmware"],
  by: Comparison,
): object | undefined {
  const uuid = by.now.domain.firmware?.uuid;
  return uuid !== undefined && uuid === by.vmi.spec.domain.firmware?.uuid
    ? { ...firmware, uuid: undefined }
    : firmware;
}

function sortedByName<T extends { readonly name: string }>(list: readonly T[]): readonly T[] {
  return list.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

/** Whether the VM's NIC lists need a change of the VMI that a running guest cannot get. */
function nicsNeedRestart(wanted: NicLists, current: NicLists): boolean {
  const interfaces = byName(wanted.interfaces);
  const networks = byName(wanted.networks);
  const hasPodNetwork = (list: readonly VmNetwork[]): boolean => list.some(({ pod }) => pod !== undefined);
  return (
    current.interfaces.some((nic) => !sameInterface(interfaces.get(nic.name), nic)) ||
    current.networks.some((network) => !sameNetwork(networks.get(network.name), network)) ||
    (hasPodNetwork(wanted.networks) && !hasPodNetwork(current.networks))
  );
}

/** Only `state` may differ. */
function sameInterface(wanted: VmInterface | undefined, current: VmInterface): boolean {
  return wanted !== undefined && semanticEqual({ ...wanted, state: "" }, { ...current, state: "" });
}

/** Only the NAD may differ. */
function sameNetwork(wanted: VmNetwork | undefined, current: VmNetwork): boolean {
  return wanted !== undefined && semanticEqual(withoutNad(wanted), withoutNad(current));
}

function withoutNad(network: VmNetwork): VmNetwork {
  return network.multus === undefined
    ? network
    : { ...network, multus: { ...network.multus, networkName: "" } };
}

/** CPUs are never plugged here; the messages are KubeVirt's for a VM without spare sockets. */
function socketsWait(now: VirtualMachineInstanceSpec, vmi: Vmi): string | undefined {
  const wanted = now.domain.cpu?.sockets;
  const current = vmi.spec.domain.cpu?.sockets;
  if (wanted === undefined || current === undefined || wanted === current) return undefined;
  return wanted < current
    ? "Reduction of CPU socket count requires a restart"
    : "CPU sockets updated in template spec to a value higher than what's available";
}
