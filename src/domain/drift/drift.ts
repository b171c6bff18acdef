// Drift: one row per field that differs from the request.
import type { Change } from "../compare/nic-differences.ts";
import type { CompiledVm } from "../compile/compile.ts";
import type { ResolvedVm } from "../nic.ts";
import type { KubernetesObject } from "../objects/kubernetes.ts";
import { type FieldPath, lastOtherWriter } from "../objects/managed-fields.ts";

/** One field that differs from the request. Values are text for people; empty: absent. */
export interface Drift extends Pick<Change, "path" | "nic"> {
  readonly wanted: string;
  readonly actual: string;
  /** The object that has the actual value, or that is missing; an instance for what its guest agent reports. */
  readonly object: ObjectRef;
  /** The last field manager other than multinic that wrote the value; empty if it is not known. */
  readonly manager: string;
  /** When it wrote, RFC 3339; undefined if it is not known, as for changes in the guest. */
  readonly since: string | undefined;
}

/** One Kubernetes object. */
export interface ObjectRef {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

export function objectRefOf({ kind, metadata }: KubernetesObject): ObjectRef {
  return { kind, namespace: metadata.namespace ?? "", name: metadata.name };
}

/** The recorded spec, resolved and compiled as it would be now. */
export interface Wanted {
  readonly vm: ResolvedVm;
  readonly compiled: CompiledVm;
}

/** The object, and the last other writer of the field at that path by its managedFields. */
export function writtenIn(
  object: KubernetesObject,
  path: FieldPath,
): Pick<Drift, "object" | "manager" | "since"> {
  const writer = lastOtherWriter(object, path);
  return { object: objectRefOf(object), manager: writer?.manager ?? "", since: writer?.time };
}

export function driftFrom(
  { path, nic, oldValue, newValue }: Change,
  written: Pick<Drift, "object" | "manager" | "since">,
): Drift {
  return { path, nic, wanted: newValue, actual: oldValue, ...written };
}
