// The state of every NIC of a VM: only what the reports of KubeVirt prove.
import { isTrue } from "../objects/conditions.ts";
import { driftedFields } from "../drift/drifted-fields.ts";
import { etagOf } from "../objects/etag.ts";
import { infoSources, isFinal } from "../objects/instance-status.ts";
import type { VirtualMachine, VirtualMachineInstance, VmiInterfaceStatus } from "../objects/kubernetes.ts";
import { typeOf } from "../bindings.ts";
import { type Effect, worst } from "../plan/effects.ts";
import { type PendingChange, pendingChanges } from "../plan/pending-changes.ts";
import { primaryIndex } from "../resolve/metrics.ts";
import type { NetworkType, VmSpec } from "../spec.ts";

export const interfaceStates = ["Up", "Down", "Unknown"] as const;
export type InterfaceState = (typeof interfaceStates)[number];

/** The state and message of each reason. The set is closed, so a reason may be a label of a metric. */
export const stateReasons = {
  UP: ["Up", "the VM is running, the link is up, and the guest agent reports the NIC"],
  VM_STOPPED: ["Down", "the VM is not running"],
  VM_STARTING: ["Down", "the VM is starting"],
  VM_PAUSED: ["Unknown", "the VM is paused"],
  LINK_DOWN: ["Down", "the link is set down; set linkState to up to connect it"],
  NOT_IN_DOMAIN: ["Down", "the running VM does not have this NIC yet; a live migration or a restart adds it"],
  NOT_PLUGGED_YET: ["Unknown", "the pod has the NIC, but the VM does not have it yet"],
  NO_GUEST_AGENT: [
    "Unknown",
    "no guest agent is connected; install and start qemu-guest-agent in the guest, so that it reports its NICs",
  ],
  NOT_SEEN_BY_GUEST: ["Unknown", "the guest agent does not list a NIC with this MAC address"],
  NODE_LOST: ["Unknown", "KubeVirt has lost contact with the node; what it reports may be out of date"],
  STALE: [
    "Unknown",
    "multinic has lost contact with the API server; check that it runs, and the warnings in multinic's log",
  ],
} as const satisfies Readonly<Record<string, readonly [InterfaceState, string]>>;
export type StateReason = keyof typeof stateReasons;

/** A value and where it was read. */
export interface Evidence {
  readonly source: string;
  readonly value: string;
}

export interface InterfaceStatus {
  readonly namespace: string;
  readonly vm: string;
  readonly nic: string;
  readonly type: NetworkType;
  /** The name of the NAD in the VM; empty for the pod network. */
  readonly network: string;
  readonly vlanId: number;
  readonly primary: boolean;
  /** Empty if not known. */
  readonly guestInterface: string;
  readonly macAddress: string;
  readonly ipAddresses: readonly string[];
  readonly state: InterfaceState;
  readonly reason: StateReason;
  readonly message: string;
  readonly evidence: readonly Evidence[];
  readonly node: string;
  /** 0 if none was requested. */
  readonly mtu: number;
  /** Paths of requested changes that the running VM does not have yet, such as networks[eth1].vlanId. */
  readonly pendingFields: readonly string[];
  /** The most disruptive thing that they wait for; undefined if there are none. */
  readonly pendingEffect: Effect | undefined;
  /** Paths of other fields that differ from the request; undefined if there is no record of one. */
  readonly driftedFields: readonly string[] | undefined;
  /** The version of the request that all this is judged against (etag.ts). */
  readonly etag: string;
  /** Tells a VM from an earlier one of the same name. */
  readonly vmUid: string;
}

/**
 * One status per NIC, in the order of the VM. `vmi` undefined: the VM has no instance; `spec` undefined: there is no record
 * of the request.
 */
