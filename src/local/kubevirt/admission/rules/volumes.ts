// Volumes: unique names, one source each, the fields that each source needs, and cloud-init data:
// vmi-create-admitter.go (validateVolumes).
import { Buffer } from "node:buffer";
import { posix } from "node:path";
import { type Cause, type FieldPath, cause, invalid } from "../cause.ts";
import { type KubevirtConfiguration, gateEnabled } from "../../configuration.ts";
import type { SpecRule } from "../rule.ts";
import type { Volume } from "../template-spec.ts";

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

/** In bytes after decoding. */
const maxInlineBytes = 2048;

/** What Go's base64.StdEncoding accepts: padded, line ends ignored. */
function isBase64(text: string): boolean {
  return /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(
    text.replaceAll(/[\r\n]/g, ""),
  );
}

interface DataSources {
  readonly secretName: string | undefined;
  readonly base64: string | undefined;
  readonly inline: string | undefined;
}

/** The parts of KubeVirt's messages that differ between user data and network data. */
interface Words {
  readonly base64Field: "userDataBase64" | "networkDataBase64";
  readonly onlyOne: string;
  readonly data: string;
  readonly secretField: string;
}

const userWords: Words = {
  base64Field: "userDataBase64",
  onlyOne: "must have only one userdatasource set.",
  data: "userdata",
  secretField: "UserDataSecretRef",
};
const networkWords: Words = {
  base64Field: "networkDataBase64",
  onlyOne: "must have only one networkdata source set.",
  data: "networkdata",
  secretField: "NetworkDataSecretRef",
};

function countSources({ secretName, base64, inline }: DataSources): number {
  return [secretName, base64, inline].filter((source = "") => source !== "").length;
}

/** When both forms are given, the size of the inline one counts. */
function inlineBytes({ base64 = "", inline = "" }: DataSources): number {
  if (inline !== "") return Buffer.byteLength(inline, "utf8");
  return isBase64(base64) ? Buffer.from(base64, "base64").length : 0;
}

function dataFaults(at: FieldPath, kind: string, data: DataSources, words: Words): Cause[] {
  const faults: Cause[] = [];
  if (!isBase64(data.base64 ?? "")) {
    // KubeVirt writes the path of the field twice.
    const field = at.child(words.base64Field);
    faults.push(invalid(field, `${field.text}.${kind}.${words.base64Field} is not a valid base64 value.`));
  }
  if (countSources(data) > 1) faults.push(invalid(at, `${at.text} ${words.onlyOne}`));
  if (inlineBytes(data) > maxInlineBytes) {
    const limit = `exceeds ${maxInlineBytes} byte limit. Should use ${words.secretField} for larger data.`;
    faults.push(invalid(at, `${at.text} ${words.data} ${limit}`));
  }
  return faults;
}

function cloudInitFaults(volumeAt: FieldPath, volume: Volume): Cause[] {
  const kind = volume.cloudInitNoCloud === undefined ? "cloudInitConfigDrive" : "cloudInitNoCloud";
  const source = volume[kind];
  if (source === undefined) return [];
  const at = volumeAt.child(kind);
  const user = {
    secretName: source.secretRef?.name,
    base64: source.userDataBase64,
    inline: source.userData,
  };
  const network = {
    secretName: source.networkDataSecretRef?.name,
    base64: source.networkDataBase64,
    inline: source.networkData,
  };
  const faults = [...dataFaults(at, kind, user, userWords), ...dataFaults(at, kind, network, networkWords)];
  if (countSources(user) === 0 && countSources(network) === 0) {
    const message = `${at.text} must have at least one userdatasource or one networkdatasource set.`;
    faults.push(invalid(at, message));
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

/** A source that refers to another object must name it. The object need not exist. */
function referenceFaults(at: FieldPath, { configMap, secret, serviceAccount }: Volume): Cause[] {
  const references = [
    [configMap, configMap?.name, at.child("configMap", "name")],
    [secret, secret?.secretName, at.child("secret", "secretName")],
    [serviceAccount, serviceAccount?.serviceAccountName, at.child("serviceAccount", "serviceAccountName")],
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
  const faults = all.flatMap((volume, index) => {
    const at = list.index(index);
    const first = all.findIndex(({ name }) => name === volume.name);
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

/** The path in the image, when given, is absolute and in its shortest form (pkg/storage/admitters/disks.go). */
export const containerDiskPaths: SpecRule = ({ at, spec }) =>
  (spec.volumes ?? []).flatMap(({ containerDisk }, index) => {
    const path = containerDisk?.path ?? "";
    const field = at.child("volumes").index(index).child("containerDisk");
    if (path === "/") return invalid(field, `${field.text} must not point to root`);
    const shortest = posix.join("/", path).replace(/(.)\/$/, "$1");
    return path === "" || path.replace(/\/$/, "") === shortest
      ? []
      : invalid(field, `${field.text} must be an absolute path to a file without relative components`);
  });
