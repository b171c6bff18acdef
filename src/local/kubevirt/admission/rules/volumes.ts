// The volumes: unique names, one source each, and what each source needs: vmi-create-admitter.go (validateVolumes).
import { posix } from "node:path";
import { type Cause, cause, invalid } from "../cause.ts";
import { gateEnabled } from "../../configuration.ts";
import type { FieldPath } from "../field-path.ts";
import type { SpecRule } from "../rule.ts";
import type { KubevirtConfiguration } from "../../configuration.ts";
import type { Volume } from "../template-spec.ts";
import { cloudInitFaults } from "./cloud-init.ts";

const sources = [
  "persistentVolumeClaim",
  "sysprep",
  "cloudInitNoCloud",
  "cloudInitConfigDrive",
  "containerDisk",
  "ephemeral",
  "emptyDisk",
  "hostDisk",
  "dataVolume",
  "configMap",
  "secret",
  "downwardAPI",
  "serviceAccount",
  "downwardMetrics",
  "memoryDump",
  "containerPath",
] as const satisfies readonly (keyof Volume)[];

function sourceFaults(at: FieldPath, volume: Volume): Cause[] {
  const faults: Cause[] = [];
  if (volume.dataVolume?.name === "") {
    faults.push(cause("FieldValueRequired", at.child("name"), "DataVolume 'name' must be set"));
  }
  if (sources.filter((source) => volume[source] !== undefined).length !== 1) {
    faults.push(invalid(at, `${at.text} must have exactly one source type set`));
  }
  return faults;
}

function gatedFaults(at: FieldPath, volume: Volume, configuration: KubevirtConfiguration): Cause[] {
  const faults: Cause[] = [];
  if (volume.downwardMetrics !== undefined && !gateEnabled("DownwardMetrics", configuration)) {
    const message = "downwardMetrics disks are not allowed: DownwardMetrics feature gate is not enabled.";
    faults.push(invalid(at, message));
  }
  if (volume.hostDisk !== undefined && !gateEnabled("HostDisk", configuration)) {
    faults.push(invalid(at, "HostDisk feature gate is not enabled"));
  }
  return faults;
}

/** Sources that name another object must name it. Whether it exists nobody asks. */
function referenceFaults(at: FieldPath, volume: Volume): Cause[] {
  const references = [
    [volume.configMap, volume.configMap?.name, at.child("configMap", "name")],
    [volume.secret, volume.secret?.secretName, at.child("secret", "secretName")],
    [
      volume.serviceAccount,
      volume.serviceAccount?.serviceAccountName,
      at.child("serviceAccount", "serviceAccountName"),
    ],
  ] as const;
  return references
    .filter(([source, name]) => source !== undefined && (name ?? "") === "")
    .map(([, , field]) => invalid(field, `${field.text} is a required field`));
}

const atMostOne = [
  ["serviceAccount", "serviceAccount volume"],
  ["downwardMetrics", "downwardMetric volume"],
  ["memoryDump", "memory dump volume"],
] as const;

export const volumes: SpecRule = ({ at: specAt, spec, configuration }) => {
  const list = specAt.child("volumes");
  const all = spec.volumes ?? [];
  const firstOfName = (name: string): number => all.findIndex((volume) => volume.name === name);
  const faults = all.flatMap((volume, index) => {
    const at = list.index(index);
    const first = firstOfName(volume.name);
    const duplicate =
      first < index
        ? [invalid(at.child("name"), `${at.text} and ${list.index(first).text} must not have the same Name.`)]
        : [];
    return [
      ...duplicate,
      ...sourceFaults(at, volume),
      ...cloudInitFaults(at, volume),
      ...gatedFaults(at, volume, configuration),
      ...referenceFaults(at, volume),
    ];
  });
  const tooMany = atMostOne.filter(
    ([source]) => all.filter((volume) => volume[source] !== undefined).length > 1,
  );
  return [
    ...faults,
    ...tooMany.map(([, what]) => invalid(list, `${list.text} must have max one ${what} set`)),
  ];
};

/** The disk inside the image, if named, is an absolute path in its shortest form (pkg/storage/admitters/disks.go). */
export const containerDiskPaths: SpecRule = ({ at, spec }) =>
  (spec.volumes ?? []).flatMap(({ containerDisk }, index) => {
    const path = containerDisk?.path ?? "";
    const field = at.child("volumes").index(index).child("containerDisk");
    if (path === "/") return [invalid(field, `${field.text} must not point to root`)];
    const shortest = posix.join("/", path).replace(/(.)\/$/, "$1");
    return path === "" || path.replace(/\/$/, "") === shortest
      ? []
      : [invalid(field, `${field.text} must be an absolute path to a file without relative components`)];
  });
