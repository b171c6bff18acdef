// Changes that a running VM does not have yet: compares the template of the VM with its instance, and reads KubeVirt's
// conditions.
import { bounded } from "../bounded-text.ts";
import { bindings } from "../bindings.ts";
import { guestDifferences, guestMachineFields, type GuestRecord } from "../compare/guest-record.ts";
import { type InstanceFields, instanceFields, wantedFields } from "../compare/instance-fields.ts";
import {
  type Change,
  changedFields,
  guestFields,
  type KubeVirtField,
  kubeVirtFields,
  nicDifferences,
} from "../compare/nic-differences.ts";
import { findCondition, isTrue } from "../objects/conditions.ts";
import { infoSources, isFinal } from "../objects/instance-status.ts";
import type { VirtualMachine, VirtualMachineInstance } from "../objects/kubernetes.ts";
import { addingKind, type ChangeKind, effectTable, isSilent } from "./effect-table.ts";
import type { Effect } from "./effects.ts";
import { whyStuck } from "./running-vm.ts";

/** A change from what the running VM has; `path` is empty if KubeVirt does not say what changed. */
export interface PendingChange extends Change, Waits {}

interface Waits {
  /** undefined if KubeVirt does not say what changed. */
  readonly kind: ChangeKind | undefined;
  /** What it waits for: live, live-migration or restart. */
  readonly effect: Effect;
  readonly message: string;
}

/** NIC by NIC, then the machine; empty if the VM does not run or has all changes. */
export function pendingChanges(
  vm: VirtualMachine,
  vmi: VirtualMachineInstance | undefined,
): readonly PendingChange[] {
  if (vmi === undefined || isFinal(vmi)) return [];
  const wanted = wantedFields(vm);
  const current = instanceFields(vmi);
  const nics = nicChanges(wanted, current, vm, vmi);
  const guest = guestChanges(wanted.guest, current.guest, nics.length > 0);
  const found = [...nics, ...guest, ...machineChanges(wanted, current, vm, vmi)];
  return [...found, ...unnamed(found, vm, vmi)];
}

function waitsAs(kind: ChangeKind): Waits {
  const { effect, message } = effectTable[kind];
  return { kind, effect, message };
}

function nicChanges(
  { nics: wanted }: InstanceFields,
  { nics: current }: InstanceFields,
  vm: VirtualMachine,
  vmi: VirtualMachineInstance,
): readonly PendingChange[] {
  // KubeVirt adds a default NIC to a VM without NICs.
  if (wanted.size === 0) return [];
  const comparison = {
    fields: kubeVirtFields,
    nicText: () => "plugged",
    isPresent: isInDomainOf(vmi),
  };
  return nicDifferences(comparison, current, wanted).map((difference) => {
    const { kind, change } = difference;
    if (kind === "removed") return { ...change, ...waitsAs("remove") };
    if (kind === "reordered") return { ...change, ...waitsAs("reorder") };
    if (kind === "field") return { ...change, ...fieldWaits(difference.field, vm) };
    const adding = waitsAs(addingKind(wanted.get(change.nic)?.binding ?? ""));
    // KubeVirt adds a new NIC to the instance at once if it can plug it.
    const isPlugging = current.has(change.nic) || adding.effect === "live-migration";
    return { ...change, ...adding, ...(isPlugging ? byMigration(vmi) : {}) };
  });
}

const nicKinds: Readonly<Record<KubeVirtField, ChangeKind>> = {
  binding: "binding",
  attachment: "network",
  macAddress: "mac",
  linkState: "link-state",
};

/** KubeVirt sets the new NAD in the instance at once, or requests a restart (before 1.9). */
function fieldWaits(field: KubeVirtField, { status }: VirtualMachine): Waits {
  const waits = waitsAs(nicKinds[field]);
  if (field !== "attachment" || !isTrue(status?.conditions, "RestartRequired")) return waits;
  const message = "KubeVirt moves the NIC to the other network when the VM is restarted";
  return { ...waits, effect: "restart", message };
}

/** True also while the domain is not reported yet: then nothing is known to be missing. */
function isInDomainOf({ status }: VirtualMachineInstance): (nic: string) => boolean {
  const inDomain = (status?.interfaces ?? []).filter((nic) => infoSources(nic).includes("domain"));
  const names = new Set(inDomain.map(({ name }) => name));
  return (nic) => names.has(nic) || inDomain.length === 0;
}

