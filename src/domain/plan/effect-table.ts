// Every kind of change that can be made to a running VM, and what KubeVirt and the guest make of it: one row, one kind.
import type { Effect, KubeVirtVersions } from "./effects.ts";

export interface Landing {
  readonly effect: Effect;
  readonly reason: string;
}

export interface EffectRow extends Landing {
  /** What changes, for docs/effects.md. */
  readonly change: string;
  /** Where an older KubeVirt does otherwise. */
  readonly older?: Partial<Record<KubeVirtVersions, Landing>>;
  /** Versions whose own control plane was seen doing so: recorded in test/vectors, or by test/cluster on the real one. */
  readonly proven: readonly KubeVirtVersions[];
  /** KubeVirt shows no condition. */
  readonly silent?: true;
}

const both = ["1.9", "1.8"] as const;

const atBoot = "the guest reads its network-config when it boots; KubeVirt knows nothing of it";

const untilSomebodyMigrates: Landing = {
  effect: "live-migration",
  reason: "KubeVirt plugs the NIC by a live migration, which before 1.6 somebody has to start",
};

const networkAtStart: Landing = {
  effect: "restart",
  reason: "KubeVirt before 1.9 moves a NIC to another network at the next start only",
};

/** Sources: KubeVirt's pkg/network/vmliveupdate, pkg/network/migration, and its user guide (hotplug_interfaces, nad_reference). */
export const effectTable = {
  "add-bridge": {
    change: "a NIC of binding bridge added (types bridge and ovs, macvlan by a bridge)",
    effect: "live-migration",
    reason: "KubeVirt plugs the NIC by a live migration",
    older: { "1.4-1.5": untilSomebodyMigrates },
    proven: both,
  },
  "add-sriov": {
    change: "a NIC of type sriov added",
    effect: "live-migration",
    reason: "KubeVirt plugs an SR-IOV NIC by a live migration, since the device comes with the pod",
    older: { "1.4-1.5": untilSomebodyMigrates },
    proven: both,
  },
  "add-plugin": {
    change: "a NIC of a binding plugin added (macvlan by macvtap)",
    effect: "restart",
    reason:
      "KubeVirt ignores a new NIC of a binding plugin until the next start, and shows no condition that says so",
    proven: both,
    silent: true,
  },
  "add-pod": {
    change: "a NIC of type pod added",
    effect: "restart",
    reason: "KubeVirt plugs no NIC on the pod network",
    proven: both,
  },
  remove: {
    change: "a NIC removed",
    effect: "restart",
    reason:
      "the NIC goes at the next start; KubeVirt could unplug a bridge NIC before (state absent), but would then own the VM's list of NICs",
    proven: both,
  },
  reorder: {
    change: "the order of the NICs",
    effect: "restart",
    reason: "the guest sees the NICs in their new order after a start; KubeVirt shows no condition",
    proven: both,
    silent: true,
  },
  network: {
    change: "the network of a NIC: nadName, physicalNetwork, vlanId, and mtu where the NAD carries it",
    effect: "live-migration",
    reason: "KubeVirt moves the NIC to the other network by a live migration",
    older: { "1.8": networkAtStart, "1.6-1.7": networkAtStart, "1.4-1.5": networkAtStart },
    proven: both,
  },
  "network-kind": {
    change: "a NIC from the pod network to another or back",
    effect: "restart",
    reason: "KubeVirt moves no NIC between the pod network and another",
    proven: both,
  },
  binding: {
    change: "the type of a NIC, where the binding differs",
    effect: "restart",
    reason: "KubeVirt cannot change the binding of a plugged NIC",
    proven: both,
  },
  "same-binding": {
    change: "the type of a NIC, where the binding stays (bridge, ovs, macvlan by a bridge)",
    effect: "none",
    reason: "for KubeVirt it is the same binding; only the network differs",
    proven: both,
  },
  mac: {
    change: "macAddress",
    effect: "restart",
    reason: "KubeVirt cannot change the address of a plugged NIC",
    proven: both,
  },
  "link-state": {
    change: "linkState",
    effect: "live",
    reason: "KubeVirt sets the link of the running domain",
    proven: both,
  },
  "link-state-sriov": {
    change: "linkState of a NIC of type sriov",
    effect: "impossible",
    reason: "KubeVirt refuses a link state on an SR-IOV NIC",
    proven: both,
  },
  guest: {
    change: "what the guest configures: ipConfig, routes, primary, priority, mtu, routing",
    effect: "restart",
    reason: atBoot,
    proven: ["1.9"],
    silent: true,
  },
  "user-data": {
    change: "userData as text",
    effect: "restart",
    reason: "the guest reads its user-data when it boots, and cloud-init most of it at the first boot only",
    proven: ["1.9"],
    silent: true,
  },
  "user-data-secret": {
    change: "userData from another Secret",
    effect: "restart",
    reason: "KubeVirt reads the Secret when it starts the VM",
    proven: both,
  },
  cpu: {
    change: "cpu",
    effect: "restart",
    reason: "KubeVirt changes the number of cores at a start only",
    proven: ["1.9"],
  },
  memory: {
    change:
      "memory: less than at the start, more than maxGuest, or of a VM that cannot be migrated or has no maxGuest",
    effect: "restart",
    reason: "KubeVirt changes this memory at a start only",
    proven: both,
  },
  "memory-plug": {
    change: "memory: in blocks of 2Mi from 1Gi and what the VM started with up to the instance's maxGuest",
    effect: "live-migration",
    reason: "KubeVirt plugs memory by a live migration",
    proven: ["1.9"],
  },
  disks: {
    change: "bootDisk, disks",
    effect: "restart",
    reason: "KubeVirt takes another list of disks at a start only",
    proven: ["1.9"],
  },
  "run-strategy": {
    change: "runStrategy",
    effect: "live",
    reason: "KubeVirt starts or stops the VM accordingly",
    proven: both,
  },
} as const satisfies Record<string, EffectRow>;

export type ChangeKind = keyof typeof effectTable;
export const changeKinds = Object.keys(effectTable) as readonly ChangeKind[];

/** `binding` as in InstanceFields, where a plugin has its own name. */
export function addingKind(binding: string): ChangeKind {
  if (binding === "bridge" || binding === "sriov") return `add-${binding}`;
  return binding === "masquerade" || binding === "passtBinding" ? "add-pod" : "add-plugin";
}

export function isSilent(kind: ChangeKind): boolean {
  return "silent" in effectTable[kind];
}
