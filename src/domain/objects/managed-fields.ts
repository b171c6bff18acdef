// Reads managedFields: the owners of a field, and the last writer other than multinic.
import { isMapping } from "./mapping.ts";
import type { KubernetesObject } from "./kubernetes.ts";
import { isTime } from "./reader.ts";
import { fieldManager } from "./ownership.ts";

export interface Writer {
  readonly manager: string;
  /** RFC 3339. */
  readonly time: string;
}

/** The names of the fields on the way to one, such as ["metadata", "labels", "example.org/team"]. */
export type FieldPath = readonly string[];

/** undefined if no other manager owns the field, or managedFields are absent. */
export function lastOtherWriter(object: KubernetesObject | undefined, path: FieldPath): Writer | undefined {
  const writers = (object?.metadata.managedFields ?? []).flatMap((entry): readonly Writer[] => {
    if (!isMapping(entry) || !owns(entry["fieldsV1"], path)) return [];
    const { manager, time } = entry;
    if (typeof manager !== "string" || !isTime(time) || isOurs(manager)) return [];
    return [{ manager, time }];
  });
  return writers.toSorted((a, b) => (a.time < b.time ? 1 : -1))[0];
}

/** True if that manager owns the field or a field below it. */
export function ownsField(object: KubernetesObject, manager: string, path: FieldPath): boolean {
  return (object.metadata.managedFields ?? []).some(
    (entry) => isMapping(entry) && entry["manager"] === manager && owns(entry["fieldsV1"], path),
  );
}

const isOurs = (manager: string): boolean =>
  manager === fieldManager || manager.startsWith(`${fieldManager}-`);

/** True if the set has the field or a field below it (structured-merge-diff fieldpath). */
function owns(fields: unknown, [name, ...rest]: FieldPath): boolean {
  if (name === undefined) return true;
  return isMapping(fields) && Object.hasOwn(fields, `f:${name}`) && owns(fields[`f:${name}`], rest);
}
