// What was observed of the cluster for one VM, in one reading (app/observe.ts). undefined: not known, so not judged.
import type { Cidr } from "./ip.ts";
import type {
  NetworkAttachmentDefinition,
  Secret,
  VirtualMachine,
  VirtualMachineInstance,
} from "./objects/kubernetes.ts";
import type { VmSpec } from "./spec.ts";

/** What the annotation of a VM records: a spec, or why none can be read; neither where there is no record. */
export interface VmRecord {
  readonly spec?: VmSpec;
  readonly problem?: string;
}

/** A VM that was read once, with its record. */
export interface RecordedVm {
  readonly vm: VirtualMachine;
  readonly record: VmRecord;
  /** What was left out of the VM because it is not of its type, by path. */
  readonly notes: readonly string[];
}

/** A NIC of some VM, running or not. */
export interface NicInUse {
  readonly namespace: string;
  readonly vm: string;
  readonly nic: string;
  /** The network it is on (segment.ts). */
  readonly segment: string;
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
  /** Resources as the kubelet offers them, such as SR-IOV devices and the marks of bridges; amounts as Kubernetes writes them. */
  readonly allocatable: Readonly<Record<string, string>>;
  /** The node's own addresses. */
  readonly addresses: readonly string[];
  readonly podCidrs: readonly string[];
  /** undefined where NMState does not run. */
  readonly bridges: readonly NodeBridge[] | undefined;
}

/** A network that belongs to the cluster itself. */
export interface ClusterNetwork {
  /** Such as "the network of Services". */
  readonly what: string;
  readonly cidr: Cidr;
}

/** A bridge as the nodes that run VMs have it. */
export interface BridgeOnNodes {
  readonly nodes: ReadonlySet<NodeFact>;
  /** The first node with the smallest MTU; undefined when no node reports one. */
  readonly smallestMtu: { readonly node: string; readonly mtu: number } | undefined;
}

/** The nodes as the checks ask about them (network/nodes.ts): built when they are read, since there may be thousands. */
export interface NodeIndex {
  /** The nodes where KubeVirt starts VMs. */
  readonly forVms: readonly NodeFact[];
  /** By kind: those of them whose bridges are known; undefined when nothing reports bridges of this kind. */
  readonly reporting: Readonly<Record<NodeBridge["kind"], readonly NodeFact[] | undefined>>;
  /** By `markOf`. */
  readonly bridges: ReadonlyMap<string, BridgeOnNodes>;
  /** Pod networks and own addresses of all nodes. */
  readonly networks: readonly ClusterNetwork[];
}

/** The KubeVirt installation, as far as the effect of a change depends on it. */
export interface KubeVirtFact {
  /** As the installation reports it, such as v1.9.0; undefined while it does not. */
  readonly version: string | undefined;
  /** LiveMigrate: KubeVirt migrates VMs for changes that need it. */
  readonly workloadUpdateMethods: readonly string[];
  readonly featureGates: readonly string[];
}

export interface Facts {
  /** Whether the VM's namespace exists. */
  readonly namespaceExists: boolean | undefined;
  /** The NADs that the spec names and those of the VM's namespace, by NAMESPACE/NAME. */
  readonly nads: ReadonlyMap<string, NetworkAttachmentDefinition> | undefined;
  /** The NICs of all VMs, but for those on the pod network, by MAC address, in the spelling of mac.ts. */
  readonly macsInUse: ReadonlyMap<string, readonly NicInUse[]> | undefined;
  /** The same by address, in the spelling of ip.ts: as recorded, and as running guests report. */
  readonly addressesInUse: ReadonlyMap<string, readonly NicInUse[]> | undefined;
  readonly nodes: NodeIndex | undefined;
  /** The networks that Services take their addresses from. */
  readonly serviceCidrs: readonly string[] | undefined;
  /** Names of KubeVirt's registered binding plugins. */
  readonly bindingPlugins: readonly string[] | undefined;
  readonly kubeVirt: KubeVirtFact | undefined;
  /** The VM at the API server. */
  readonly vm: VirtualMachine | undefined;
  readonly record: VmRecord;
  /** Its running instance. */
  readonly vmi: VirtualMachineInstance | undefined;
  /** The Secret of the name that the VM's own has, whoever created it. */
  readonly secret: Secret | undefined;
}

/** Nothing is known: the checks that need a cluster are left out and named. */
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
