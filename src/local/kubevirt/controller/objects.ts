// The KubeVirt objects with the status fields that only virt-controller itself uses.
import type { VirtualMachine, VirtualMachineInstance } from "../../../domain/objects/kubernetes.ts";
import type { KubernetesObject } from "../../../domain/objects/kubernetes.ts";
import { virtualMachineInstances, virtualMachines, type Resource } from "../../../kube/resource.ts";
import type { MigrationState } from "../resources.ts";

/** A request of virt-api (subresources start, stop, restart) that virt-controller takes off the list when done. */
export interface StateChangeRequest {
  action: "Start" | "Stop";
  uid?: string;
}

/** Counts the starts that failed before the guest ran; the next one waits until `retryAfterTimestamp`. */
export interface StartFailure {
  consecutiveFailCount: number;
  lastFailedVMIUID?: string;
  retryAfterTimestamp?: string;
}

export type VmStatus = NonNullable<VirtualMachine["status"]> & {
  runStrategy?: string;
  startFailure?: StartFailure;
  stateChangeRequests?: StateChangeRequest[];
};

/** A VirtualMachine as virt-controller sees it. */
export type Vm = VirtualMachine & { status?: VmStatus };

export type VmiStatus = NonNullable<VirtualMachineInstance["status"]> & {
  /** Name of the ControllerRevision that holds the VM spec this VMI was started from. */
  virtualMachineRevisionName?: string;
  migrationState?: MigrationState;
};

/** A VirtualMachineInstance as virt-controller sees it. */
export type Vmi = VirtualMachineInstance & { status?: VmiStatus };

/** apps/v1 ControllerRevision: KubeVirt keeps the VM spec of each start in one. Immutable. */
export interface ControllerRevision extends KubernetesObject {
  apiVersion: "apps/v1";
  kind: "ControllerRevision";
  data: { spec: VirtualMachine["spec"] };
  revision: number;
}

export const vms = virtualMachines as Resource<Vm>;
export const vmis = virtualMachineInstances as Resource<Vmi>;

export const controllerRevisions: Resource<ControllerRevision> = {
  group: "apps",
  version: "v1",
  plural: "controllerrevisions",
  kind: "ControllerRevision",
  namespaced: true,
};

/** True when `owner` is the controller of `object` (by uid, so a namesake does not count). */
export function isControlledBy(object: KubernetesObject, owner: KubernetesObject): boolean {
  return (
    object.metadata.ownerReferences?.some(
      (reference) => reference.controller === true && reference.uid === owner.metadata.uid,
    ) ?? false
  );
}
