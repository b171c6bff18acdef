// Types of the Kubernetes, Multus and KubeVirt objects that multinic and the embedded cluster use, with the fields that they
// use. Names and meaning are those of the CRDs (kubevirt.io/v1, k8s.cni.cncf.io/v1).

/** A reference from a dependent to its owner: after the owner is deleted, the garbage collector deletes the dependent. */
export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

/** Fields that the API server sets are absent before the first write. */
export interface ObjectMeta {
  name: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: OwnerReference[];
  finalizers?: string[];
  managedFields?: unknown[];
}

export interface KubernetesObject {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
}

export interface Condition {
  type: string;
  status: "True" | "False" | "Unknown";
  reason?: string;
  message?: string;
  lastTransitionTime?: string | null;
  lastProbeTime?: string | null;
}

/** k8s.cni.cncf.io/v1: `spec.config` is the CNI configuration as a JSON text. */
export interface NetworkAttachmentDefinition extends KubernetesObject {
  apiVersion: "k8s.cni.cncf.io/v1";
  kind: "NetworkAttachmentDefinition";
  spec?: { config?: string };
}

/** v1 Secret; `stringData` is write-only, the API server turns it into base64 `data`. */
export interface Secret extends KubernetesObject {
  apiVersion: "v1";
  kind: "Secret";
  type?: string;
  immutable?: boolean;
  data?: Record<string, string>;
  stringData?: Record<string, string>;
}

/** v1 Namespace. */
export interface Namespace extends KubernetesObject {
  apiVersion: "v1";
  kind: "Namespace";
  status?: { phase?: string };
}

/** v1 Pod. */
export interface Pod extends KubernetesObject {
  apiVersion: "v1";
  kind: "Pod";
  status?: { phase?: string; podIP?: string };
}

/** v1 Node. */
export interface Node extends KubernetesObject {
  apiVersion: "v1";
  kind: "Node";
  spec?: { unschedulable?: boolean; podCIDRs?: string[] };
  status?: { allocatable?: Record<string, string>; addresses?: { type: string; address: string }[] };
}

/** networking.k8s.io/v1 ServiceCIDR. */
export interface ServiceCidr extends KubernetesObject {
  apiVersion: "networking.k8s.io/v1";
  kind: "ServiceCIDR";
  spec?: { cidrs?: string[] };
}

/** nmstate.io/v1beta1 NodeNetworkState: the report of NMState on a node, with the name of the node. */
export interface NodeNetworkState extends KubernetesObject {
  apiVersion: "nmstate.io/v1beta1";
  kind: "NodeNetworkState";
  status?: { currentState?: { interfaces?: { name: string; type?: string; mtu?: number }[] } };
}

/** The bindings of KubeVirt; a NIC has one of these. */
export interface VmBindings {
  bridge?: Record<string, never>;
  masquerade?: Record<string, never>;
  sriov?: Record<string, never>;
  passtBinding?: Record<string, never>;
  binding?: { name: string };
}

/** spec.domain.devices.interfaces[]: exactly one of bridge, masquerade, sriov, binding. */
export interface VmInterface extends VmBindings {
  name: string;
  model?: string;
  macAddress?: string;
  state?: "up" | "down" | "absent";
  bootOrder?: number;
  pciAddress?: string;
  ports?: { name?: string; protocol?: string; port: number }[];
}

/** spec.networks[]: exactly one of pod, multus. */
export interface VmNetwork {
  name: string;
  pod?: { vmNetworkCIDR?: string; vmIPv6NetworkCIDR?: string };
  multus?: { networkName: string; default?: boolean };
}

/** spec.domain.devices.disks[]. */
export interface VmDisk {
  name: string;
  disk?: { bus?: string; readonly?: boolean };
  cdrom?: { bus?: string };
  bootOrder?: number;
}

/** The NoCloud data source: `secretRef` holds user data, `networkDataSecretRef` the network-config. */
export interface CloudInitSource {
  userData?: string;
  userDataBase64?: string;
  secretRef?: { name: string };
  networkData?: string;
  networkDataBase64?: string;
  networkDataSecretRef?: { name: string };
}

/** spec.volumes[]: exactly one source. */
export interface VmVolume {
  name: string;
  containerDisk?: { image: string };
  persistentVolumeClaim?: { claimName: string };
  dataVolume?: { name: string };
  cloudInitNoCloud?: CloudInitSource;
  cloudInitConfigDrive?: CloudInitSource;
}

/** spec of a VirtualMachineInstance, and of a VirtualMachine's template. */
export interface VirtualMachineInstanceSpec {
  domain: {
    cpu?: { cores?: number; sockets?: number; threads?: number };
    memory?: { guest?: string; maxGuest?: string };
    firmware?: { uuid?: string; serial?: string };
    machine?: { type?: string };
    features?: { hypervPassthrough?: { enabled?: boolean } };
    resources?: { requests?: Record<string, string>; limits?: Record<string, string> };
    devices: {
      disks?: VmDisk[];
      interfaces?: VmInterface[];
      autoattachPodInterface?: boolean;
      networkInterfaceMultiqueue?: boolean;
    };
  };
  hostname?: string;
  nodeSelector?: Record<string, string>;
  terminationGracePeriodSeconds?: number;
  networks?: VmNetwork[];
  volumes?: VmVolume[];
}

