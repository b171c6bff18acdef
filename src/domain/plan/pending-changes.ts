// What a running VM does not have yet of what was asked, field by field: the VM's template beside its instance, and KubeVirt's conditions.
import { findCondition, isTrue } from "../objects/conditions.ts";
import type { VirtualMachine, VirtualMachineInstance } from "../objects/kubernetes.ts";
import { type ChangeKind, effectTable } from "./effect-table.ts";
import type { Effect } from "./effects.ts";
import { type FieldTexts, type GuestRecord, userDataField } from "../guest/guest-record.ts";
import { type InstanceFields, instanceFields, wantedFields } from "../compare/instance-fields.ts";
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
  /** What it waits for: live, live-migration or restart. */
  readonly effect: Effect;
  readonly reason: string;
}

/** NIC by NIC, then the machine; empty when the VM does not run or has everything. */
export function pendingChanges(
  vm: VirtualMachine,
  vmi: VirtualMachineInstance | undefined,
): readonly PendingChange[] {
  const phase = vmi?.status?.phase;
  if (vmi === undefined || phase === "Succeeded" || phase === "Failed") return [];
  const wanted = wantedFields(vm);
  const current = instanceFields(vmi.spec, vmi.metadata.annotations, vmi.metadata.namespace ?? "");
  const nics = nicsApart(wanted, current, vm, vmi);
  const guest = guestApart(wanted.guest, current.guest, nics.length > 0);
  const found = [...nics, ...guest, ...machineApart(wanted, current, vm, vmi)];
  return [...found, ...unnamed(found, vm, vmi)];
}

type Waits = Pick<PendingChange, "effect" | "reason">;

const waitsAs = (kind: ChangeKind): Waits => ({
  effect: effectTable[kind].effect,
  reason: effectTable[kind].reason,
});

function nicsApart(
  { nics: wanted }: InstanceFields,
  { nics: current }: InstanceFields,
  vm: VirtualMachine,
  vmi: VirtualMachineInstance,
): readonly PendingChange[] {
  // KubeVirt gives a VM without NICs one of its own.
  if (wanted.size === 0) return [];
  const kept = (names: Iterable<string>): string =>
    [...names].filter((name) => wanted.has(name) && current.has(name)).join(", ");
  const orders = { oldValue: kept(current.keys()), newValue: kept(wanted.keys()) };
  return [
    ...[...wanted].flatMap(([name, fields]) => {
      const running = current.get(name);
      if (running === undefined) return [missing(name, fields, vmi)];
      return isInDomain(name, vmi) ? fieldsApart(name, fields, running, vm) : [unplugged(name, vmi)];
    }),
    ...[...current.keys()]
      .filter((name) => !wanted.has(name))
      .map((name) => ({ ...ofNic(name), oldValue: "plugged", newValue: "", ...waitsAs("remove") })),
    ...(orders.oldValue === orders.newValue
      ? []
      : [{ field: "networks", nic: "", ...orders, ...waitsAs("reorder") }]),
  ];
}

const ofNic = (nic: string): Pick<PendingChange, "field" | "nic"> => ({ field: `networks[${nic}]`, nic });

/** KubeVirt gives the instance a new NIC at once where it can plug it. */
function missing(nic: string, { binding }: FieldTexts, vmi: VirtualMachineInstance): PendingChange {
  const values = { oldValue: "", newValue: "plugged" };
  if (binding === "bridge" || binding === "sriov") return { ...ofNic(nic), ...values, ...byMigration(vmi) };
  const kind = binding === "masquerade" || binding === "passtBinding" ? "add-pod" : "add-plugin";
  return { ...ofNic(nic), ...values, ...waitsAs(kind) };
}

function unplugged(nic: string, vmi: VirtualMachineInstance): PendingChange {
  return { ...ofNic(nic), oldValue: "", newValue: "plugged", ...byMigration(vmi) };
}

/** Before the domain is reported nothing is known to be missing in it. */
function isInDomain(nic: string, vmi: VirtualMachineInstance): boolean {
  const sources = (name: string | undefined): readonly string[] =>
    (vmi.status?.interfaces ?? [])
      .filter((status) => name === undefined || status.name === name)
      .flatMap(({ infoSource = "" }) => infoSource.split(",").map((source) => source.trim()));
  return sources(nic).includes("domain") || !sources(undefined).includes("domain");
}

function byMigration(vmi: VirtualMachineInstance): Waits {
  const stuck = whyStuck(vmi);
  if (stuck !== undefined) {
    return {
      effect: "restart",
      reason: `it needs a live migration, but this VM cannot be migrated (${stuck}); restart it`,
    };
  }
  return {
    effect: "live-migration",
    reason: isTrue(vmi.status?.conditions, "MigrationRequired")
      ? "KubeVirt requests a live migration; if none starts, migrate or restart the VM"
      : "KubeVirt is about to apply it, by a live migration if necessary",
  };
}

const nicKinds = { binding: "binding", macAddress: "mac", linkState: "link-state" } as const;

function fieldsApart(
  nic: string,
  wanted: FieldTexts,
  current: FieldTexts,
  vm: VirtualMachine,
): readonly PendingChange[] {
  return Object.entries(wanted)
    .filter(([field, value]) => current[field] !== value)
    .map(([field, newValue]) => ({
      field: `networks[${nic}].${field === "binding" ? "type" : field}`,
      nic,
      oldValue: current[field] ?? "",
      newValue,
      ...(field === "attachment" ? networkWaits(vm) : waitsAs(nicKinds[field as keyof typeof nicKinds])),
    }));
}

