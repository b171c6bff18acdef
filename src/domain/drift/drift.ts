// What drift is: one row per field that is not as asked for, and what was asked for, compiled.
import type { Change } from "../compare/nic-differences.ts";
import type { CompiledVm } from "../compile/compile.ts";
import type { ResolvedVm } from "../nic.ts";
import type { NetworkAttachmentDefinition, Secret, VirtualMachine } from "../objects/kubernetes.ts";
import { lastOtherWriter } from "../objects/managed-fields.ts";

/** One field that is not as asked for. Values are texts for people; empty: not there. */
export interface Drift extends Pick<Change, "nic"> {
  /** As in a plan; `networkConfig` for what concerns all NICs. */
  readonly field: string;
  readonly wanted: string;
  readonly actual: string;
  /** Where the actual value was read, and who wrote it last where that is known. */
  readonly source: string;
  /** RFC 3339; undefined where it is not known: the guest keeps no record of its changes. */
  readonly since: string | undefined;
}

/** What was asked for, compiled as it would be now. */
export interface Wanted {
  readonly vm: ResolvedVm;
  readonly compiled: CompiledVm;
}

/** The object and who else wrote the field at that path last, as its managed fields say. */
export function writtenIn(
  object: VirtualMachine | NetworkAttachmentDefinition | Secret,
  path: string,
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
