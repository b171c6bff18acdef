// Who may change a VM: the Wukong that it was created for, or, if there is none, the callers of the API.
import type { OwnerReference, VirtualMachine } from "../domain/objects/kubernetes.ts";
import { wukongOf } from "../domain/objects/ownership.ts";
import { PreconditionFailed, subjectOf } from "./errors.ts";

/**
 * `owner`: the Wukong that the change is for; undefined: a caller of the API. Neither takes a VM from the other, because
 * the next change of the former owner would undo it.
 * @throws PreconditionFailed.
 */
export function requireOwner(live: VirtualMachine | undefined, owner: OwnerReference | undefined): void {
  if (live === undefined) return;
  const has = wukongOf(live);
  if (has?.uid === owner?.uid) return;
  if (owner === undefined) {
    throw new PreconditionFailed(
      "VM_OWNED_BY_WUKONG",
      subjectOf(live),
      `this VM belongs to Wukong ${has?.name}; change or delete that Wukong instead`,
    );
  }
  throw new PreconditionFailed(
    "VM_NOT_OWNED_BY_WUKONG",
    subjectOf(live),
    has === undefined
      ? "a VM of this name exists that was not created for this Wukong; delete that VM, or give the Wukong another name"
      : "a VM of this name belongs to a deleted Wukong of the same name; it is removed with that Wukong",
  );
}
