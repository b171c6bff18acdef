// Disks, their volumes and the boot order that they share with NICs: pkg/storage/admitters/disks.go and
// vmi-create-admitter.go (validateBootOrder). Block sizes are not checked.
import { type Cause, type FieldPath, cause, invalid } from "../cause.ts";
import { dnsLabelErrors } from "../../../api/dns-names.ts";
import { gateEnabled } from "../../configuration.ts";
import { isPciAddress } from "../addresses.ts";
import {
  type Faults,
  type RuleContext,
  type SpecRule,
  faultsOf,
  interfacesAt,
  interfacesOf,
} from "../rule.ts";
import type { Disk } from "../template-spec.ts";

interface DiskContext {
  readonly list: FieldPath;
  readonly index: number;
  /** The path of this disk. */
  readonly at: FieldPath;
  /** The path that some of KubeVirt's causes write, with `domain.devices.disks` twice. */
  readonly repeatedAt: FieldPath;
  readonly disk: Disk;
  readonly disks: readonly Disk[];
}

type DiskRule = (context: DiskContext) => Faults;

function disksAt(at: FieldPath): FieldPath {
  return at.child("domain", "devices", "disks");
}

const nameIsUnique: DiskRule = ({ list, index, at, disk, disks: all }) =>
  all
    .slice(0, index)
    .flatMap(({ name }, position) => (name === disk.name ? [list.index(position).text] : []))
    .map((other) => invalid(at.child("name"), `${at.text} and ${other} must not have the same Name.`));

const singleTarget: DiskRule = ({ at, disk }) =>
  [disk.disk, disk.lun, disk.cdrom].filter((target) => target !== undefined).length > 1
    ? invalid(at, `${at.text} can only have a single target type defined`)
    : undefined;

const pciAddress: DiskRule = ({ list, index, disk }) => {
  const address = disk.disk?.pciAddress ?? "";
  if (address === "") return undefined;
  const path = disksAt(list).child("disk").index(index);
  const name = path.child("name").text;
  const field = path.child("pciAddress");
  const faults: Cause[] = [];
  if (disk.disk?.bus !== "virtio") {
    const message = `disk ${name} - setting a PCI address is only possible with bus type virtio.`;
    faults.push(invalid(field, message));
  }
  if (!isPciAddress(address)) {
    faults.push(invalid(field, `disk ${name} has malformed PCI address (${address}).`));
  }
  return faults;
};

const bootOrderIsPositive: DiskRule = ({ at, disk }) =>
  disk.bootOrder !== undefined && disk.bootOrder < 1
    ? invalid(at.child("bootOrder"), `${at.text} must have a boot order > 0, if supplied`)
    : undefined;

function busFault(at: FieldPath, disk: Disk, target: "disk" | "lun" | "cdrom", bus: string): Faults {
  const field = at.child(target, "bus");
  switch (bus) {
    case "ide":
      return invalid(field, "IDE bus is not supported");
    case "virtio":
      return target === "cdrom" ? invalid(field, `Bus type ${bus} is invalid for CD-ROM device`) : undefined;
    case "sata":
      return disk.disk?.readonly === true
        ? invalid(field, `${bus} hard-disks do not support read-only.`)
        : undefined;
    case "scsi":
    case "usb":
      return undefined;
    default:
      return invalid(
        field,
        `${at.text} is set with an unrecognized bus ${bus}, must be one of: [virtio scsi sata usb]`,
      );
  }
}

const busIsSupported: DiskRule = ({ at, repeatedAt, disk }) => {
  const target = (["disk", "lun", "cdrom"] as const).find((name) => disk[name] !== undefined);
  const bus = target === undefined ? "" : (disk[target]?.bus ?? "");
  if (target === undefined || bus === "") return undefined;
  const faults = [busFault(at, disk, target, bus) ?? []].flat();
  if (disk.dedicatedIOThread === true && bus !== "virtio") {
    const message = `IOThreads are not supported for disks on a ${bus} bus`;
    faults.push(cause("FieldValueNotSupported", repeatedAt, message));
  }
  return faults;
};

const maxSerialLength = 256;