/** KubeVirt gives the instance another NAD at once, or says that it wants a restart (before 1.9). */
function networkWaits(vm: VirtualMachine): Waits {
  return isTrue(vm.status?.conditions, "RestartRequired")
    ? { effect: "restart", reason: "KubeVirt moves the NIC to the other network when the VM is restarted" }
    : { effect: "live-migration", reason: effectTable.network.reason };
}

/** An instance that was started without a record tells nothing. */
function guestApart(
  wanted: GuestRecord | undefined,
  current: GuestRecord | undefined,
  explained: boolean,
): readonly PendingChange[] {
  if (wanted === undefined || current === undefined) return [];
  const found = [
    ...Object.entries(wanted.networks).flatMap(([nic, now]) => {
      const then = current.networks[nic];
      return then === undefined ? [newInGuest(nic, now)] : textsApart(`networks[${nic}].`, nic, now, then);
    }),
    ...textsApart("", "", wanted.machine, current.machine),
  ];
  if (found.length > 0 || explained || wanted.digest === current.digest) return found;
  // The same in other words, as after an update of this program.
  return [{ field: "networks", nic: "", oldValue: "", newValue: "", ...waitsAs("guest") }];
}

/** As a plan tells it: in one line. */
function newInGuest(nic: string, now: FieldTexts): PendingChange {
  const newValue = now["ipConfig.addresses"] ?? now["ipConfig.mode"] ?? "";
  return { field: `networks[${nic}].ipConfig`, nic, oldValue: "", newValue, ...waitsAs("guest") };
}

function textsApart(path: string, nic: string, now: FieldTexts, then: FieldTexts): readonly PendingChange[] {
  return [...new Set([...Object.keys(now), ...Object.keys(then)])]
    .filter((field) => now[field] !== then[field])
    .map((field) =>
      field === userDataField
        ? { field, nic, oldValue: "", newValue: "", ...waitsAs("user-data") }
        : {
            field: `${path}${field}`,
            nic,
            oldValue: then[field] ?? "",
            newValue: now[field] ?? "",
            ...waitsAs("guest"),
          },
    );
}

function machineApart(
  wanted: InstanceFields,
  current: InstanceFields,
  vm: VirtualMachine,
  vmi: VirtualMachineInstance,
): readonly PendingChange[] {
  const kinds = { cpu: "cpu", "userData.secretName": "user-data-secret" } as const;
  const fields = Object.entries(kinds).flatMap(([field, kind]) => {
    const [oldValue, newValue] = [current.machine[field], wanted.machine[field]];
    return newValue === undefined || oldValue === undefined || newValue === oldValue
      ? []
      : [{ field, nic: "", oldValue, newValue, ...waitsAs(kind) }];
  });
  const memory = memoryApart(wanted, current, vm, vmi);
  const disksInWords = ({ disks }: InstanceFields, among: InstanceFields): string =>
    Object.entries(disks)
      .filter(([name]) => Object.hasOwn(among.disks, name))
      .map(([name, source]) => `${name}: ${source}`)
      .toSorted()
      .join(", ");
  // A disk that only the instance has may have been plugged into it alone.
  const oldValue = disksInWords(current, wanted);
  const newValue = disksInWords(wanted, wanted);
  return oldValue === newValue
    ? [...fields, ...memory]
    : [...fields, ...memory, { field: "disks", nic: "", oldValue, newValue, ...waitsAs("disks") }];
}

/** Memory that can be plugged goes to the instance at once, and to the guest by a migration. */
function memoryApart(
  wanted: InstanceFields,
  current: InstanceFields,
  vm: VirtualMachine,
  vmi: VirtualMachineInstance,
): readonly PendingChange[] {
  const has = vmi.status?.memory?.guestRequested ?? current.machine["memory"] ?? "";
  const { memory: newValue = "" } = wanted.machine;
  const plugging = isTrue(vmi.status?.conditions, "MemoryChange");
  if (newValue === "" || (newValue === current.machine["memory"] && !plugging)) return [];
  const restarts = isTrue(vm.status?.conditions, "RestartRequired");
  const plugs = vmi.spec.domain.memory?.maxGuest !== undefined && !restarts;
  const waits = plugging || plugs ? byMigration(vmi) : waitsAs("memory");
  return [{ field: "memory", nic: "", oldValue: has, newValue, ...waits }];
}

/** What KubeVirt asks for and no field above explains. */
function unnamed(
  found: readonly PendingChange[],
  vm: VirtualMachine,
  vmi: VirtualMachineInstance,
): readonly PendingChange[] {
  const somewhere = { nic: "", oldValue: "", newValue: "" };
  const silent = new Set<string>(
    Object.values(effectTable).flatMap((row) => ("silent" in row ? [row.reason] : [])),
  );
  const explained = found.some(({ effect, reason }) => effect === "restart" && !silent.has(reason));
  const restart = findCondition(vm.status?.conditions, "RestartRequired");
  const migration = findCondition(vmi.status?.conditions, "MigrationRequired");
  const plugging = found.some(({ newValue, nic }) => nic !== "" && newValue === "plugged");
  return [
    ...(restart?.status === "True" && !explained
      ? [
          {
            ...somewhere,
            field: "",
            effect: "restart" as const,
            reason: `KubeVirt requests a restart: ${restart.message ?? restart.reason ?? "it gives no reason"}`,
          },
        ]
      : []),
    ...(migration !== undefined && !plugging
      ? [{ ...somewhere, field: "networks", ...byMigration(vmi) }]
      : []),
  ];
}
