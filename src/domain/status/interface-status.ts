// The state of every NIC of a VM: only what the reports of KubeVirt prove.
import { bounded } from "../bounded-text.ts";
import type { Evidence } from "../evidence.ts";
import { findCondition, isTrue } from "../objects/conditions.ts";
import { driftedFields } from "../drift/drifted-fields.ts";
import { etagOf } from "../objects/etag.ts";
import { infoSources, isFinal } from "../objects/instance-status.ts";
import type { VirtualMachine, VirtualMachineInstance, VmiInterfaceStatus } from "../objects/kubernetes.ts";
import { typeOf } from "../bindings.ts";
import { type Effect, worst } from "../plan/effects.ts";
import { type PendingChange, pendingChanges } from "../plan/pending-changes.ts";
import { type InterfaceAddress, interfaceAddresses } from "./interface-addresses.ts";
import { primaryIndex } from "../resolve/metrics.ts";
import { fullNadName } from "../names.ts";
import type { IpConfig, NetworkConfig, NetworkType, VmSpec } from "../spec.ts";

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

export interface InterfaceStatus {
  readonly namespace: string;
  readonly vm: string;
  readonly nic: string;
  readonly type: NetworkType;
  /** The NAD, NAMESPACE/NAME; empty for the pod network. */
  readonly attachment: string;
  /** As requested, 0 for untagged; undefined if only the NAD has it, without a record, and on the pod network. */
  readonly vlanId: number | undefined;
  readonly primary: boolean;
  /** Empty if not known. */
  readonly guestInterface: string;
  readonly macAddress: string;
  /** At most 64. */
  readonly addresses: readonly InterfaceAddress[];
  /** Number of reported addresses that are not listed. */
  readonly omittedAddressCount: number;
  readonly state: InterfaceState;
  readonly reason: StateReason;
  readonly message: string;
  readonly evidence: readonly Evidence[];
  /** Since when it is in this state for this reason (state-since.ts), RFC 3339; empty if not known. */
  readonly stateSince: string;
  readonly node: string;
  /** undefined if none was requested. */
  readonly mtu: number | undefined;
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

/** A guest can report any number of addresses. */
const maxAddresses = 64;
/** The longest address has 39 characters, a zone identifier follows. */
const maxAddressLength = 64;
/** The guest chooses the names of its interfaces, and no rule limits what else is reported. */
const maxWord = 253;
const maxMessage = 1_024;

/**
 * One status per NIC, in the order of the VM. `vmi` undefined: the VM has no instance; `spec` undefined: there is no record
 * of the request. Lists and texts that the guest or the cluster chooses are limited, so that no VM can make an answer too
 * long. `stateSince` is the time that KubeVirt reports, empty if it reports none.
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
  const reports = new Map<string, VmiInterfaceStatus>();
  for (const report of vmi?.status?.interfaces ?? []) {
    const { name = "" } = report;
    if (!reports.has(name)) reports.set(name, report);
  }
  const primary = spec === undefined ? interfaces[0]?.name : spec.networks[primaryIndex(spec.networks)]?.name;
  return interfaces.map((nic) => {
    const config = configs.get(nic.name);
    const nad = networks.get(nic.name)?.multus?.networkName;
    const { pendingFields, pendingEffect } = pendingOf(nic.name, pending);
    const drifted = spec && driftedFields(spec, nic, networks.get(nic.name), vmi);
    const reported = reports.get(nic.name);
    return {
      namespace: vm.metadata.namespace ?? "",
      vm: vm.metadata.name,
      nic: nic.name,
      type: config?.type ?? (config === undefined ? typeOf(nic) : "bridge"),
      attachment: nad === undefined ? "" : fullNadName(nad, vm.metadata.namespace ?? ""),
      vlanId: config && requestedVlan(config),
      primary: nic.name === primary,
      guestInterface: bounded(reported?.interfaceName ?? "", maxWord),
      macAddress: bounded(reported?.mac ?? nic.macAddress ?? "", maxWord),
      ...addressesOf(reported, config?.ipConfig),
      node: bounded(vmi?.status?.nodeName ?? "", maxWord),
      mtu: config?.mtu,
      pendingFields,
      pendingEffect,
      driftedFields: drifted?.filter((field) => !pendingFields.includes(field)),
      etag,
      vmUid: vm.metadata.uid ?? "",
      ...judge(vm, vmi, nic.name, reported),
    };
  });
}

/** A NIC of a physical network is untagged unless it names a VLAN; a NAD may have any. */
function requestedVlan({ type, vlanId, nadName }: NetworkConfig): number | undefined {
  if (type === "pod") return undefined;
  return vlanId ?? (nadName === undefined ? 0 : undefined);
}

function addressesOf(
  reported: VmiInterfaceStatus | undefined,
  requested: IpConfig | undefined,
): Pick<InterfaceStatus, "addresses" | "omittedAddressCount"> {
  const { ipAddresses: all = [] } = reported ?? {};
  const listed = all.filter(({ length }) => length <= maxAddressLength).slice(0, maxAddresses);
  return {
    addresses: interfaceAddresses(listed, requested),
    omittedAddressCount: all.length - listed.length,
  };
}

/** The changes of that NIC, and those of the VM that KubeVirt does not attribute to a NIC. */
function pendingOf(
  name: string,
  changes: readonly PendingChange[],
): Pick<InterfaceStatus, "pendingFields" | "pendingEffect"> {
  const own = changes.filter(({ nic, path }) => nic === name || (nic === "" && isOfAllNics(path)));
  const fields = own.map(({ path }) => path || "networks");
  const effect = own.length === 0 ? undefined : worst(own.map((change) => change.effect));
  return { pendingFields: [...new Set(fields)], pendingEffect: effect };
}

/** Empty: KubeVirt does not say what changed. */
const isOfAllNics = (path: string): boolean => ["", "networks", "routing", "guestConfig"].includes(path);

type Verdict = Pick<InterfaceStatus, "state" | "reason" | "message" | "evidence" | "stateSince">;

/** `detail` is added to the reason's message. `since`: when KubeVirt says that it began. */
export function verdict(
  reason: StateReason,
  evidence: readonly Evidence[],
  { detail = "", since = "" }: { readonly detail?: string; readonly since?: string | null | undefined } = {},
): Verdict {
  const [state, message] = stateReasons[reason];
  const shown = evidence.map(({ source, value }) => ({
    source: bounded(source, maxWord),
    value: bounded(value, maxWord),
  }));
  return {
    state,
    reason,
    message: bounded(message + detail, maxMessage),
    evidence: shown,
    stateSince: since ?? "",
  };
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

  if (vmi === undefined) return verdict("VM_STOPPED", [phaseSeen], { detail: printed(vm) });
  if (isFinal(vmi))
    return verdict("VM_STOPPED", [phaseSeen], { detail: printed(vm), since: beginOfPhase(vmi) });
  if (phase === "Unknown") return verdict("NODE_LOST", [phaseSeen], { since: beginOfPhase(vmi) });
  if (phase !== "Running") {
    const { creationTimestamp: since } = vmi.metadata;
    return verdict("VM_STARTING", [phaseSeen], { detail: waitingFor(vm, vmi), since });
  }
  if (!sources.includes("domain")) {
    const isPlugging = sources.includes("multus-status");
    return verdict(isPlugging ? "NOT_PLUGGED_YET" : "NOT_IN_DOMAIN", [phaseSeen, seen("infoSource")]);
  }
  if (reported?.linkState === "down") return verdict("LINK_DOWN", [phaseSeen, seen("linkState")]);
  if (isTrue(conditions, "Paused")) {
    const since = findCondition(conditions, "Paused")?.lastTransitionTime;
    return verdict("VM_PAUSED", [phaseSeen], { since });
  }
  const evidence = [phaseSeen, seen("linkState"), seen("infoSource")];
  if (sources.includes("guest-agent")) return verdict("UP", evidence);
  return verdict(isTrue(conditions, "AgentConnected") ? "NOT_SEEN_BY_GUEST" : "NO_GUEST_AGENT", evidence);
}

/** When the instance entered its present phase, if it says so. */
function beginOfPhase({ status }: VirtualMachineInstance): string | undefined {
  const entered = status?.phaseTransitionTimestamps?.findLast(({ phase }) => phase === status.phase);
  return entered?.phaseTransitionTimestamp;
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