/** KubeVirt's run strategies (kubevirt.io/api/core/v1 VirtualMachineRunStrategy). */
export const vmRunStrategies = [
  "Always",
  "Halted",
  "Manual",
  "RerunOnFailure",
  "Once",
  "WaitAsReceiver",
] as const;
export type VmRunStrategy = (typeof vmRunStrategies)[number];

/** kubevirt.io/v1 VirtualMachine. */
export interface VirtualMachine extends KubernetesObject {
  apiVersion: "kubevirt.io/v1";
  kind: "VirtualMachine";
  spec: {
    runStrategy?: VmRunStrategy;
    running?: boolean;
    template: {
      metadata?: { labels?: Record<string, string>; annotations?: Record<string, string> };
      spec: VirtualMachineInstanceSpec;
    };
  };
  status?: {
    created?: boolean;
    ready?: boolean;
    printableStatus?: string;
    conditions?: Condition[];
    observedGeneration?: number;
    desiredGeneration?: number;
  };
}

/** status.interfaces[] of a VirtualMachineInstance (kubevirt.io/api/core/v1 VirtualMachineInstanceNetworkInterface). */
export interface VmiInterfaceStatus {
  name?: string;
  mac?: string;
  ipAddress?: string;
  ipAddresses?: string[];
  interfaceName?: string;
  podInterfaceName?: string;
  infoSource?: string;
  linkState?: string;
  queueCount?: number;
}

/** The phases of a VirtualMachineInstance. */
export const vmiPhases = [
  "",
  "Pending",
  "Scheduling",
  "Scheduled",
  "Running",
  "Succeeded",
  "Failed",
  "Unknown",
  "WaitingForSync",
] as const;
export type VmiPhase = (typeof vmiPhases)[number];

/** kubevirt.io/v1 VirtualMachineInstance: one run of a VirtualMachine. It has no status subresource. */
export interface VirtualMachineInstance extends KubernetesObject {
  apiVersion: "kubevirt.io/v1";
  kind: "VirtualMachineInstance";
  spec: VirtualMachineInstanceSpec;
  status?: {
    phase?: VmiPhase;
    nodeName?: string;
    conditions?: Condition[];
    interfaces?: VmiInterfaceStatus[];
    guestOSInfo?: Record<string, string>;
    activePods?: Record<string, string>;
    memory?: { guestAtBoot?: string; guestCurrent?: string; guestRequested?: string };
    migrationState?: Record<string, unknown>;
    selinuxContext?: string;
    phaseTransitionTimestamps?: { phase: VmiPhase; phaseTransitionTimestamp: string }[];
  };
}

/** kubevirt.io/v1 KubeVirt: the installation. */
export interface KubeVirt extends KubernetesObject {
  apiVersion: "kubevirt.io/v1";
  kind: "KubeVirt";
  spec?: {
    configuration?: {
      network?: { binding?: Record<string, { domainAttachmentType?: string }> };
      developerConfiguration?: { featureGates?: string[] };
    };
    workloadUpdateStrategy?: { workloadUpdateMethods?: string[] };
  };
  status?: { phase?: string; observedKubeVirtVersion?: string };
}

/** A condition as apimachinery's metav1.Condition: all of it is required. */
export interface StatusCondition {
  readonly type: string;
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
  readonly lastTransitionTime: string;
  readonly observedGeneration: number;
}

/** vm.novasphere.dev/v1alpha1 Wukong; `spec` is read by domain/document. */
export interface Wukong extends KubernetesObject {
  apiVersion: "vm.novasphere.dev/v1alpha1";
  kind: "Wukong";
  spec?: unknown;
  status?: WukongStatus;
}

export interface WukongStatus {
  readonly observedGeneration?: number;
  readonly networks?: readonly WukongNetworkStatus[];
  readonly conditions?: readonly StatusCondition[];
}

/** status.networks[] of a Wukong; what is not known is absent. */
export interface WukongNetworkStatus {
  readonly name: string;
  readonly nadName?: string;
  readonly interfaceName?: string;
  readonly macAddress?: string;
  readonly ipAddress?: string;
  readonly ipAddresses?: readonly string[];
  readonly state?: string;
  readonly reason?: string;
}

/** coordination.k8s.io/v1 Lease. Times are RFC 3339 with microseconds. */
export interface Lease extends KubernetesObject {
  apiVersion: "coordination.k8s.io/v1";
  kind: "Lease";
  spec?: {
    holderIdentity?: string;
    leaseDurationSeconds?: number;
    acquireTime?: string;
    renewTime?: string;
    leaseTransitions?: number;
  };
}

/** v1 Event: something that happened to an object, which `kubectl describe` shows. */
export interface KubernetesEvent extends KubernetesObject {
  apiVersion: "v1";
  kind: "Event";
  type: "Normal" | "Warning";
  reason: string;
  message: string;
  involvedObject: { apiVersion: string; kind: string; namespace: string; name: string; uid: string };
  source: { component: string };
  firstTimestamp: string;
  lastTimestamp: string;
  count: number;
}