export function interfaceStatuses(
  vm: VirtualMachine,
  vmi: VirtualMachineInstance | undefined,
  spec: VmSpec | undefined,
): readonly InterfaceStatus[] {
  const { interfaces = [] } = vm.spec.template.spec.domain.devices;
  const networks = new Map((vm.spec.template.spec.networks ?? []).map((network) => [network.name, network]));
  const configs = new Map(spec?.networks.map((config) => [config.name, config]));
  const pending = pendingChanges(vm, vmi);
  const etag = etagOf(vm);
  const primary = spec === undefined ? interfaces[0]?.name : spec.networks[primaryIndex(spec.networks)]?.name;
  return interfaces.map((nic) => {
    const config = configs.get(nic.name);
    const { pendingFields, pendingEffect } = pendingOf(nic.name, pending);
    const drifted = spec && driftedFields(spec, nic, networks.get(nic.name), vmi);
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
      pendingFields,
      pendingEffect,
      driftedFields: drifted?.filter((field) => !pendingFields.includes(field)),
      etag,
      vmUid: vm.metadata.uid ?? "",
      ...judge(vm, vmi, nic.name, reported),
    };
  });
}

/** The changes of that NIC, and those of the VM that KubeVirt does not attribute to a NIC. */
function pendingOf(
  name: string,
  changes: readonly PendingChange[],
): Pick<InterfaceStatus, "pendingFields" | "pendingEffect"> {
  const own = changes.filter(({ nic, field }) => nic === name || (nic === "" && isOfAllNics(field)));
  const fields = own.map(({ field }) => field || "networks");
  const effect = own.length === 0 ? undefined : worst(own.map((change) => change.effect));
  return { pendingFields: [...new Set(fields)], pendingEffect: effect };
}

/** Empty: KubeVirt does not say what changed. */
const isOfAllNics = (field: string): boolean => ["", "networks", "routing", "guestConfig"].includes(field);

type Verdict = Pick<InterfaceStatus, "state" | "reason" | "message" | "evidence">;

/** `detail` is added to the reason's message. */
export function verdict(reason: StateReason, evidence: readonly Evidence[], detail = ""): Verdict {
  const [state, message] = stateReasons[reason];
  return { state, reason, message: message + detail, evidence };
}

function judge(
  vm: VirtualMachine,
  vmi: VirtualMachineInstance | undefined,
  nic: string,
  reported: VmiInterfaceStatus | undefined,
): Verdict {
  const { phase = "", conditions } = vmi?.status ?? {};
  const seen = (field: "infoSource" | "linkState"): Evidence => ({
    source: `vmi.status.interfaces[${nic}].${field}`,
    value: reported?.[field] ?? "absent",
  });
  const phaseSeen = { source: "vmi.status.phase", value: vmi === undefined ? "no instance" : phase };
  const sources = infoSources(reported ?? {});

  if (vmi === undefined || isFinal(vmi)) return verdict("VM_STOPPED", [phaseSeen], printed(vm));
  if (phase === "Unknown") return verdict("NODE_LOST", [phaseSeen]);
  if (phase !== "Running") return verdict("VM_STARTING", [phaseSeen], waitingFor(vm, vmi));
  if (!sources.includes("domain")) {
    const isPlugging = sources.includes("multus-status");
    return verdict(isPlugging ? "NOT_PLUGGED_YET" : "NOT_IN_DOMAIN", [phaseSeen, seen("infoSource")]);
  }
  if (reported?.linkState === "down") return verdict("LINK_DOWN", [phaseSeen, seen("linkState")]);
  if (isTrue(conditions, "Paused")) return verdict("VM_PAUSED", [phaseSeen]);
  const evidence = [phaseSeen, seen("linkState"), seen("infoSource")];
  if (sources.includes("guest-agent")) return verdict("UP", evidence);
  return verdict(isTrue(conditions, "AgentConnected") ? "NOT_SEEN_BY_GUEST" : "NO_GUEST_AGENT", evidence);
}

function printed(vm: VirtualMachine): string {
  const status = vm.status?.printableStatus;
  return status === undefined ? "" : ` (${status})`;
}

/** KubeVirt's explanation of why the VM does not run yet; empty if there is none. */
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