const serialForm: DiskRule = ({ at, disk: { serial = "" } }) => {
  const faults: Cause[] = [];
  if (serial !== "" && !/^[A-Za-z0-9_.+-]+$/.test(serial)) {
    const message = `${at.text} must be made up of the following characters [A-Za-z0-9_.+-], if specified`;
    faults.push(invalid(at.child("serial"), message));
  }
  if (Array.from(serial).length > maxSerialLength) {
    const message = `${at.text} must be less than or equal to ${maxSerialLength} in length, if specified`;
    faults.push(invalid(at.child("serial"), message));
  }
  return faults;
};

const cacheMode: DiskRule = ({ at, disk: { cache = "" } }) => {
  const field = at.child("cache");
  return ["", "none", "writethrough", "writeback"].includes(cache)
    ? undefined
    : invalid(field, `${field.text} has invalid value ${cache}`);
};

const ioMode: DiskRule = ({ list, repeatedAt, disk: { io = "" } }) => {
  if (["", "native", "threads"].includes(io)) return undefined;
  const message = `Disk IO mode for ${list.text} is not supported. Supported modes are: native, threads.`;
  return cause("FieldValueNotSupported", repeatedAt.child("io"), message);
};

const errorPolicy: DiskRule = ({ at, disk: { errorPolicy: policy } }) => {
  const field = at.child("errorPolicy");
  return policy === undefined || ["stop", "ignore", "report", "enospace"].includes(policy)
    ? undefined
    : invalid(field, `${field.text} has invalid value "${policy}"`);
};

/** KubeVirt uses the name as the name of a container. */
const nameIsLabel: DiskRule = ({ repeatedAt, disk }) =>
  dnsLabelErrors(disk.name).map((error) => invalid(repeatedAt.child("name"), error));

const rules = [
  nameIsUnique,
  singleTarget,
  pciAddress,
  bootOrderIsPositive,
  busIsSupported,
  serialForm,
  cacheMode,
  ioMode,
  errorPolicy,
  nameIsLabel,
];

export const disks: SpecRule = ({ at: specAt, spec }) => {
  const list = disksAt(specAt);
  const all = spec.domain.devices.disks ?? [];
  return all.flatMap((disk, index) => {
    const at = list.index(index);
    const repeatedAt = disksAt(list).index(index);
    return faultsOf(rules, { list, index, at, repeatedAt, disk, disks: all });
  });
};

/** A disk names a volume; a CD-ROM may be empty where volumes can be plugged later. */
function volumeFault(at: FieldPath, { spec, configuration }: RuleContext, disk: Disk): Cause | undefined {
  const volume = (spec.volumes ?? []).findLast(({ name }) => name === disk.name);
  if (volume === undefined) {
    if (disk.cdrom === undefined) {
      return invalid(at.child("name"), `${at.child("Name").text} '${disk.name}' not found.`);
    }
    const message = "DeclarativeHotplugVolumes feature gate not enabled, cannot define an empty CD-ROM disk";
    return gateEnabled("DeclarativeHotplugVolumes", configuration)
      ? undefined
      : invalid(at.child("name"), message);
  }
  if (disk.lun === undefined || volume.persistentVolumeClaim || volume.dataVolume) return undefined;
  const field = at.child("lun");
  return invalid(field, `${field.text} can only be mapped to a DataVolume or PersistentVolumeClaim volume.`);
}

function alreadySet(field: FieldPath): Cause {
  return invalid(field, `Boot order for ${field.text} already set for a different device.`);
}

/** As in KubeVirt, the field of a NIC's order below one is given with the path of the template. */
export const bootOrder: SpecRule = (context) => {
  const { at, spec } = context;
  const taken = new Set<number>();
  const causes: Cause[] = [];
  for (const [index, disk] of (spec.domain.devices.disks ?? []).entries()) {
    const path = disksAt(at).index(index);
    const fault = volumeFault(path, context, disk);
    if (fault !== undefined) causes.push(fault);
    if (disk.bootOrder === undefined) continue;
    if (taken.has(disk.bootOrder)) causes.push(alreadySet(path.child("bootOrder")));
    taken.add(disk.bootOrder);
  }
  for (const [index, { bootOrder: order }] of interfacesOf(spec).entries()) {
    if (order === undefined) continue;
    if (order < 1) {
      const path = at.index(index);
      causes.push(invalid(path.child("bootOrder"), `${path.text} must have a boot order > 0, if supplied`));
      continue;
    }
    if (taken.has(order)) causes.push(alreadySet(interfacesAt(at).index(index).child("bootOrder")));
    taken.add(order);
  }
  return causes;
};
