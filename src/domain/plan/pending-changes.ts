// What a running VM does not have yet of what was asked, field by field: the VM's template beside its instance, and KubeVirt's conditions.
import { type GuestMachineField, guestMachineFields, ipConfigText } from "../compare/guest-record.ts";
import {
  type GuestFields,
  type InstanceFields,
  instanceFields,
  wantedFields,
} from "../compare/instance-fields.ts";
import {
  fieldDifferences,
  guestFields,
  type FieldDifference,
  type KubeVirtField,
  kubeVirtFields,
  nicDifferences,
  nicPath,
} from "../compare/nic-differences.ts";
import { findCondition, isTrue } from "../objects/conditions.ts";
import { infoSources, isFinal } from "../objects/instance-status.ts";
import type { VirtualMachine, VirtualMachineInstance, VmiInterfaceStatus } from "../objects/kubernetes.ts";
import { addingKind, type ChangeKind, effectTable, isAdding, isSilent } from "./effect-table.ts";
import type { Effect } from "./effects.ts";
import { whyStuck } from "./running-vm.ts";

/** A change that waits. Values are texts for people; empty: not there, or not told. */
export interface PendingChange {
  /** As in a plan: `networks[eth1].macAddress`; empty where KubeVirt does not say which. */
  readonly field: string;
  /** Empty for the machine part. */
  readonly nic: string;
  /** What the running VM has. */
  readonly oldValue: string;
  readonly newValue: string;
  /** undefined where KubeVirt does not say what changed. */
  readonly kind: ChangeKind | undefined;
  /** What it waits for: live, live-migration or restart. */
  readonly effect: Effect;
  readonly reason: string;
}

/** NIC by NIC, then the machine; empty when the VM does not run or has everything. */
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

type Waits = Pick<PendingChange, "kind" | "effect" | "reason">;

const waitsAs = (kind: ChangeKind): Waits => ({
  kind,
  effect: effectTable[kind].effect,
  reason: effectTable[kind].reason,
});

function nicChanges(
  { nics: wanted }: InstanceFields,
  { nics: current }: InstanceFields,
  vm: VirtualMachine,
  vmi: VirtualMachineInstance,
): readonly PendingChange[] {
  // KubeVirt gives a VM without NICs one of its own.
  if (wanted.size === 0) return [];
  return nicDifferences(kubeVirtFields, current, wanted, (nic) => isInDomain(nic, vmi)).map(
    (difference): PendingChange => {
      const { path: field, nic } = difference;
      switch (difference.kind) {
        case "added": {
          const kind = addingKind(difference.fields.binding ?? "");
          // KubeVirt gives the instance a new NIC at once where it can plug it.
          const plugs = current.has(nic) || kind === "add-bridge" || kind === "add-sriov";
          const waits = plugs ? byMigration(kind, vmi) : waitsAs(kind);
          return { field, nic, oldValue: "", newValue: "plugged", ...waits };
        }
        case "removed":
          return { field, nic, oldValue: "plugged", newValue: "", ...waitsAs("remove") };
        case "field": {
          const { oldValue, newValue } = difference;
          const waits =
            difference.field === "attachment" ? networkWaits(vm) : waitsAs(nicKinds[difference.field]);
          return { field, nic, oldValue, newValue, ...waits };
        }
        case "reordered": {
          const { oldValue, newValue } = difference;
          return { field, nic, oldValue, newValue, ...waitsAs("reorder") };
        }
      }
    },
  );
}

const nicKinds: Readonly<Record<Exclude<KubeVirtField, "attachment">, ChangeKind>> = {
  binding: "binding",
  macAddress: "mac",
  linkState: "link-state",
};

/** Before the domain is reported nothing is known to be missing in it. */
function isInDomain(nic: string, vmi: VirtualMachineInstance): boolean {
  const { interfaces = [] } = vmi.status ?? {};
  const isReported = (status: VmiInterfaceStatus): boolean => infoSources(status).includes("domain");
  return (
    interfaces.some((status) => status.name === nic && isReported(status)) || !interfaces.some(isReported)
  );
}

function byMigration(kind: ChangeKind | undefined, vmi: VirtualMachineInstance): Waits {
  const stuck = whyStuck(vmi);
  if (stuck !== undefined) {
    return {
      kind,
      effect: "restart",
      reason: `it needs a live migration, and this VM cannot be migrated (${stuck}): restart it`,
    };
  }
  return {
    kind,
    effect: "live-migration",
    reason: isTrue(vmi.status?.conditions, "MigrationRequired")
      ? "KubeVirt asks for a live migration; where none begins, migrate or restart the VM"
      : "KubeVirt is about to do it, by a live migration if need be",
  };
}

