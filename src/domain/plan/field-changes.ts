// The differences between two resolved VMs, field by field, and the effect of each on the running VM.
import { bindingText, rowOfBindingText } from "../bindings.ts";
import { guestFieldsOf, ipConfigText } from "../compare/guest-record.ts";
import { podNetwork } from "../compare/instance-fields.ts";
import {
  type Change,
  changedFields,
  type Fields,
  type GuestField,
  guestFields,
  isGuestField,
  type KubeVirtField,
  nicDifferences,
  nicPath,
} from "../compare/nic-differences.ts";
import { labelsText } from "../labels.ts";
import type { Nic, ResolvedVm } from "../nic.ts";
import { quantityInBytes } from "../objects/quantity.ts";
import { addingKind, type ChangeKind } from "./effect-table.ts";
import type { JudgedEffect } from "./effects.ts";
import { judgeChange, type RunningVm, takenBack } from "./running-vm.ts";

export interface FieldChange extends Change, JudgedEffect {}

/**
 * `before`: from asStored; undefined: the VM is new. `attachmentNames`: the NAD of each NIC of `after`, NAMESPACE/NAME.
 * `running` undefined: the VM does not run.
 */
export function fieldChanges(
  before: ResolvedVm | undefined,
  after: ResolvedVm,
  attachmentNames: readonly (string | undefined)[],
  running: RunningVm | undefined,
): readonly FieldChange[] {
  const old = nicFields(before?.nics ?? [], before?.nics.map(storedNad) ?? []);
  return [
    ...nicChanges(old, nicFields(after.nics, attachmentNames), running),
    ...machineChanges(before, after, running),
  ];
}

type Running = RunningVm | undefined;
type Nics = ReadonlyMap<string, NicFields>;
type NicFields = Readonly<Record<"type" | "vlanId" | KubeVirtField | GuestField, string>>;

/** The binding is compared through `type`. */
const comparedFields = ["type", "attachment", "vlanId", "macAddress", "linkState", ...guestFields] as const;
type ComparedField = (typeof comparedFields)[number];

function nicFields(nics: readonly Nic[], nads: readonly (string | undefined)[]): Nics {
  return new Map(
    nics.map((nic, index) => [
      nic.name,
      {
        type: nic.type,
        binding: bindingText(nic.binding),
        attachment: nads[index] ?? podNetwork,
        vlanId: nic.vlanId === 0 ? "" : String(nic.vlanId),
        macAddress: nic.mac,
        linkState: nic.linkState,
        ...guestFieldsOf(nic),
      },
    ]),
  );
}

/** Empty for a NIC that the object of the VM does not have. */
function storedNad({ attachment }: Nic): string | undefined {
  if (attachment?.kind === "pod") return undefined;
  return attachment?.kind === "given" ? `${attachment.namespace}/${attachment.name}` : "";
}

function nicChanges(before: Nics, after: Nics, running: Running): readonly FieldChange[] {
  const comparison = { fields: comparedFields, nicText: ({ type = "" }: Fields<ComparedField>) => type };
  return nicDifferences(comparison, before, after).flatMap((difference): readonly FieldChange[] => {
    const { kind, change } = difference;
    const old = before.get(change.nic);
    const wanted = after.get(change.nic);
    if (kind === "added" && wanted !== undefined) return addedNic(change, wanted, running);
    if (kind === "field" && old !== undefined && wanted !== undefined) {
      const field = difference.field;
      const changeKind = kindOfNicField(field, old, wanted);
      const isBack = changeKind !== "same-binding" && runsWith(running, change.nic, shownBy(field), wanted);
      return [{ ...change, ...(isBack ? takenBack : judgeChange(changeKind, running)) }];
    }
    const names = [...(running?.fields.nics.keys() ?? [])];
    const isBack =
      kind === "reordered"
        ? names.filter((name) => before.has(name) && after.has(name)).join(", ") === change.newValue
        : running !== undefined && !names.includes(change.nic);
    const changeKind = kind === "reordered" ? "reorder" : "remove";
    return [{ ...change, ...(isBack ? takenBack : judgeChange(changeKind, running)) }];
  });
}

