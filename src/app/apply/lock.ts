// What must not have changed of a VM between its plan and the write.
import { etagOf } from "../../domain/objects/etag.ts";
import type { VirtualMachine } from "../../domain/objects/kubernetes.ts";
import { specAnnotation } from "../../domain/objects/ownership.ts";
import { type Subject, VersionMismatch } from "../errors.ts";

/** Another caller has written the VM or its Secret since the plan: a call that names no version may plan again. */
export class Overtaken extends VersionMismatch {
  /** Of the VM that the plan was made for; undefined: there was none. */
  readonly plannedUid: string | undefined;

  constructor(subject: Subject, planned: VirtualMachine | undefined) {
    super(subject);
    this.plannedUid = planned?.metadata.uid;
  }
}

/** True if the VM as it is stored now may be written as planned. */
export type Lock = (stored: VirtualMachine) => boolean;

/**
 * Of the VM that the plan was made for: its spec and its record must be the same. With `etag` also everything else that
 * multinic writes. What KubeVirt writes to the VM, its status and its own annotations, does not count as a change.
 */
export function lockOn(planned: VirtualMachine, { etag, plan }: LockOptions): Lock {
  return (stored) =>
    stored.metadata.uid === planned.metadata.uid &&
    stored.metadata.deletionTimestamp === planned.metadata.deletionTimestamp &&
    (!etag || etagOf(stored) === etagOf(planned)) &&
    (!plan || isAsPlanned(stored, planned));
}

export interface LockOptions {
  readonly etag: boolean;
  readonly plan: boolean;
}

/** The generation counts the changes of a spec (Kubernetes API conventions, metadata). */
function isAsPlanned({ metadata: stored }: VirtualMachine, { metadata: planned }: VirtualMachine): boolean {
  return (
    stored.generation === planned.generation &&
    stored.annotations?.[specAnnotation] === planned.annotations?.[specAnnotation]
  );
}
