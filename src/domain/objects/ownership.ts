// How objects show whose they are: labels, annotations, field managers and names that this product writes.
import type { KubernetesObject, OwnerReference, VirtualMachine } from "./kubernetes.ts";

/** Field manager of everything this product applies (managedFields of the API server). */
export const fieldManager = "multinic";

export const managedByLabel = "app.kubernetes.io/managed-by";
export const managedBy = "multinic";

/** On the VM: what was asked, since the objects alone do not tell primary, priority or type apart. JSON of VmSpec. */
export const specAnnotation = "multinic.novasphere.dev/spec";

/** On the VM's template, and so on each running instance: what the guest was started with. JSON of GuestRecord. */
export const guestConfigAnnotation = "multinic.novasphere.dev/guest-config";

/** On a VM that somebody else made and whose NICs were taken over; the rest of it is not ours. */
export const adoptedAnnotation = "multinic.novasphere.dev/adopted";

/** On the Secret: which text of user-data it holds, in a word that tells nothing of the text. */
export const userDataAnnotation = "multinic.novasphere.dev/user-data-version";

/** On the Secret: the VM it was made for. */
export const vmLabel = "multinic.novasphere.dev/vm";

/** Name of the volume that carries cloud-init; no other disk may have it. */
export const cloudInitDiskName = "cloudinitdisk";

/** Name of the Secret with a VM's network-config, and its user-data where that was given as text. */
export function secretNameOf(vm: string): string {
  return `multinic-${vm}`;
}

export function isManaged(object: KubernetesObject): boolean {
  return object.metadata.labels?.[managedByLabel] === managedBy;
}

/** True for a VM of somebody else's whose NICs alone are ours. */
export function isAdopted(vm: VirtualMachine): boolean {
  return !isManaged(vm) && vm.metadata.annotations?.[adoptedAnnotation] !== undefined;
}

/** The VM as an owner: what it owns goes when it goes. */
export function ownerReferenceTo(vm: VirtualMachine): OwnerReference {
  const { name, uid } = vm.metadata;
  if (uid === undefined)
    throw new Error(`VirtualMachine ${name} has no uid: it was not read from the API server`);
  return { apiVersion: vm.apiVersion, kind: vm.kind, name, uid };
}

/**
 * Field manager of one VM's ownership of a shared NAD. Server-side apply removes what a manager no longer applies, so
 * each VM needs its own to leave the references of the others alone.
 */
export function ownershipManager(vmUid: string): string {
  return `${fieldManager}-owner-${vmUid}`;
}