/** Two changes: plugging the NIC, and its configuration in the guest. */
function addedNic(added: Change, wanted: NicFields, running: Running): readonly FieldChange[] {
  const { nic } = added;
  const isConfigured = guestFields.every((field) => runsWith(running, nic, field, wanted));
  const ipConfig = { ...added, path: nicPath(nic, "ipConfig"), newValue: ipConfigText(wanted) };
  return [
    { ...added, ...plugging(nic, wanted, running) },
    { ...ipConfig, ...(isConfigured ? takenBack : judgeChange("guest", running)) },
  ];
}

/** A NIC that was removed and is added again before the next start is still plugged. */
function plugging(nic: string, wanted: NicFields, running: Running): JudgedEffect {
  const plugged = running?.fields.nics.get(nic);
  if (plugged === undefined) return judgeChange(addingKind(wanted.binding), running);
  if (plugged.binding !== wanted.binding) return judgeChange("binding", running);
  if (plugged.macAddress !== wanted.macAddress) return judgeChange("mac", running);
  return plugged.attachment === wanted.attachment ? takenBack : judgeChange("network", running);
}

/** The field of an instance that shows this field: a type by its binding, a VLAN by its NAD. */
function shownBy(field: ComparedField): KubeVirtField | GuestField {
  if (field === "type") return "binding";
  return field === "vlanId" ? "attachment" : field;
}

/** True if the instance has the wanted value, whatever the object of the VM has. */
function runsWith(
  running: Running,
  nic: string,
  field: KubeVirtField | GuestField,
  wanted: NicFields,
): boolean {
  const { nics, guest } = running?.fields ?? {};
  const has: Fields<string> | undefined = isGuestField(field) ? guest?.networks[nic] : nics?.get(nic);
  return has !== undefined && (has[field] ?? "") === wanted[field];
}

function kindOfNicField(field: ComparedField, before: NicFields, after: NicFields): ChangeKind {
  if (isGuestField(field)) return "guest";
  switch (field) {
    case "type":
      return before.binding === after.binding ? "same-binding" : "binding";
    case "vlanId":
    case "attachment":
      return (before.attachment === podNetwork) === (after.attachment === podNetwork)
        ? "network"
        : "network-kind";
    case "macAddress":
      return "mac";
    case "linkState":
      return rowOfBindingText(after.binding).linkState;
  }
}

function machineChanges(
  before: ResolvedVm | undefined,
  after: ResolvedVm,
  running: Running,
): readonly FieldChange[] {
  const { machine, guest } = running?.fields ?? {};
  const current: Fields<MachineField> = { ...machine, ...guest?.machine };
  const old = before === undefined ? {} : machineFields(before);
  return changedFields(machineFieldNames, old, machineFields(after)).map((change) => {
    const { path, newValue } = change;
    const kind =
      path === "memory" && running !== undefined && canPlugMemory(newValue, running)
        ? "memory-plug"
        : machineKinds[path];
    const effect = current[path] === newValue ? takenBack : judgeChange(kind, running);
    return { ...change, ...effect };
  });
}

const mebibyte = 2 ** 20;

/** By KubeVirt's rules (pkg/liveupdate/memory, watch/vm) and the maximum of the instance. */
function canPlugMemory(wanted: string, { stuck, memory: { atBoot, max } }: RunningVm): boolean {
  if (stuck !== undefined || atBoot === undefined || max === undefined) return false;
  const bytes = quantityInBytes(wanted) ?? 0;
  return bytes >= 1024 * mebibyte && bytes >= atBoot && bytes <= max && bytes % (2 * mebibyte) === 0;
}

/** In the order in which they are reported. */
const machineKinds = {
  cpu: "cpu",
  memory: "memory",
  disks: "disks",
  "userData.secretName": "user-data-secret",
  runStrategy: "run-strategy",
  routing: "guest",
  guestConfig: "guest",
  labels: "labels",
} as const satisfies Record<string, ChangeKind>;

type MachineField = keyof typeof machineKinds;
const machineFieldNames = Object.keys(machineKinds) as readonly MachineField[];

function machineFields(vm: ResolvedVm): Readonly<Record<MachineField, string>> {
  return {
    cpu: String(vm.cpu),
    memory: vm.memory,
    disks: vm.disks.map(({ name, source }) => `${name}: ${source.kind} ${source.value}`).join(", "),
    "userData.secretName": vm.userData?.secretName ?? "",
    runStrategy: vm.runStrategy,
    routing: vm.routing,
    guestConfig: vm.guestConfig,
    labels: labelsText(vm.labels),
  };
}
