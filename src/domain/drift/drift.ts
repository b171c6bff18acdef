// Drift: one row per field that differs from the request.
import type { Change } from "../compare/nic-differences.ts";
import type { CompiledVm } from "../compile/compile.ts";
import type { ResolvedVm } from "../nic.ts";
import type { NetworkAttachmentDefinition, Secret, VirtualMachine } from "../objects/kubernetes.ts";
import { type FieldPath, lastOtherWriter } from "../objects/managed-fields.ts";

/** One field that differs from the request. Values are text for people; empty: absent. */
export interface Drift extends Pick<Change, "nic"> {
  /** As in a plan; `networkConfig` if it concerns all NICs. */
  readonly field: string;
  readonly wanted: string;
  readonly actual: string;
  /** Where the actual value was read, and who wrote it last if that is known. */
  readonly source: string;
  /** RFC 3339; undefined if it is not known, as for changes in the guest. */
  readonly since: string | undefined;
}

/** The recorded spec, resolved and compiled as it would be now. */
export interface Wanted {
  readonly vm: ResolvedVm;
  readonly compiled: CompiledVm;
}

/** The object, and the last other writer of the field at that path by its managedFields. */
export function writtenIn(
  object: VirtualMachine | NetworkAttachmentDefinition | Secret,
  path: FieldPath,
): Pick<Drift, "source" | "since"> {
  const { kind, metadata } = object;
  const writer = lastOtherWriter(object, path);
  const at = `${kind} ${metadata.namespace}/${metadata.name}`;
  return {
    source: writer === undefined ? at : `${at}, written by ${writer.manager}`,
    since: writer?.time,
  };
}

export function driftFrom(
  { field, nic, oldValue, newValue }: Change,
  written: Pick<Drift, "source" | "since">,
): Drift {
  return { field, nic, wanted: newValue, actual: oldValue, ...written };
}
