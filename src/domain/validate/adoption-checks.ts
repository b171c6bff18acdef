// Checks of an existing VM: whether its record can be read, and whether multinic can adopt it if it did not create it.
import { isDeepStrictEqual } from "node:util";
import { machineOf } from "../adopt/adopted-spec.ts";
import { type Finding, finding } from "../findings.ts";
import { removeField } from "../fix.ts";
import { labelOf, labelsText } from "../labels.ts";
import { cloudInitVolumeOf } from "../objects/cloud-init.ts";
import type { VirtualMachine } from "../objects/kubernetes.ts";
import { isManaged } from "../objects/ownership.ts";
import type { DiskSpec, VmSpec } from "../spec.ts";
import type { VmCheck, VmContext } from "./context.ts";
import { quantityInBytes } from "../objects/quantity.ts";

/** Limits a check to VMs that multinic did not create. */
const ofOthers =
  (check: (vm: VirtualMachine, context: VmContext) => ReturnType<VmCheck>): VmCheck =>
  (context) => {
    const { vm } = context.facts;
    return vm === undefined || isManaged(vm) ? undefined : check(vm, context);
  };

/** The machine part is not managed: it must be absent in the spec, or the same as in the VM. */
const machineStays = ofOthers((vm, { asked }) => {
  const { labels = {} } = vm.metadata;
  const has: Machine = { ...machineOf(vm), labels };
  const shown: Partial<Record<MachineField, string>> = {
    userData: "different in the VM",
    labels: labelsText(labels) || "not set in the VM",
  };
  return fieldsOfMachine.map((field) => {
    if (asked[field] === undefined || isSame[field](asked, has)) return undefined;
    const values = { has: shown[field] ?? inWords(has[field]) };
    return finding("ADOPTED_MACHINE_DIFFERS", field, values, { fix: removeField(field) });
  });
});

const fieldsOfMachine = ["cpu", "memory", "bootDisk", "disks", "userData", "runStrategy", "labels"] as const;
type MachineField = (typeof fieldsOfMachine)[number];
type Machine = Pick<VmSpec, MachineField>;

const isSame: Readonly<Record<MachineField, (asked: Machine, has: Machine) => boolean>> = {
  cpu: (asked, has) => asked.cpu === has.cpu,
  memory: ({ memory = "" }, has) =>
    memory === has.memory ||
    (quantityInBytes(memory) !== undefined && quantityInBytes(memory) === quantityInBytes(has.memory ?? "")),
  bootDisk: (asked, has) => isSameDisk(asked.bootDisk, has.bootDisk),
  disks: ({ disks = [] }, has) =>
    disks.length === (has.disks ?? []).length &&
    disks.every((disk, index) => isSameDisk(disk, has.disks?.[index])),
  userData: (asked, has) => isDeepStrictEqual(asked.userData, has.userData),
  runStrategy: (asked, has) => asked.runStrategy === has.runStrategy,
  labels: ({ labels = {} }, has) =>
    Object.entries(labels).every(([key, value]) => labelOf(has.labels, key) === value),
};

/** A disk without a name matches any name. */
function isSameDisk(asked: DiskSpec | undefined, has: DiskSpec | undefined): boolean {
  return isDeepStrictEqual({ ...(has?.name === undefined ? {} : { name: has.name }), ...asked }, has);
}

function inWords(value: Machine[MachineField]): string {
  if (value === undefined) return "not set in the VM";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** A config drive takes OpenStack's network_data.json (KubeVirt pkg/cloud-init), not the network-config that multinic writes. */
const cloudInitTakesOurs = ofOthers((vm) =>
  cloudInitVolumeOf(vm)?.kind === "cloudInitConfigDrive"
    ? finding("ADOPTED_CONFIG_DRIVE", "networks", {})
    : undefined,
);

const cloudInitIsThere = ofOthers((vm) =>
  cloudInitVolumeOf(vm) === undefined ? finding("ADOPTION_ADDS_CLOUD_INIT", "networks", {}) : undefined,
);

/** What a spec cannot express is lost when multinic writes a new network-config. */
const guestKeepsWhatItHas: VmCheck = ({ adoptionNotes }) =>
  adoptionNotes?.map((note) => finding("ADOPTION_CHANGES_GUEST", "networks", { note }));

const machineField = /^(?:cpu|memory|bootDisk|disks|runStrategy|labels)\b/;

/** False for findings on the machine part of an adopted VM, which is only compared with the VM. */
export function isForAdoption({ code, field }: Finding): boolean {
  return code === "ADOPTED_MACHINE_DIFFERS" || code === "GUEST_CONFIG_UNREAD" || !machineField.test(field);
}

const recordIsReadable: VmCheck = ({ facts: { record } }) =>
  record.problem === undefined ? undefined : finding("RECORD_UNREADABLE", "", { problem: record.problem });

export const adoptionChecks: readonly VmCheck[] = [
  recordIsReadable,
  machineStays,
  cloudInitTakesOurs,
  cloudInitIsThere,
  guestKeepsWhatItHas,
];
