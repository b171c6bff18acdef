// Field by field: what differs between two resolved VMs, NIC by NIC (by name) and then the machine part.
import type { Nic, ResolvedVm } from "../nic.ts";
import { quantityInBytes } from "../objects/quantity.ts";
import type { ChangeKind } from "./effect-table.ts";
import type { JudgedEffect } from "./effects.ts";
import { guestFields } from "../guest/guest-record.ts";
import { bindingText, podNetwork } from "../compare/instance-fields.ts";
import { judgeChange, type RunningVm, takenBack } from "./running-vm.ts";

/** Values are texts for people; empty: not there. */
export interface FieldChange extends JudgedEffect {
  /** `networks[eth1].vlanId`: by the NIC's name, so that a moved NIC is the same NIC. */
  readonly field: string;
  /** Empty for the machine part. */
  readonly nic: string;
  readonly oldValue: string;
  readonly newValue: string;
}

/**
 * `before` undefined: the VM is new, and so is everything; else as asStored has it. `attachmentNames`: the NAD of each NIC
 * of `after`, NAMESPACE/NAME. `running` undefined: it does not run.
 */
export function fieldChanges(
  before: ResolvedVm | undefined,
  after: ResolvedVm,
  attachmentNames: readonly (string | undefined)[],
  running: RunningVm | undefined,
): readonly FieldChange[] {
  return [
    ...nicChanges(before?.nics ?? [], after.nics, attachmentNames, running),
    ...machineChanges(before, after, running),
  ];
}

type Running = RunningVm | undefined;

function nicChanges(
  before: readonly Nic[],
  after: readonly Nic[],
  attachmentNames: readonly (string | undefined)[],
  running: Running,
): readonly FieldChange[] {
  const old = new Map(before.map((nic) => [nic.name, nic]));
  const wanted = new Set(after.map(({ name }) => name));
  return [
    ...after.flatMap((nic, index) => {
      const was = old.get(nic.name);
      const attachment = attachmentNames[index] ?? podNetwork;
      return was === undefined
        ? addedNic(nic, attachment, running)
        : changedNic(was, nic, attachment, running);
    }),
    ...before.filter(({ name }) => !wanted.has(name)).map((nic) => removedNic(nic, running)),
    ...reordering(
      before.map(({ name }) => name).filter((name) => wanted.has(name)),
      after.map(({ name }) => name).filter((name) => old.has(name)),
      running,
    ),
  ];
}

function removedNic({ name, type }: Nic, running: Running): FieldChange {
  const neverThere = running !== undefined && !running.fields.nics.has(name);
  const effect = neverThere ? takenBack : judgeChange("remove", running);
  return { field: `networks[${name}]`, nic: name, oldValue: type, newValue: "", ...effect };
}

function reordering(
  before: readonly string[],
  after: readonly string[],
  running: Running,
): readonly FieldChange[] {
  if (before.join() === after.join()) return [];
  const values = { oldValue: before.join(", "), newValue: after.join(", ") };
  const current = [...(running?.fields.nics.keys() ?? [])].filter((name) => after.includes(name));
  const effect = current.join() === after.join() ? takenBack : judgeChange("reorder", running);
  return [{ field: "networks", nic: "", ...values, ...effect }];
}

/** Plugging is one thing, the addresses in the guest another. */
function addedNic(nic: Nic, attachment: string, running: Running): readonly FieldChange[] {
  const { name } = nic;
  const field = `networks[${name}]`;
  const common = { nic: name, oldValue: "" };
  const fields = Object.entries(guestFields(nic));
  const configured = fields.every(([guestField, value]) => runsWith(running, name, guestField, value));
  return [
    { ...common, field, newValue: nic.type, ...plugging(nic, attachment, running) },
    {
      ...common,
      field: `${field}.ipConfig`,
      newValue: addressesInWords(nic),
      ...(configured ? takenBack : judgeChange("guest", running)),
    },
  ];
}

/** A NIC that was taken out and comes back before the next start is plugged still. */
function plugging(nic: Nic, attachment: string, running: Running): JudgedEffect {
  const plugged = running?.fields.nics.get(nic.name);
  if (plugged === undefined) return judgeChange(addingKinds[nic.binding.kind], running);
  if (plugged["binding"] !== bindingText(nic.binding)) return judgeChange("binding", running);
  if (plugged["macAddress"] !== nic.mac) return judgeChange("mac", running);
  return plugged["attachment"] === attachment ? takenBack : judgeChange("network", running);
}

const addingKinds = {
  bridge: "add-bridge",
  sriov: "add-sriov",
  plugin: "add-plugin",
  masquerade: "add-pod",
} as const satisfies Record<Nic["binding"]["kind"], ChangeKind>;

