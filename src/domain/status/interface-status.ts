// The state of every NIC of a VM, from what KubeVirt reports, claiming no more than that proves.
import { isTrue } from "../objects/conditions.ts";
import { driftedFields } from "../drift/drifted-fields.ts";
import { infoSources, isFinal } from "../objects/instance-status.ts";
import type { VirtualMachine, VirtualMachineInstance, VmiInterfaceStatus } from "../objects/kubernetes.ts";
import { typeOf } from "../bindings.ts";
import { primaryIndex } from "../resolve/metrics.ts";
import type { NetworkType, VmSpec } from "../spec.ts";

export const interfaceStates = ["Up", "Down", "Unknown"] as const;
export type InterfaceState = (typeof interfaceStates)[number];

/** Why a NIC is in its state; a closed set, so that it may be a label of a metric. */
export const stateReasons = [
  "UP",
  "VM_STOPPED",
  "VM_STARTING",
  "VM_PAUSED",
  "LINK_DOWN",
  "NOT_IN_DOMAIN",
  "NOT_PLUGGED_YET",
  "NO_GUEST_AGENT",
  "NOT_SEEN_BY_GUEST",
  "NODE_LOST",
] as const;
export type StateReason = (typeof stateReasons)[number];

/** One fact and where it was read. */
export interface Evidence {
  readonly source: string;
  readonly value: string;
}

export interface InterfaceStatus {
  readonly namespace: string;
  readonly vm: string;
  readonly nic: string;
  readonly type: NetworkType;
  /** The NAD as the VM names it; empty for the pod network. */
  readonly network: string;
  readonly vlanId: number;
  readonly primary: boolean;
  /** Empty while unknown. */
  readonly guestInterface: string;
  readonly macAddress: string;
  readonly ipAddresses: readonly string[];
  readonly state: InterfaceState;
  readonly reason: StateReason;
  readonly message: string;
  readonly evidence: readonly Evidence[];
  readonly node: string;
  /** 0 when none was asked for. */
  readonly mtu: number;
  /** Paths of fields that are not as asked for; undefined where nothing is known to be asked. */
  readonly driftedFields: readonly string[] | undefined;
}

/**
 * One status per NIC of the VM, in the VM's order. `vmi` undefined: the VM has no running instance; `spec` undefined: what
 * was asked for is not known.
 */
export function interfaceStatuses(
  vm: VirtualMachine,
  vmi: VirtualMachineInstance | undefined,
  spec: VmSpec | undefined,
): readonly InterfaceStatus[] {
  const { interfaces = [] } = vm.spec.template.spec.domain.devices;
  const networks = new Map((vm.spec.template.spec.networks ?? []).map((network) => [network.name, network]));
  const configs = new Map(spec?.networks.map((config) => [config.name, config]));
  const primary = spec === undefined ? interfaces[0]?.name : spec.networks[primaryIndex(spec.networks)]?.name;
  return interfaces.map((nic) => {
    const config = configs.get(nic.name);
    const reported = vmi?.status?.interfaces?.find(({ name }) => name === nic.name);
    return {
      namespace: vm.metadata.namespace ?? "",
      vm: vm.metadata.name,
      nic: nic.name,
      type: config?.type ?? (config === undefined ? typeOf(nic) : "bridge"),
      network: networks.get(nic.name)?.multus?.networkName ?? "",
      vlanId: config?.vlanId ?? 0,
      primary: nic.name === primary,
      guestInterface: reported?.interfaceName ?? "",
      macAddress: reported?.mac ?? nic.macAddress ?? "",
      ipAddresses: reported?.ipAddresses ?? [],
      node: vmi?.status?.nodeName ?? "",
      mtu: config?.mtu ?? 0,
      driftedFields: spec && driftedFields(spec, nic, networks.get(nic.name), vmi),
      ...judge(vm, vmi, nic.name, reported),
    };
  });
}

type Verdict = Pick<InterfaceStatus, "state" | "reason" | "message" | "evidence">;

function judge(
  vm: VirtualMachine,
  vmi: VirtualMachineInstance | undefined,
  nic: string,
  reported: VmiInterfaceStatus | undefined,
): Verdict {
  const phase = vmi?.status?.phase ?? "";
  const of = (field: string, value: string | undefined): Evidence => ({
    source: `vmi.status.interfaces[${nic}].${field}`,
    value: value ?? "absent",
  });
  const phaseSeen: Evidence = {
    source: "vmi.status.phase",
    value: vmi === undefined ? "no instance" : phase,
  };
  const sources = infoSources(reported ?? {});
  const sourceSeen = of("infoSource", reported?.infoSource);
  const linkSeen = of("linkState", reported?.linkState);

  if (vmi === undefined || isFinal(vmi)) {
    const message = `the VM is not running${printed(vm)}`;
    return { state: "Down", reason: "VM_STOPPED", message, evidence: [phaseSeen] };
  }
  if (phase === "Unknown") {
    const message = "KubeVirt has lost contact with the node; what it reports may be out of date";
    return { state: "Unknown", reason: "NODE_LOST", message, evidence: [phaseSeen] };
  }
  if (phase !== "Running") {
    const message = `the VM is starting${waitingFor(vm, vmi)}`;
    return { state: "Down", reason: "VM_STARTING", message, evidence: [phaseSeen] };
  }
  if (!sources.includes("domain")) {
    const plugging = sources.includes("multus-status");
    return {
      state: plugging ? "Unknown" : "Down",
      reason: plugging ? "NOT_PLUGGED_YET" : "NOT_IN_DOMAIN",
      message: plugging
        ? "the pod has the NIC, but the VM does not have it yet"
        : "the running VM does not have this NIC yet; a live migration or a restart adds it",
      evidence: [phaseSeen, sourceSeen],
    };
  }
  if (reported?.linkState === "down") {
    const message = "the link is set down; set linkState to up to connect it";
    return { state: "Down", reason: "LINK_DOWN", message, evidence: [phaseSeen, linkSeen] };
  }
  if (isTrue(vmi.status?.conditions, "Paused")) {
    const message = "the VM is paused";
    return { state: "Unknown", reason: "VM_PAUSED", message, evidence: [phaseSeen] };
  }
  if (!sources.includes("guest-agent")) {
    const connected = isTrue(vmi.status?.conditions, "AgentConnected");
    return {
      state: "Unknown",
      reason: connected ? "NOT_SEEN_BY_GUEST" : "NO_GUEST_AGENT",
      message: connected
        ? "the guest agent does not list a NIC with this MAC address"
        : "no guest agent is connected; install and start qemu-guest-agent in the guest, so that it reports its NICs",
      evidence: [phaseSeen, linkSeen, sourceSeen],
    };
  }
  return {
    state: "Up",
    reason: "UP",
    message: "the VM is running, the link is up, and the guest agent reports the NIC",
    evidence: [phaseSeen, linkSeen, sourceSeen],
  };
}

function printed(vm: VirtualMachine): string {
  const status = vm.status?.printableStatus;
  return status === undefined ? "" : ` (${status})`;
}

/** KubeVirt's own word on why it does not run yet, where it has one. */
function waitingFor(vm: VirtualMachine, vmi: VirtualMachineInstance): string {
  const blocking = [...(vmi.status?.conditions ?? []), ...(vm.status?.conditions ?? [])].find(
    ({ type, status, message }) =>
      message !== undefined &&
      message !== "" &&
      ((status === "False" && (type === "Synchronized" || type === "PodScheduled" || type === "Ready")) ||
        (status === "True" && type === "Failure")),
  );
  return blocking?.message === undefined ? "" : `: ${blocking.message}`;
}
