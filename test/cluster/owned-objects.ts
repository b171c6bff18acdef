// The API server's objects of a VM: their versions, as far as multinic writes them, and their owners.
import type {
  NetworkAttachmentDefinition,
  Secret,
  VirtualMachine,
  VirtualMachineInstance,
} from "../../src/domain/objects/kubernetes.ts";
import { secretNameOf } from "../../src/domain/objects/ownership.ts";
import type { KubeClient } from "../../src/kube/kube-client.ts";
import {
  networkAttachmentDefinitions,
  secrets,
  virtualMachineInstances,
  virtualMachines,
} from "../../src/kube/resource.ts";
import { pods, type Pod } from "../../src/local/kubevirt/resources.ts";

export interface Owned {
  readonly vm: VirtualMachine | undefined;
  readonly vmi: VirtualMachineInstance | undefined;
  readonly secret: Secret | undefined;
  /** All NADs of the namespace, by name. */
  readonly nads: readonly NetworkAttachmentDefinition[];
  readonly pods: readonly Pod[];
}

export async function ownedObjects(
  client: KubeClient,
  { namespace, name }: { readonly namespace: string; readonly name: string },
): Promise<Owned> {
  const [vm, vmi, secret, nads, podList] = await Promise.all([
    client.find(virtualMachines, { namespace, name }),
    client.find(virtualMachineInstances, { namespace, name }),
    client.find(secrets, { namespace, name: secretNameOf(name) }),
    client.list(networkAttachmentDefinitions, { namespace }),
    client.list(pods, { namespace }),
  ]);
  return {
    vm,
    vmi,
    secret,
    nads: nads.items.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1)),
    pods: podList.items.filter(({ metadata }) => metadata.labels?.["kubevirt.io/vm"] === name),
  };
}

/** Versions that only multinic's writes change. KubeVirt writes the VM's status and annotations, so the VM counts by generation. */
export function versionsOf({
  vm,
  secret,
  nads,
}: Owned): Readonly<Record<string, string | number | undefined>> {
  return {
    vm: vm?.metadata.generation,
    secret: secret?.metadata.resourceVersion,
    ...Object.fromEntries(nads.map(({ metadata }) => [metadata.name, metadata.resourceVersion])),
  };
}

/** Names of a NAD's owners. */
export function ownersOf({ metadata }: NetworkAttachmentDefinition): readonly string[] {
  return (metadata.ownerReferences ?? []).map(({ name }) => name).toSorted();
}
