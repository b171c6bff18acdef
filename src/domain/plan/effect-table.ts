// The kinds of changes to a running VM, one row each, and what KubeVirt and the guest do for them.
import { rowOfBindingText } from "../bindings.ts";
import type { Effect, KubeVirtVersions } from "./effects.ts";

export interface Landing {
  readonly effect: Effect;
  readonly message: string;
}

export interface EffectRow extends Landing {
  /** What changes, for docs/effects.md. */
  readonly change: string;
  /** What older versions of KubeVirt do differently. */
  readonly older?: Partial<Record<KubeVirtVersions, Landing>>;
  /** Versions of KubeVirt whose control plane was observed, recorded in test/vectors or by test/cluster on a real one. */
  readonly proven: readonly KubeVirtVersions[];
  /** KubeVirt sets no condition for the change. */
  readonly silent?: true;
}

const both = ["1.9", "1.8"] as const;

const atBoot = "the guest reads its network-config when it boots; KubeVirt is not involved";

const untilSomebodyMigrates: Landing = {
  effect: "live-migration",
  message: "KubeVirt hotplugs the NIC by a live migration, which someone must start before KubeVirt 1.6",
};

const networkAtStart: Landing = {
  effect: "restart",
  message: "KubeVirt before 1.9 moves a NIC to another network only when the VM is restarted",
};

/** Sources: KubeVirt's pkg/network/vmliveupdate, pkg/network/migration, and its user guide (hotplug_interfaces, nad_reference). */
export const effectTable = {
  "add-bridge": {
    change: "a NIC with the bridge binding added (types bridge and ovs, macvlan through a bridge)",
    effect: "live-migration",
    message: "KubeVirt hotplugs the NIC by a live migration",
    older: { "1.4-1.5": untilSomebodyMigrates },
    proven: both,
  },
  "add-sriov": {
    change: "a NIC of type sriov added",
    effect: "live-migration",
    message: "KubeVirt hotplugs an SR-IOV NIC by a live migration, because the device belongs to the pod",
    older: { "1.4-1.5": untilSomebodyMigrates },
    proven: both,
  },
  "add-plugin": {
    change: "a NIC with a binding plugin added (macvlan through macvtap)",
    effect: "restart",
    message:
      "KubeVirt ignores a new NIC with a binding plugin until the VM is restarted, and no condition reports it",
    proven: both,
    silent: true,
  },
  "add-pod": {
    change: "a NIC of type pod added",
    effect: "restart",
    message: "KubeVirt cannot hotplug a NIC on the pod network",
    proven: both,
  },
  remove: {
    change: "a NIC removed",
    effect: "restart",
    message:
      "the NIC is removed when the VM is restarted; KubeVirt could unplug a bridge NIC earlier (state: absent), but would then own the VM's list of NICs",
    proven: both,
  },
  reorder: {
    change: "the order of the NICs",
    effect: "restart",
    message: "the guest sees the NICs in their new order when the VM is restarted; no condition reports it",
    proven: both,
    silent: true,
  },
  network: {
    change: "the network of a NIC: nadName, physicalNetwork, vlanId, and mtu where the NAD sets it",
    effect: "live-migration",
    message: "KubeVirt moves the NIC to the other network by a live migration",
    older: { "1.8": networkAtStart, "1.6-1.7": networkAtStart, "1.4-1.5": networkAtStart },
    proven: both,
  },
  "network-kind": {
    change: "a NIC moved from the pod network to another network, or back",
    effect: "restart",
    message: "KubeVirt cannot move a NIC between the pod network and another network",
    proven: both,
  },
  binding: {
    change: "the type of a NIC, where the binding changes",
    effect: "restart",
    message: "KubeVirt cannot change the binding of a plugged NIC",
    proven: both,
  },
  "same-binding": {
    change: "the type of a NIC, where the binding stays the same (bridge, ovs, macvlan through a bridge)",
    effect: "none",
    message: "KubeVirt uses the same binding; only the network changes",
    proven: both,
  },
  mac: {
    change: "macAddress",
    effect: "restart",
    message: "KubeVirt cannot change the MAC address of a plugged NIC",
    proven: both,
  },
  "link-state": {
    change: "linkState",
    effect: "live",
    message: "KubeVirt sets the link state in the running domain",
    proven: both,
  },
  "link-state-sriov": {
    change: "linkState of a NIC of type sriov",
    effect: "impossible",
    message: "KubeVirt rejects a link state for an SR-IOV NIC",
    proven: both,
  },
  guest: {
    change: "what the guest configures: ipConfig, routes, primary, priority, mtu, routing",
    effect: "restart",
    message: atBoot,
    proven: ["1.9"],
    silent: true,
  },
  "user-data": {
    change: "userData as text",
    effect: "restart",
    message:
      "the guest reads its user-data when it boots, and cloud-init applies most of it only at the first boot",
    proven: ["1.9"],
    silent: true,
  },
  "user-data-secret": {
    change: "userData from another Secret",
    effect: "restart",
    message: "KubeVirt reads the Secret when it starts the VM",
    proven: both,
  },
  cpu: {
    change: "cpu",
    effect: "restart",
    message: "KubeVirt changes the number of cores only when the VM is restarted",
    proven: ["1.9"],
  },
  memory: {
    change:
      "memory: to less than the VM started with, to more than maxGuest, or of a VM that cannot be migrated or has no maxGuest",
    effect: "restart",
    message: "KubeVirt changes the memory in this way only when the VM is restarted",
    proven: both,
  },
  "memory-plug": {
    change:
      "memory: in steps of 2Mi, from at least 1Gi and what the VM started with, up to the instance's maxGuest",
    effect: "live-migration",
    message: "KubeVirt hotplugs memory by a live migration",
    proven: ["1.9"],
  },
  disks: {
    change: "bootDisk, disks",
    effect: "restart",
    message: "KubeVirt changes the list of disks only when the VM is restarted",
    proven: ["1.9"],
  },
  "run-strategy": {
    change: "runStrategy",
    effect: "live",
    message: "KubeVirt starts or stops the VM accordingly",
    proven: both,
  },
  labels: {
    change: "labels",
    effect: "none",
    message:
      "the labels are those of the VirtualMachine object; KubeVirt gives an instance and its pod the labels of the template",
    proven: [],
  },
} as const satisfies Record<string, EffectRow>;

export type ChangeKind = keyof typeof effectTable;
export const changeKinds = Object.keys(effectTable) as readonly ChangeKind[];

/** `binding` as in InstanceFields, where a plugin is given by name. */
export function addingKind(binding: string): ChangeKind {
  return rowOfBindingText(binding).adding;
}

export function isSilent(kind: ChangeKind): boolean {
  return "silent" in effectTable[kind];
}
