// What the cluster looks like at the moment, as plain data handed to the domain. undefined: not known, so not judged.
import type { NetworkAttachmentDefinition, VirtualMachine, VirtualMachineInstance } from "./objects.ts";

/** A MAC address that a NIC of some VM has, running or not. */
export interface MacInUse {
  readonly mac: string;
  readonly namespace: string;
  readonly vm: string;
  readonly nic: string;
}

/** The Secret under the name that a VM's own Secret has. */
export interface SecretFact {
  /** True when it was made here for this VM. */
  readonly owned: boolean;
}

export interface Facts {
  /** Whether the VM's namespace exists. */
  readonly namespaceExists: boolean | undefined;
  /** The NADs that the spec names and those of the VM's namespace, by NAMESPACE/NAME. */
  readonly nads: ReadonlyMap<string, NetworkAttachmentDefinition> | undefined;
  /** Every MAC address in the cluster's VMs. */
  readonly macsInUse: readonly MacInUse[] | undefined;
  /** Names of KubeVirt's registered binding plugins. */
  readonly bindingPlugins: readonly string[] | undefined;
  /** The VM as it is. */
  readonly vm: VirtualMachine | undefined;
  /** Its running instance. */
  readonly vmi: VirtualMachineInstance | undefined;
  readonly secret: SecretFact | undefined;
}

/** Nothing is known: the checks that need a cluster are left out and named. */
export const noFacts: Facts = {
  namespaceExists: undefined,
  nads: undefined,
  macsInUse: undefined,
  bindingPlugins: undefined,
  vm: undefined,
  vmi: undefined,
  secret: undefined,
};

/** What could not be checked with these facts, in words. */
export function lackedFacts(facts: Facts): readonly string[] {
  return [
    ["whether the namespace exists", facts.namespaceExists],
    ["whether the named NetworkAttachmentDefinitions exist and fit", facts.nads],
    ["whether a MAC address is in use by another VM", facts.macsInUse],
    ["whether KubeVirt has the binding plugin", facts.bindingPlugins],
  ]
    .filter(([, known]) => known === undefined)
    .map(([words]) => words as string);
}
