// The objects that the simulated controller and nodes exchange, besides those of the product: pods, nodes and migrations,
// with KubeVirt's labels and annotations.
import type { KubernetesObject } from "../../domain/objects/kubernetes.ts";
import type { Resource } from "../../kube/resource.ts";

/** v1 Container, with the fields of a virt-launcher pod. */
interface PodContainer {
  name: string;
  image: string;
  ports?: { name: string; containerPort: number }[];
  resources?: { requests?: Record<string, string>; limits?: Record<string, string> };
}

export interface PodCondition {
  type: string;
  status: "True" | "False" | "Unknown";
  reason?: string;
  message?: string;
  lastTransitionTime?: string | null;
}

export interface Pod extends KubernetesObject {
  apiVersion: "v1";
  kind: "Pod";
  spec: {
    nodeName?: string;
    hostname?: string;
    restartPolicy?: "Always" | "OnFailure" | "Never";
    terminationGracePeriodSeconds?: number;
    nodeSelector?: Record<string, string>;
    affinity?: Record<string, unknown>;
    automountServiceAccountToken?: boolean;
    containers: PodContainer[];
    initContainers?: PodContainer[];
    volumes?: ({ name: string } & Record<string, unknown>)[];
  };
  status?: {
    phase?: "Pending" | "Running" | "Succeeded" | "Failed" | "Unknown";
    conditions?: PodCondition[];
    podIP?: string;
    podIPs?: { ip: string }[];
    startTime?: string;
    reason?: string;
    message?: string;
    containerStatuses?: Record<string, unknown>[];
    initContainerStatuses?: Record<string, unknown>[];
  };
}

export interface Node extends KubernetesObject {
  apiVersion: "v1";
  kind: "Node";
  spec?: { unschedulable?: boolean };
  status?: {
    capacity?: Record<string, string>;
    allocatable?: Record<string, string>;
    conditions?: PodCondition[];
  };
}

/** The phases of a migration within one cluster. */
export type MigrationPhase =
  | ""
  | "Pending"
  | "Scheduling"
  | "Scheduled"
  | "PreparingTarget"
  | "TargetReady"
  | "Running"
  | "Succeeded"
  | "Failed";

/**
 * status.migrationState of a VMI. virt-controller hands a migration to the two virt-handlers by writing source and
 * target; they write the rest (addresses, timestamps, completed, failed).
 */
export interface MigrationState {
  migrationUid?: string;
  sourceNode?: string;
  sourcePod?: string;
  targetNode?: string;
  targetPod?: string;
  targetNodeAddress?: string;
  targetDirectMigrationNodePorts?: Record<string, number>;
  targetNodeDomainDetected?: boolean;
  targetNodeDomainReadyTimestamp?: string;
  startTimestamp?: string;
  endTimestamp?: string;
  completed?: boolean;
  failed?: boolean;
  failureReason?: string;
  [field: string]: unknown;
}

/** kubevirt.io/v1 VirtualMachineInstanceMigration. It has a status subresource. */
export interface VirtualMachineInstanceMigration extends KubernetesObject {
  apiVersion: "kubevirt.io/v1";
  kind: "VirtualMachineInstanceMigration";
  spec: { vmiName: string };
  status?: {
    phase?: MigrationPhase;
    phaseTransitionTimestamps?: { phase: MigrationPhase; phaseTransitionTimestamp: string }[];
    migrationState?: MigrationState;
  };
}

/** True for a pod, VMI or migration in a final phase. */
export function hasEnded({ status }: { readonly status?: { readonly phase?: string } | undefined }): boolean {
  return status?.phase === "Succeeded" || status?.phase === "Failed";
}

const core = { group: "", version: "v1" };

export const pods: Resource<Pod> = { ...core, plural: "pods", kind: "Pod", namespaced: true };
export const nodes: Resource<Node> = { ...core, plural: "nodes", kind: "Node", namespaced: false };

export const virtualMachineInstanceMigrations: Resource<VirtualMachineInstanceMigration> = {
  group: "kubevirt.io",
  version: "v1",
  plural: "virtualmachineinstancemigrations",
  kind: "VirtualMachineInstanceMigration",
  namespaced: true,
};

/** Labels, as kubevirt.io/api/core/v1 names them. */
export const labels = {
  /** On pods: `virt-launcher`, `virt-handler`. */
  app: "kubevirt.io",
  /** On pods: uid of the VMI. */
  createdBy: "kubevirt.io/created-by",
  /** On pods and VMIs: name of the VM. */
  vmName: "vm.kubevirt.io/name",
  /** On pods and VMIs: name of the VMI, cut to 63 characters. */
  vmiId: "vmi.kubevirt.io/id",
  /** On VMIs: the node that runs it, set with phase Scheduled; virt-handler changes it at a migration. */
  nodeName: "kubevirt.io/nodeName",
  /** On VMIs during a migration: the target node. */
  migrationTargetNodeName: "kubevirt.io/migrationTargetNodeName",
  /** On migration target pods: uid of the migration. */
  migrationJob: "kubevirt.io/migrationJobUID",
  /** On migrations: name of the VMI. */
  vmiName: "kubevirt.io/vmi-name",
} as const;

/** Annotations of KubeVirt and Multus. */
export const annotations = {
  /** On pods: name of the VMI. */
  domain: "kubevirt.io/domain",
  /** On migration target pods: name of the migration. */
  migrationJobName: "kubevirt.io/migrationJobName",
  /** On migrations created for condition MigrationRequired or MemoryChange. */
  workloadUpdateMigration: "kubevirt.io/workloadUpdateMigration",
  /** On pods: the networks to attach, a JSON list. */
  networks: "k8s.v1.cni.cncf.io/networks",
  /** On pods: the attached networks, a JSON list. */
  networkStatus: "k8s.v1.cni.cncf.io/network-status",
  /** On pods: the NAD that replaces the cluster network. */
  defaultNetwork: "v1.multus-cni.io/default-network",
} as const;

/** Values of the label `kubevirt.io` on pods. */
export const virtLauncher = "virt-launcher";
export const virtHandler = "virt-handler";

/** Finalizers, as kubevirt.io/api/core/v1 names them. */
export const finalizers = {
  /** On VMs, by virt-controller: the VMI is removed first. */
  vm: "kubevirt.io/virtualMachineControllerFinalize",
  /** On VMIs, at creation: the guest and its pods end first. */
  vmi: "kubevirt.io/foregroundDeleteVirtualMachine",
  /** On migrations. */
  migration: "kubevirt.io/migrationJobFinalize",
} as const;
