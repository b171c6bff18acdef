// What must not have changed of a VM between its plan and the write.
import { etagOf } from "../../domain/objects/etag.ts";
import type { VirtualMachine } from "../../domain/objects/kubernetes.ts";
import { specAnnotation } from "../../domain/objects/ownership.ts";

/** True if the VM as it is stored now may be written as planned. */
export type Lock = (stored: VirtualMachine) => boolean;

/**
 * Of the VM that the plan was made for; undefined: it is written whatever has changed. With `etag` only what multinic writes
 * must be the same, with `plan` the whole spec. What KubeVirt writes to the VM, its status and its own annotations, does not
 * count as a change.
 */
export function lockOn(
  planned: VirtualMachine | undefined,
  { etag, plan }: { readonly etag: boolean; readonly plan: boolean },
): Lock | undefined {
  if (planned === undefined || !(etag || plan)) return undefined;
  return (stored) =>
    stored.metadata.deletionTimestamp === planned.metadata.deletionTimestamp &&
    (!etag || etagOf(stored) === etagOf(planned)) &&
    (!plan || isAsPlanned(stored, planned));
}

/** The generation counts the changes of a spec (Kubernetes API conventions, metadata). */
function isAsPlanned({ metadata: stored }: VirtualMachine, { metadata: planned }: VirtualMachine): boolean {
  return (
    stored.uid === planned.uid &&
    stored.generation === planned.generation &&
    stored.annotations?.[specAnnotation] === planned.annotations?.[specAnnotation]
  );
}