function changedNic(before: Nic, after: Nic, attachment: string, running: Running): readonly FieldChange[] {
  const old = nicFields(before, attachmentText(before));
  const wanted = nicFields(after, attachment);
  /** An instance knows a type by its binding, and a VLAN by its NAD. */
  const instanceValues: Readonly<Record<string, readonly [string, string]>> = {
    type: ["binding", bindingText(after.binding)],
    vlanId: ["attachment", attachment],
  };
  return Object.entries(wanted)
    .filter(([field, value]) => old[field] !== value)
    .map(([field, newValue]) => {
      const kind = kindOfNicField(field, before, after);
      const [known, value] = instanceValues[field] ?? [field, newValue];
      const back = kind !== "same-binding" && runsWith(running, after.name, known, value);
      return {
        field: `networks[${after.name}].${field}`,
        nic: after.name,
        oldValue: old[field] ?? "",
        newValue,
        ...(back ? takenBack : judgeChange(kind, running)),
      };
    });
}

/** True when the instance has that value, whatever the VM's object says in between. */
function runsWith(running: Running, nic: string, field: string, value: string): boolean {
  if (running === undefined) return false;
  const { nics, guest } = running.fields;
  const told = guest?.networks[nic];
  return (nics.get(nic)?.[field] ?? (told && (told[field] ?? ""))) === value;
}

function kindOfNicField(field: string, before: Nic, after: Nic): ChangeKind {
  switch (field) {
    case "type":
      return bindingText(before.binding) === bindingText(after.binding) ? "same-binding" : "binding";
    case "vlanId":
    case "attachment":
      return (before.attachment?.kind === "pod") === (after.attachment?.kind === "pod")
        ? "network"
        : "network-kind";
    case "macAddress":
      return "mac";
    case "linkState":
      return after.binding.kind === "sriov" ? "link-state-sriov" : "link-state";
    default:
      return "guest";
  }
}

/** Every field of a NIC that can differ, as text. */
function nicFields(nic: Nic, attachment: string): Readonly<Record<string, string>> {
  return {
    type: nic.type,
    attachment,
    vlanId: nic.vlanId === 0 ? "" : String(nic.vlanId),
    macAddress: nic.mac,
    linkState: nic.linkState,
    ...guestFields(nic),
  };
}

function addressesInWords(nic: Nic): string {
  return nic.mode === "dhcp" ? "dhcp" : nic.addresses.map(({ cidr }) => cidr.text).join(", ");
}

/** The NAD of a NIC as stored, which is what KubeVirt compares. */
function attachmentText({ attachment }: Nic): string {
  if (attachment?.kind === "given") return `${attachment.namespace}/${attachment.name}`;
  return attachment?.kind === "pod" ? podNetwork : "";
}

function machineChanges(
  before: ResolvedVm | undefined,
  after: ResolvedVm,
  running: Running,
): readonly FieldChange[] {
  const old: Readonly<Record<string, string>> = before === undefined ? {} : machineFields(before);
  return Object.entries(machineFields(after))
    .filter(([field, value]) => (old[field] ?? "") !== value)
    .map(([field, newValue]) => {
      const { machine, guest } = running?.fields ?? {};
      const back = (machine?.[field] ?? guest?.machine[field]) === newValue;
      const kind = kindOfMachineField(field as keyof typeof machineKinds, newValue, running);
      const effect = back ? takenBack : judgeChange(kind, running);
      return { field, nic: "", oldValue: old[field] ?? "", newValue, ...effect };
    });
}

function kindOfMachineField(field: keyof typeof machineKinds, value: string, running: Running): ChangeKind {
  return field === "memory" && running !== undefined && canPlugMemory(value, running)
    ? "memory-plug"
    : machineKinds[field];
}

const mebibyte = 2 ** 20;

/** By KubeVirt's rules (pkg/liveupdate/memory, watch/vm); the instance tells how much it may get. */
function canPlugMemory(wanted: string, { stuck, memory: { atBoot, max } }: RunningVm): boolean {
  if (stuck !== undefined || atBoot === undefined || max === undefined) return false;
  const bytes = quantityInBytes(wanted) ?? 0;
  return bytes >= 1024 * mebibyte && bytes >= atBoot && bytes <= max && bytes % (2 * mebibyte) === 0;
}

/** In the order in which they are told. */
const machineKinds = {
  cpu: "cpu",
  memory: "memory",
  disks: "disks",
  "userData.secretName": "user-data-secret",
  runStrategy: "run-strategy",
  routing: "guest",
  guestConfig: "guest",
} as const satisfies Record<string, ChangeKind>;

function machineFields(vm: ResolvedVm): Readonly<Record<keyof typeof machineKinds, string>> {
  return {
    cpu: String(vm.cpu),
    memory: vm.memory,
    disks: vm.disks.map(({ name, source }) => `${name}: ${source.kind} ${source.value}`).join(", "),
    "userData.secretName": vm.userData?.secretName ?? "",
    runStrategy: vm.runStrategy,
    routing: vm.routing,
    guestConfig: vm.guestConfig,
  };
}
