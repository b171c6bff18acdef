// The service's memory of the cluster: VMs, their running instances and NADs, kept by list and watch.
import type {
  KubernetesObject,
  NetworkAttachmentDefinition,
  VirtualMachine,
  VirtualMachineInstance,
} from "../domain/objects.ts";
import type { Cache } from "../kube/cache.ts";
import { startCache } from "../kube/cache.ts";
import type { KubeClient } from "../kube/kube-client.ts";
import type { KubeLog } from "../kube/log.ts";
import { networkAttachmentDefinitions, virtualMachineInstances, virtualMachines } from "../kube/resource.ts";

export interface ClusterView {
  readonly vms: Cache<VirtualMachine>;
  readonly vmis: Cache<VirtualMachineInstance>;
  readonly nads: Cache<NetworkAttachmentDefinition>;
}

/** Without bookkeeping of the API server, which is most of an object. */
function withoutManagedFields<T extends KubernetesObject>(object: T): T {
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

/** Starts the caches at once. */
export function startClusterView(client: KubeClient, log: KubeLog): ClusterView {
  const options = { log };
  return {
    vms: startCache(client, virtualMachines, { ...options, project: withoutManagedFields }),
    vmis: startCache(client, virtualMachineInstances, { ...options, project: withoutManagedFields }),
    nads: startCache(client, networkAttachmentDefinitions, { ...options, project: withoutManagedFields }),
  };
}

/** True when every cache has had its first complete list. */
export function isSynced(view: ClusterView): boolean {
  return cachesOf(view).every(({ synced }) => synced);
}

/** Resolves when every cache has had its first complete list. */
export async function whenSynced(view: ClusterView, signal?: AbortSignal): Promise<void> {
  await Promise.all(cachesOf(view).map((cache) => cache.whenSynced(signal)));
}

export async function stopClusterView(view: ClusterView): Promise<void> {
  await Promise.all(cachesOf(view).map((cache) => cache.stop()));
}

function cachesOf({ vms, vmis, nads }: ClusterView): readonly Cache<unknown>[] {
  return [vms, vmis, nads];
}
