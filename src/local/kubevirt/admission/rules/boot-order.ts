// Disks find their volumes, and disks and NICs share one order of booting: vmi-create-admitter.go (validateBootOrder).
import { type Cause, invalid } from "../cause.ts";
import { gateEnabled } from "../../configuration.ts";
import { type RuleContext, type SpecRule, disksAt, interfacesAt, interfacesOf } from "../rule.ts";
import type { Disk } from "../template-spec.ts";
import type { FieldPath } from "../field-path.ts";

/** A disk names a volume; a CD-ROM may be empty while volumes can be plugged later. */
function volumeFaults(at: FieldPath, { spec, configuration }: RuleContext, disk: Disk): Cause[] {
  const volume = (spec.volumes ?? []).findLast(({ name }) => name === disk.name);
  if (volume === undefined) {
    if (disk.cdrom === undefined) {
      return [invalid(at.child("name"), `${at.child("Name").text} '${disk.name}' not found.`)];
    }
    return gateEnabled("DeclarativeHotplugVolumes", configuration)
      ? []
      : [
          invalid(
            at.child("name"),
            "DeclarativeHotplugVolumes feature gate not enabled, cannot define an empty CD-ROM disk",
          ),
        ];
  }
  return disk.lun !== undefined &&
    volume.persistentVolumeClaim === undefined &&
    volume.dataVolume === undefined
    ? [
        invalid(
          at.child("lun"),
          `${at.child("lun").text} can only be mapped to a DataVolume or PersistentVolumeClaim volume.`,
        ),
      ]
    : [];
}

function alreadySet(field: FieldPath): Cause {
  return invalid(field, `Boot order for ${field.text} already set for a different device.`);
}

/** The field of a NIC's order below one carries the path of the template, as KubeVirt's does. */
export const bootOrder: SpecRule = (context) => {
  const { at, spec } = context;
  const taken = new Set<number>();
  const causes: Cause[] = [];
  for (const [index, disk] of (spec.domain.devices.disks ?? []).entries()) {
    const path = disksAt(at).index(index);
    causes.push(...volumeFaults(path, context, disk));
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
