// Labels, annotations, field managers and names by which multinic recognises the objects that it created.
import type { KubernetesObject, OwnerReference, VirtualMachine } from "./kubernetes.ts";

/** Field manager of everything multinic applies (managedFields of the API server). */
export const fieldManager = "multinic";

/** Every annotation and label of multinic has a key below it. */
export const objectDomain = "multinic.novasphere.dev";

export const managedByLabel = "app.kubernetes.io/managed-by";
export const managedBy = "multinic";

/** On the VM: the requested spec, as JSON of VmSpec. The objects alone do not show primary, priority or type. */
export const specAnnotation = "multinic.novasphere.dev/spec";

/** On the template, hence on each instance: the configuration that the guest was started with, as JSON of GuestRecord. */
export const guestConfigAnnotation = "multinic.novasphere.dev/guest-config";

/** On a VM that multinic did not create and whose NICs it adopted; the rest of the VM is not managed. */
export const adoptedAnnotation = "multinic.novasphere.dev/adopted";

/** On the Secret: the version of its user-data, which does not reveal the text. */
export const userDataAnnotation = "multinic.novasphere.dev/user-data-version";

/** On the Secret: the VM it belongs to. */
export const vmLabel = "multinic.novasphere.dev/vm";

/** Name of the cloud-init volume; no other disk may have it. */
export const cloudInitDiskName = "cloudinitdisk";

/** Name of the Secret with a VM's network-config, and its user-data if that was given as text. */
export function secretNameOf(vm: string): string {
  return `multinic-${vm}`;
}

export function isManaged(object: KubernetesObject): boolean {
  return object.metadata.labels?.[managedByLabel] === managedBy;
}

/** True for a VM that multinic did not create and of which it manages only the NICs. */
export function isAdopted(vm: VirtualMachine): boolean {
  return !isManaged(vm) && vm.metadata.annotations?.[adoptedAnnotation] !== undefined;
}

/** The VM as an owner: the objects that it owns are garbage-collected after it. */
export function ownerReferenceTo(vm: VirtualMachine): OwnerReference {
  const { name, uid } = vm.metadata;
  if (uid === undefined)
    throw new Error(`VirtualMachine ${name} has no uid: it was not read from the API server`);
  return { apiVersion: vm.apiVersion, kind: vm.kind, name, uid };
}

/** The Wukong that the VM was created for and that decides on it; undefined if there is none. */
export function wukongOf({ metadata }: VirtualMachine): OwnerReference | undefined {
  return metadata.ownerReferences?.find(
    ({ apiVersion, kind, controller }) =>
      controller === true && kind === "Wukong" && apiVersion.startsWith("vm.novasphere.dev/"),
  );
}

/**
 * Field manager of one VM's owner reference on a shared NAD. Server-side apply removes what a manager no longer applies,
 * so each VM needs its own manager to keep the references of the others.
 */
export function ownershipManager(vmUid: string): string {
  return `${fieldManager}-owner-${vmUid}`;
}
