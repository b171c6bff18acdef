// Facts about the cluster for one VM, read together (app/observe.ts). undefined: not known, so not checked.
import type { Cidr } from "./ip.ts";
import type {
  NetworkAttachmentDefinition,
  Secret,
  VirtualMachine,
  VirtualMachineInstance,
} from "./objects/kubernetes.ts";
import type { VmSpec } from "./spec.ts";

/** The recorded spec of a VM, or why it cannot be read; empty if there is no record. */
export interface VmRecord {
  readonly spec?: VmSpec;
  readonly problem?: string;
}

/** A VM that was read once, with its record. */
export interface RecordedVm {
  readonly vm: VirtualMachine;
  readonly record: VmRecord;
  /** Parts of the VM that were left out because their type is wrong, by path. */
  readonly notes: readonly string[];
}

/** A NIC of some VM, running or not. */
export interface NicInUse {
  readonly namespace: string;
  readonly vm: string;
  readonly nic: string;
  /** The network it is on (segment.ts). */
  readonly segment: string;
  /** Its NAD, NAMESPACE/NAME; undefined while the VM is being written. */
  readonly nad?: string;
}

/** A bridge of a node, as NMState reports it. */
export interface NodeBridge {
  readonly kind: "linux" | "ovs";
  readonly name: string;
  readonly mtu: number | undefined;
}

/** One node, as far as a NIC depends on it. */
export interface NodeFact {
  readonly name: string;
  /** False where KubeVirt starts no VM. */
  readonly takesVms: boolean;
  /** Resources that the kubelet offers, such as SR-IOV devices and marked bridges, with quantities as Kubernetes writes them. */
  readonly allocatable: Readonly<Record<string, string>>;
  readonly addresses: readonly string[];
  readonly podCidrs: readonly string[];
  /** undefined if NMState does not run. */
  readonly bridges: readonly NodeBridge[] | undefined;
}

/** A network that belongs to the cluster itself. */
export interface ClusterNetwork {
  /** Such as "the network of Services". */
  readonly what: string;
  readonly cidr: Cidr;
}

/** A bridge, on the nodes that can run VMs. */
export interface BridgeOnNodes {
  readonly nodes: ReadonlySet<NodeFact>;
  /** The first node with the smallest MTU; undefined when no node reports one. */
  readonly smallestMtu: { readonly node: string; readonly mtu: number } | undefined;
}

/** Index of the nodes for the checks (network/nodes.ts), built once per reading: there may be thousands of nodes. */
export interface NodeIndex {
  /** The nodes where KubeVirt starts VMs. */
  readonly forVms: readonly NodeFact[];
  /** By kind: the nodes whose bridges are known; undefined if nothing reports bridges of this kind. */
  readonly reporting: Readonly<Record<NodeBridge["kind"], readonly NodeFact[] | undefined>>;
  /** By `markOf`. */
  readonly bridges: ReadonlyMap<string, BridgeOnNodes>;
  /** Pod networks and own addresses of all nodes. */
  readonly networks: readonly ClusterNetwork[];
}

/** The KubeVirt installation, as far as the effect of a change depends on it. */
export interface KubeVirtFact {
  /** As the installation reports it, such as v1.9.0; undefined if it does not. */
  readonly version: string | undefined;
  /** With LiveMigrate, KubeVirt migrates VMs for changes that need it. */
  readonly workloadUpdateMethods: readonly string[];
  readonly featureGates: readonly string[];
}

export interface Facts {
  /** Whether the VM's namespace exists. */
  readonly namespaceExists: boolean | undefined;
  /** The NADs that the spec names and those of the VM's namespace, by NAMESPACE/NAME. */
  readonly nads: ReadonlyMap<string, NetworkAttachmentDefinition> | undefined;
  /** The NICs of all VMs, except on the pod network, by MAC address as normalised by mac.ts. */
  readonly macsInUse: ReadonlyMap<string, readonly NicInUse[]> | undefined;
  /** The same by IP address in the canonical form of ip.ts: from records, and as running guests report. */
  readonly addressesInUse: ReadonlyMap<string, readonly NicInUse[]> | undefined;
  readonly nodes: NodeIndex | undefined;
  /** The address ranges of Services. */
  readonly serviceCidrs: readonly string[] | undefined;
  /** Names of KubeVirt's registered binding plugins. */
  readonly bindingPlugins: readonly string[] | undefined;
  readonly kubeVirt: KubeVirtFact | undefined;
  /** The VM at the API server. */
  readonly vm: VirtualMachine | undefined;
  readonly record: VmRecord;
  /** Its running instance. */
  readonly vmi: VirtualMachineInstance | undefined;
  /** The Secret with the name of multinic's Secret for the VM, whoever created it. */
  readonly secret: Secret | undefined;
}

/** Nothing is known: checks that need a cluster are listed as not done. */
export const noFacts: Facts = {
  namespaceExists: undefined,
  nads: undefined,
  macsInUse: undefined,
  addressesInUse: undefined,
  nodes: undefined,
  serviceCidrs: undefined,
  bindingPlugins: undefined,
  kubeVirt: undefined,
  vm: undefined,
  record: {},
  vmi: undefined,
  secret: undefined,
};