function byMigration(vmi: VirtualMachineInstance): Pick<Waits, "effect" | "message"> {
  const stuck = whyStuck(vmi);
  if (stuck !== undefined) {
    return {
      effect: "restart",
      message: `it needs a live migration, but this VM cannot be migrated (${stuck}); restart it`,
    };
  }
  return {
    effect: "live-migration",
    message: isTrue(vmi.status?.conditions, "MigrationRequired")
      ? "KubeVirt requests a live migration; if none starts, migrate or restart the VM"
      : "KubeVirt is about to apply it, by a live migration if necessary",
  };
}

/** Empty for an instance that was started without a record. */
function guestChanges(
  wanted: GuestRecord | undefined,
  current: GuestRecord | undefined,
  explained: boolean,
): readonly PendingChange[] {
  if (wanted === undefined || current === undefined) return [];
  const before = new Map(Object.entries(current.networks));
  const after = new Map(Object.entries(wanted.networks));
  const found = [
    ...guestDifferences(guestFields, before, after).map((change) => ({ ...change, ...waitsAs("guest") })),
    ...changedFields(guestMachineFields, current.machine, wanted.machine).map((change) =>
      change.path === "userData.text"
        ? { ...change, oldValue: "", newValue: "", ...waitsAs("user-data") }
        : { ...change, ...waitsAs("guest") },
    ),
  ];
  if (found.length > 0 || explained || wanted.digest === current.digest) return found;
  // The same configuration rendered differently, as after an update of multinic.
  return [{ ...unknown, path: "networks", ...waitsAs("guest") }];
}

function machineChanges(
  wanted: InstanceFields,
  current: InstanceFields,
  vm: VirtualMachine,
  vmi: VirtualMachineInstance,
): readonly PendingChange[] {
  const fields = changedFields(["cpu", "userData.secretName"], current.machine, wanted.machine)
    .filter(({ oldValue, newValue }) => oldValue !== "" && newValue !== "")
    .map((change) => ({ ...change, ...waitsAs(change.path === "cpu" ? "cpu" : "user-data-secret") }));
  const memory = memoryChanges(wanted, current, vm, vmi);
  // A disk that only the instance has may have been hotplugged.
  const disksText = ({ disks }: InstanceFields): string =>
    [...disks]
      .filter(([name]) => wanted.disks.has(name))
      .map(([name, source]) => `${name}: ${source}`)
      .toSorted()
      .join(", ");
  const disks = changedFields(["disks"], { disks: disksText(current) }, { disks: disksText(wanted) });
  return [...fields, ...memory, ...disks.map((change) => ({ ...change, ...waitsAs("disks") }))];
}

/** KubeVirt sets memory that it can hotplug in the instance at once, and in the guest by a migration. */
function memoryChanges(
  wanted: InstanceFields,
  current: InstanceFields,
  vm: VirtualMachine,
  vmi: VirtualMachineInstance,
): readonly PendingChange[] {
  const oldValue = vmi.status?.memory?.guestRequested ?? current.machine.memory;
  const { memory: newValue } = wanted.machine;
  const plugging = isTrue(vmi.status?.conditions, "MemoryChange");
  if (newValue === "" || (newValue === current.machine.memory && !plugging)) return [];
  const restarts = isTrue(vm.status?.conditions, "RestartRequired");
  const plugs = vmi.spec.domain.memory?.maxGuest !== undefined && !restarts;
  const waits = plugging || plugs ? { ...waitsAs("memory-plug"), ...byMigration(vmi) } : waitsAs("memory");
  return [{ path: "memory", nic: "", oldValue, newValue, ...waits }];
}

/** The message of a condition, which nothing limits. */
const maxWhy = 1_024;

const unknown = { path: "", nic: "", oldValue: "", newValue: "", kind: undefined };
const addingKinds: ReadonlySet<unknown> = new Set(Object.values(bindings).map(({ adding }) => adding));

/** Requests of KubeVirt that none of the found changes explains. */
function unnamed(
  found: readonly PendingChange[],
  vm: VirtualMachine,
  vmi: VirtualMachineInstance,
): readonly PendingChange[] {
  const explained = found.some(
    ({ effect, kind }) => effect === "restart" && kind !== undefined && !isSilent(kind),
  );
  const restart = findCondition(vm.status?.conditions, "RestartRequired");
  const migration = findCondition(vmi.status?.conditions, "MigrationRequired");
  const plugging = found.some(({ kind }) => addingKinds.has(kind));
  const why = bounded(restart?.message ?? restart?.reason ?? "it gives no reason", maxWhy);
  return [
    ...(restart?.status === "True" && !explained
      ? [{ ...unknown, effect: "restart" as const, message: `KubeVirt requests a restart: ${why}` }]
      : []),
    ...(migration !== undefined && !plugging ? [{ ...unknown, path: "networks", ...byMigration(vmi) }] : []),
  ];
}
