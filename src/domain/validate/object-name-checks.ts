// Checks of names of Kubernetes objects in the input, and of the size of the recorded spec.
import { finding } from "../findings.ts";
import type { DiskSpec } from "../spec.ts";
import type { VmCheck } from "./context.ts";

/** Valid names of most objects (RFC 1123 subdomain, at most 253 characters). */
const objectName = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** Below the limit of all annotations together (apimachinery ValidateAnnotations: 256 KiB). */
const maxRecordBytes = 200 * 1024;

const nameable = (text: string | undefined, field: string) =>
  text === undefined || text === "" || objectName.test(text)
    ? undefined
    : finding("OBJECT_NAME_INVALID", field, { given: text });

const diskSourcesAreNames: VmCheck = ({ spec }) => {
  const disks: readonly (readonly [string, DiskSpec | undefined])[] = [
    ["bootDisk", spec.bootDisk],
    ...(spec.disks ?? []).map((disk, index) => [`disks[${index}]`, disk] as const),
  ];
  return disks.flatMap(([field, disk]) => [
    nameable(disk?.persistentVolumeClaim, `${field}.persistentVolumeClaim`),
    nameable(disk?.dataVolume, `${field}.dataVolume`),
  ]);
};

const secretIsNamed: VmCheck = ({ spec }) => nameable(spec.userData?.secretName, "userData.secretName");

const sizeOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

/** The whole spec is recorded in an annotation, except user-data. The finding is at the largest field. */
const specFitsRecord: VmCheck = ({ spec }) => {
  const { userData: _, ...recorded } = spec;
  const count = sizeOf(recorded);
  if (count <= maxRecordBytes) return undefined;
  const [largest = ["networks"]] = Object.entries(recorded).toSorted(([, a], [, b]) => sizeOf(b) - sizeOf(a));
  const values = { count, what: "bytes of recorded spec", max: maxRecordBytes };
  return finding("LIMIT_EXCEEDED", largest[0], values);
};

export const objectNameChecks: readonly VmCheck[] = [diskSourcesAreNames, secretIsNamed, specFitsRecord];
