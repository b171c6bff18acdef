// The disks, each for itself: pkg/storage/admitters/disks.go. Block sizes are not looked at here.
import { type Cause, cause, invalid } from "../cause.ts";
import { dnsLabelErrors } from "../../../api/dns-names.ts";
import type { FieldPath } from "../field-path.ts";
import { isPciAddress } from "../addresses.ts";
import { type SpecRule, disksAt } from "../rule.ts";
import type { Disk } from "../template-spec.ts";

/** `list` is the path of the list: some of KubeVirt's causes repeat the way to it. */
interface DiskContext {
  readonly list: FieldPath;
  readonly index: number;
  readonly disk: Disk;
  readonly disks: readonly Disk[];
}

type DiskRule = (context: DiskContext) => readonly Cause[];

const nameIsUnique: DiskRule = ({ list, index, disk, disks }) =>
  disks.flatMap((other, position) =>
    position < index && other.name === disk.name
      ? [
          invalid(
            list.index(index).child("name"),
            `${list.index(index).text} and ${list.index(position).text} must not have the same Name.`,
          ),
        ]
      : [],
  );

const singleTarget: DiskRule = ({ list, index, disk }) =>
  [disk.disk, disk.lun, disk.cdrom].filter((target) => target !== undefined).length > 1
    ? [invalid(list.index(index), `${list.index(index).text} can only have a single target type defined`)]
    : [];

const pciAddress: DiskRule = ({ list, index, disk }) => {
  const address = disk.disk?.pciAddress ?? "";
  if (address === "") return [];
  const path = list.child("domain", "devices", "disks", "disk").index(index);
  const field = path.child("pciAddress");
  return [
    ...(disk.disk?.bus === "virtio"
      ? []
      : [
          invalid(
            field,
            `disk ${path.child("name").text} - setting a PCI address is only possible with bus type virtio.`,
          ),
        ]),
    ...(isPciAddress(address)
      ? []
      : [invalid(field, `disk ${path.child("name").text} has malformed PCI address (${address}).`)]),
  ];
};

const bootOrderIsPositive: DiskRule = ({ list, index, disk }) =>
  disk.bootOrder !== undefined && disk.bootOrder < 1
    ? [
        invalid(
          list.index(index).child("bootOrder"),
          `${list.index(index).text} must have a boot order > 0, if supplied`,
        ),
      ]
    : [];

function busFaults(at: FieldPath, disk: Disk, target: "disk" | "lun" | "cdrom", bus: string): Cause[] {
  const field = at.child(target, "bus");
  if (bus === "ide") return [invalid(field, "IDE bus is not supported")];
  if (bus === "virtio") {
    return target === "cdrom" ? [invalid(field, `Bus type ${bus} is invalid for CD-ROM device`)] : [];
  }
  if (bus === "sata") {
    return disk.disk?.readonly === true
      ? [invalid(field, `${bus} hard-disks do not support read-only.`)]
      : [];
  }
  if (bus === "scsi" || bus === "usb") return [];
  const message = `${at.text} is set with an unrecognized bus ${bus}, must be one of: [virtio scsi sata usb]`;
  return [invalid(field, message)];
}

const busIsSupported: DiskRule = ({ list, index, disk }) => {
  const target = (["disk", "lun", "cdrom"] as const).find((name) => disk[name] !== undefined);
  const bus = target === undefined ? "" : (disk[target]?.bus ?? "");
  if (target === undefined || bus === "") return [];
  const faults = busFaults(list.index(index), disk, target, bus);
  if (disk.dedicatedIOThread === true && bus !== "virtio") {
    const field = list.child("domain", "devices", "disks").index(index);
    const message = `IOThreads are not supported for disks on a ${bus} bus`;
    faults.push(cause("FieldValueNotSupported", field, message));
  }
  return faults;
};

const maxSerialLength = 256;

const serialForm: DiskRule = ({ list, index, disk: { serial = "" } }) => {
  const at = list.index(index);
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

const cacheMode: DiskRule = ({ list, index, disk: { cache = "" } }) => {
  const field = list.index(index).child("cache");
  return ["", "none", "writethrough", "writeback"].includes(cache)
    ? []
    : [invalid(field, `${field.text} has invalid value ${cache}`)];
};

const ioMode: DiskRule = ({ list, index, disk: { io = "" } }) =>
  ["", "native", "threads"].includes(io)
    ? []
    : [
        cause(
          "FieldValueNotSupported",
          list.child("domain", "devices", "disks").index(index).child("io"),
          `Disk IO mode for ${list.text} is not supported. Supported modes are: native, threads.`,
        ),
      ];

const errorPolicy: DiskRule = ({ list, index, disk: { errorPolicy: policy } }) => {
  const field = list.index(index).child("errorPolicy");
  return policy === undefined || ["stop", "ignore", "report", "enospace"].includes(policy)
    ? []
    : [invalid(field, `${field.text} has invalid value "${policy}"`)];
};

/** The name becomes that of a container. */
const nameIsLabel: DiskRule = ({ list, index, disk }) =>
  dnsLabelErrors(disk.name).map((error) =>
    invalid(list.child("domain", "devices", "disks").index(index).child("name"), error),
  );

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

export const disks: SpecRule = ({ at, spec }) => {
  const all = spec.domain.devices.disks ?? [];
  return all.flatMap((disk, index) =>
    rules.flatMap((rule) => rule({ list: disksAt(at), index, disk, disks: all })),
  );
};
