// Field by field: what differs between two resolved VMs, and what each difference does to the running VM.
import { ipConfigText, guestFieldsOf } from "../compare/guest-record.ts";
import { bindingText, podNetwork } from "../compare/instance-fields.ts";
import {
  fieldDifferences,
  type Fields,
  type GuestField,
  guestFields,
  isGuestField,
  type KubeVirtField,
  type NicDifference,
  nicDifferences,
  nicPath,
} from "../compare/nic-differences.ts";
import type { Nic, ResolvedVm } from "../nic.ts";
import { quantityInBytes } from "../objects/quantity.ts";
import { addingKind, type ChangeKind } from "./effect-table.ts";
import type { JudgedEffect } from "./effects.ts";
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

export interface WantedVm {
  readonly vm: ResolvedVm;
  /** The NAD of each NIC, NAMESPACE/NAME; undefined for the pod network. */
  readonly attachmentNames: readonly (string | undefined)[];
}

/**
 * `before`: with the NADs of the VM's object (as-stored.ts); undefined: the VM is new, and so is everything. `running`
 * undefined: it does not run.
 */
export function fieldChanges(
  before: ResolvedVm | undefined,
  after: WantedVm,
  running: RunningVm | undefined,
): readonly FieldChange[] {
  const nics = {
    before: nicFields(before?.nics ?? [], before?.nics.map(storedNad) ?? []),
    after: nicFields(after.vm.nics, after.attachmentNames),
    running,
  };
  return [
    ...nicDifferences(comparedFields, nics.before, nics.after).flatMap((difference) =>
      nicChanges(difference, nics),
    ),
    ...machineChanges(before, after.vm, running),
  ];
}

type Running = RunningVm | undefined;
type NicFields = Readonly<Record<"type" | "vlanId" | KubeVirtField | GuestField, string>>;

/** A binding shows as the type of its NIC. */
const comparedFields = ["type", "attachment", "vlanId", "macAddress", "linkState", ...guestFields] as const;
type ComparedField = (typeof comparedFields)[number];

function nicFields(
  nics: readonly Nic[],
  nads: readonly (string | undefined)[],
): ReadonlyMap<string, NicFields> {
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

/** Empty for a NIC that the VM's object does not have. */
function storedNad({ attachment }: Nic): string | undefined {
  if (attachment?.kind === "pod") return undefined;
  return attachment?.kind === "given" ? `${attachment.namespace}/${attachment.name}` : "";
}

interface Nics {
  readonly before: ReadonlyMap<string, NicFields>;
  readonly after: ReadonlyMap<string, NicFields>;
  readonly running: Running;
}

function nicChanges(
  difference: NicDifference<ComparedField>,
  { before, after, running }: Nics,
): readonly FieldChange[] {
  const { path: field, nic } = difference;
  const wanted = after.get(nic);
  const old = before.get(nic);
  if (difference.kind === "reordered") {
    const { oldValue, newValue } = difference;
    const current = [...(running?.fields.nics.keys() ?? [])];
    const back = current.filter((name) => before.has(name) && after.has(name)).join(", ") === newValue;
    return [{ field, nic, oldValue, newValue, ...(back ? takenBack : judgeChange("reorder", running)) }];
  }
  if (wanted === undefined) {
    const wasPlugged = running === undefined || running.fields.nics.has(nic);
    const effect = wasPlugged ? judgeChange("remove", running) : takenBack;
    return [{ field, nic, oldValue: old?.type ?? "", newValue: "", ...effect }];
  }
  if (difference.kind !== "field" || old === undefined) return addedNic(nic, wanted, running);
  const { oldValue, newValue } = difference;
  const kind = kindOfNicField(difference.field, old, wanted);
  const back = kind !== "same-binding" && runsWith(running, nic, shownBy(difference.field), wanted);
  return [{ field, nic, oldValue, newValue, ...(back ? takenBack : judgeChange(kind, running)) }];
}

/** Plugging is one thing, the addresses in the guest another. */
function addedNic(nic: string, wanted: NicFields, running: Running): readonly FieldChange[] {
  const common = { nic, oldValue: "" };
  const configured = guestFields.every((field) => runsWith(running, nic, field, wanted));
  return [
    { ...common, field: nicPath(nic), newValue: wanted.type, ...plugging(nic, wanted, running) },
    {
      ...common,
      field: nicPath(nic, "ipConfig"),
      newValue: ipConfigText(wanted),
      ...(configured ? takenBack : judgeChange("guest", running)),
    },
  ];
}

/** A NIC that was taken out and comes back before the next start is still plugged. */
function plugging(nic: string, wanted: NicFields, running: Running): JudgedEffect {
  const plugged = running?.fields.nics.get(nic);
  if (plugged === undefined) return judgeChange(addingKind(wanted.binding), running);
  if (plugged.binding !== wanted.binding) return judgeChange("binding", running);
  if (plugged.macAddress !== wanted.macAddress) return judgeChange("mac", running);
  return plugged.attachment === wanted.attachment ? takenBack : judgeChange("network", running);
}

/** An instance shows a type by its binding, and a VLAN by its NAD. */
function shownBy(field: ComparedField): KubeVirtField | GuestField {
  if (field === "type") return "binding";
  return field === "vlanId" ? "attachment" : field;
}

/** True when the instance has the wanted value, whatever the VM's object says in between. */
function runsWith(
  running: Running,
  nic: string,
  field: KubeVirtField | GuestField,
  wanted: NicFields,
): boolean {
  const { nics, guest } = running?.fields ?? {};
  const has: Fields<KubeVirtField | GuestField> | undefined = (isGuestField(field) ? guest?.nics : nics)?.get(
    nic,
  );
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
      return after.binding === "sriov" ? "link-state-sriov" : "link-state";
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
  return fieldDifferences(machineFieldNames, old, machineFields(after)).map((difference) => {
    const { field, newValue } = difference;
    const kind =
      field === "memory" && running !== undefined && canPlugMemory(newValue, running)
        ? "memory-plug"
        : machineKinds[field];
    const effect = current[field] === newValue ? takenBack : judgeChange(kind, running);
    return { ...difference, nic: "", ...effect };
  });
}

const mebibyte = 2 ** 20;

/** By KubeVirt's rules (pkg/liveupdate/memory, watch/vm); the instance says how much it may get. */
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
  };
}
