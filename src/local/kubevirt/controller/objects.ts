// The KubeVirt objects with the status fields that only virt-controller uses.
import type {
  KubernetesObject,
  VirtualMachine,
  VirtualMachineInstance,
} from "../../../domain/objects/kubernetes.ts";
import { virtualMachineInstances, virtualMachines, type Resource } from "../../../kube/resource.ts";
import type { MigrationState } from "../resources.ts";

/** A request from virt-api (subresources start, stop, restart) that virt-controller removes when it is fulfilled. */
export interface StateChangeRequest {
  action: "Start" | "Stop";
  uid?: string;
}

/** Counts the starts that failed before the guest ran; the next start waits until `retryAfterTimestamp`. */
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

export type Vm = VirtualMachine & { status?: VmStatus };

export type VmiStatus = NonNullable<VirtualMachineInstance["status"]> & {
  /** Name of the ControllerRevision that holds the VM spec this VMI was started from. */
  virtualMachineRevisionName?: string;
  migrationState?: MigrationState;
};

export type Vmi = VirtualMachineInstance & { status?: VmiStatus };

/** apps/v1 ControllerRevision, immutable: KubeVirt keeps the VM spec of each start in one. */
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

/** True when `owner`, identified by uid, is the controller of `object`. */
export function isControlledBy(object: KubernetesObject, owner: KubernetesObject): boolean {
  return (
    object.metadata.ownerReferences?.some(
      (reference) => reference.controller === true && reference.uid === owner.metadata.uid,
    ) ?? false
  );
}
