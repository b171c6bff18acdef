// What the cluster looks like at the moment, as plain data handed to the domain. undefined: not known, so not judged.
import type {
  NetworkAttachmentDefinition,
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

/** The Secret under the name that a VM's own Secret has. */
export interface SecretFact {
  /** True when it was made here for this VM. */
  readonly owned: boolean;
}

/** The KubeVirt installation, as far as the effect of a change depends on it. */
export interface KubeVirtFact {
  /** As the installation reports it, such as v1.9.0; undefined while it does not. */
  readonly version: string | undefined;
  /** LiveMigrate: VMs are migrated by themselves for changes that need it. */
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
  readonly nodes: readonly NodeFact[] | undefined;
  /** The networks that Services take their addresses from. */
  readonly serviceCidrs: readonly string[] | undefined;
  /** Names of KubeVirt's registered binding plugins. */
  readonly bindingPlugins: readonly string[] | undefined;
  readonly kubeVirt: KubeVirtFact | undefined;
  /** The VM as it is. */
  readonly vm: VirtualMachine | undefined;
  readonly record: VmRecord;
  /** Its running instance. */
  readonly vmi: VirtualMachineInstance | undefined;
  readonly secret: SecretFact | undefined;
  /** Of a VM that was made elsewhere: what no spec can say (import/import-vm.ts); undefined where it was not read. */
  readonly importNotes: readonly string[] | undefined;
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
  importNotes: undefined,
};