/** KubeVirt gives the instance another NAD at once, or says that it wants a restart (before 1.9). */
function networkWaits(vm: VirtualMachine): Waits {
  return isTrue(vm.status?.conditions, "RestartRequired")
    ? {
        kind: "network",
        effect: "restart",
        reason: "KubeVirt moves the NIC to the other network when the VM is restarted",
      }
    : waitsAs("network");
}

/** An instance that was started without a record is not judged. */
function guestChanges(
  wanted: GuestFields | undefined,
  current: GuestFields | undefined,
  explained: boolean,
): readonly PendingChange[] {
  if (wanted === undefined || current === undefined) return [];
  const found = [
    ...nicDifferences(guestFields, current.nics, wanted.nics).flatMap(
      (difference): readonly PendingChange[] => {
        const { path: field, nic } = difference;
        if (difference.kind === "added") {
          const newValue = ipConfigText(difference.fields);
          return [{ field: nicPath(nic, "ipConfig"), nic, oldValue: "", newValue, ...waitsAs("guest") }];
        }
        if (difference.kind !== "field") return [];
        const { oldValue, newValue } = difference;
        return [{ field, nic, oldValue, newValue, ...waitsAs("guest") }];
      },
    ),
    ...fieldDifferences(guestMachineFields, current.machine, wanted.machine).map(guestMachineChange),
  ];
  if (found.length > 0 || explained || wanted.digest === current.digest) return found;
  // The same in other words, as after an update of multinic.
  return [{ field: "networks", nic: "", oldValue: "", newValue: "", ...waitsAs("guest") }];
}

/** Versions of user-data mean nothing to a reader. */
function guestMachineChange(difference: FieldDifference<GuestMachineField>): PendingChange {
  return difference.field === "userData.text"
    ? { field: difference.field, nic: "", oldValue: "", newValue: "", ...waitsAs("user-data") }
    : { ...difference, nic: "", ...waitsAs("guest") };
}

function machineChanges(
  wanted: InstanceFields,
  current: InstanceFields,
  vm: VirtualMachine,
  vmi: VirtualMachineInstance,
): readonly PendingChange[] {
  const fields = fieldDifferences(["cpu", "userData.secretName"], current.machine, wanted.machine)
    .filter(({ oldValue, newValue }) => oldValue !== "" && newValue !== "")
    .map((difference) => ({ ...difference, nic: "", ...waitsAs(machineKinds[difference.field]) }));
  const memory = memoryChanges(wanted, current, vm, vmi);
  // A disk that only the instance has may have been plugged into it alone.
  const disksText = ({ disks }: InstanceFields): string =>
    [...disks]
      .filter(([name]) => wanted.disks.has(name))
      .map(([name, source]) => `${name}: ${source}`)
      .toSorted()
      .join(", ");
  const oldValue = disksText(current);
  const newValue = disksText(wanted);
  return oldValue === newValue
    ? [...fields, ...memory]
    : [...fields, ...memory, { field: "disks", nic: "", oldValue, newValue, ...waitsAs("disks") }];
}

const machineKinds = { cpu: "cpu", "userData.secretName": "user-data-secret" } as const;

/** Memory that can be plugged goes to the instance at once, and to the guest by a migration. */
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
  const waits = plugging || plugs ? byMigration("memory-plug", vmi) : waitsAs("memory");
  return [{ field: "memory", nic: "", oldValue, newValue, ...waits }];
}

/** What KubeVirt asks for and no field above explains. */
function unnamed(
  found: readonly PendingChange[],
  vm: VirtualMachine,
  vmi: VirtualMachineInstance,
): readonly PendingChange[] {
  const unknown = { nic: "", oldValue: "", newValue: "", kind: undefined };
  const explained = found.some(
    ({ effect, kind }) => effect === "restart" && kind !== undefined && !isSilent(kind),
  );
  const restart = findCondition(vm.status?.conditions, "RestartRequired");
  const migration = findCondition(vmi.status?.conditions, "MigrationRequired");
  const plugging = found.some(({ kind }) => kind !== undefined && isAdding(kind));
  return [
    ...(restart?.status === "True" && !explained
      ? [
          {
            ...unknown,
            field: "",
            effect: "restart" as const,
            reason: `KubeVirt asks for a restart: ${restart.message ?? restart.reason ?? "it does not say why"}`,
          },
        ]
      : []),
    ...(migration !== undefined && !plugging
      ? [{ ...unknown, field: "networks", ...byMigration(undefined, vmi) }]
      : []),
  ];
}
