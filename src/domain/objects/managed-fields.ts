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

/** `path` such as `spec.template.spec.networks`. undefined if no other manager owns it, or managedFields are absent. */
export function lastOtherWriter(object: KubernetesObject | undefined, path: string): Writer | undefined {
  const writers = (object?.metadata.managedFields ?? []).flatMap((entry): readonly Writer[] => {
    if (!isMapping(entry) || !owns(entry["fieldsV1"], path.split("."))) return [];
    const { manager, time } = entry;
    if (typeof manager !== "string" || !isTime(time) || isOurs(manager)) return [];
    return [{ manager, time }];
  });
  return writers.toSorted((a, b) => (a.time < b.time ? 1 : -1))[0];
}

/** True if that manager owns the field or a field below it. */
export function ownsField(object: KubernetesObject, manager: string, path: string): boolean {
  return (object.metadata.managedFields ?? []).some(
    (entry) => isMapping(entry) && entry["manager"] === manager && owns(entry["fieldsV1"], path.split(".")),
  );
}

const isOurs = (manager: string): boolean =>
  manager === fieldManager || manager.startsWith(`${fieldManager}-`);

/** True if the set has the field or a field below it (structured-merge-diff fieldpath). */
function owns(fields: unknown, [name, ...rest]: readonly string[]): boolean {
  if (name === undefined) return true;
  return isMapping(fields) && Object.hasOwn(fields, `f:${name}`) && owns(fields[`f:${name}`], rest);
}
