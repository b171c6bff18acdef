// Field by field: what differs between two resolved VMs, NIC by NIC (by name) and then the machine part.
import type { Attachment, Nic, ResolvedVm } from "../nic.ts";
import {
  type EffectWithReason,
  effectOfAdding,
  effectOfField,
  effectOfNewGuestConfig,
  effectOfRemoving,
  effectOfReordering,
  type Effect,
  notRunning,
} from "./effects.ts";

/** Values are texts for people; empty: not there. */
export interface FieldChange {
  /** `networks[eth1].vlanId`: by the NIC's name, so that a moved NIC is the same NIC. */
  readonly field: string;
  /** Empty for the machine part. */
  readonly nic: string;
  readonly oldValue: string;
  readonly newValue: string;
  readonly effect: Effect;
  readonly reason: string;
}

/** `before` undefined: the VM is new, and so is everything. */
export function fieldChanges(
  before: ResolvedVm | undefined,
  after: ResolvedVm,
  running: boolean,
): readonly FieldChange[] {
  const judged = (effect: EffectWithReason): EffectWithReason => (running ? effect : notRunning);
  return [...nicChanges(before?.nics ?? [], after.nics, judged), ...machineChanges(before, after, judged)];
}

type Judge = (effect: EffectWithReason) => EffectWithReason;

function nicChanges(before: readonly Nic[], after: readonly Nic[], judged: Judge): readonly FieldChange[] {
  const old = new Map(before.map((nic) => [nic.name, nic]));
  const wanted = new Set(after.map(({ name }) => name));
  const kept = before.filter(({ name }) => wanted.has(name)).map(({ name }) => name);
  const keptNow = after.filter(({ name }) => old.has(name)).map(({ name }) => name);
  const reordered: FieldChange[] =
    kept.join() === keptNow.join()
      ? []
      : [
          {
            field: "networks",
            nic: "",
            oldValue: kept.join(", "),
            newValue: keptNow.join(", "),
            ...judged(effectOfReordering),
          },
        ];
  return [
    ...after.flatMap((nic) => {
      const was = old.get(nic.name);
      return was === undefined ? addedNic(nic, judged) : changedNic(was, nic, judged);
    }),
    ...before
      .filter(({ name }) => !wanted.has(name))
      .map(({ name, type }) => ({
        field: `networks[${name}]`,
        nic: name,
        oldValue: type,
        newValue: "",
        ...judged(effectOfRemoving),
      })),
    ...reordered,
  ];
}

/** Plugging is one thing, the addresses in the guest another. */
function addedNic(nic: Nic, judged: Judge): readonly FieldChange[] {
  const field = `networks[${nic.name}]`;
  const common = { nic: nic.name, oldValue: "" };
  return [
    { ...common, field, newValue: nic.type, ...judged(effectOfAdding(nic.binding)) },
    {
      ...common,
      field: `${field}.ipConfig`,
      newValue: addressesInWords(nic),
      ...judged(effectOfNewGuestConfig),
    },
  ];
}

function changedNic(before: Nic, after: Nic, judged: Judge): readonly FieldChange[] {
  const old = nicFields(before);
  return Object.entries(nicFields(after))
    .filter(([field, value]) => old[field] !== value)
    .map(([field, newValue]) => ({
      field: `networks[${after.name}].${field}`,
      nic: after.name,
      oldValue: old[field] ?? "",
      newValue,
      ...judged(effectOfField(field, after.binding)),
    }));
}

/** Every field of a NIC that can differ, as text. */
function nicFields(nic: Nic): Readonly<Record<string, string>> {
  return {
    type: nic.type,
    attachment: attachmentInWords(nic.attachment),
    vlanId: nic.vlanId === 0 ? "" : String(nic.vlanId),
    macAddress: nic.mac,
    mtu: nic.mtu === undefined ? "" : String(nic.mtu),
    linkState: nic.linkState,
    primary: String(nic.primary),
    metric: String(nic.metric),
    "ipConfig.mode": nic.mode,
    "ipConfig.addresses": nic.addresses.map(({ cidr }) => cidr.text).join(", "),
    "ipConfig.gateway": nic.gateway?.text ?? "",
    "ipConfig.defaultRoute": nic.defaultRoute ? "auto" : "never",
    "ipConfig.dnsServers": nic.dnsServers.map(({ text }) => text).join(", "),
    "ipConfig.searchDomains": nic.searchDomains.join(", "),
    routes: nic.routes
      .map(({ destination, gateway, metric }) => `${destination.text} via ${gateway.text} metric ${metric}`)
      .join(", "),
  };
}

function addressesInWords(nic: Nic): string {
  return nic.mode === "dhcp" ? "dhcp" : nic.addresses.map(({ cidr }) => cidr.text).join(", ");
}

function attachmentInWords(attachment: Attachment | undefined): string {
  switch (attachment?.kind) {
    case "given":
      return `${attachment.namespace}/${attachment.name}`;
    case "generated":
      return attachment.network.name;
    case "pod":
      return "pod network";
    case undefined:
      return "";
  }
}

function machineChanges(
  before: ResolvedVm | undefined,
  after: ResolvedVm,
  judged: Judge,
): readonly FieldChange[] {
  const old = before === undefined ? {} : machineFields(before);
  return Object.entries(machineFields(after))
    .filter(([field, value]) => (old[field] ?? "") !== value)
    .map(([field, newValue]) => ({
      field,
      nic: "",
      oldValue: old[field] ?? "",
      newValue,
      ...judged(effectOfField(field, { kind: "bridge" })),
    }));
}

function machineFields(vm: ResolvedVm): Readonly<Record<string, string>> {
  return {
    cpu: String(vm.cpu),
    memory: vm.memory,
    disks: vm.disks.map(({ name, source }) => `${name}: ${source.kind} ${source.value}`).join(", "),
    "userData.secretName": vm.userData?.secretName ?? "",
    runStrategy: vm.runStrategy,
  };
}
