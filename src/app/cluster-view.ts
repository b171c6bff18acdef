// What the service knows of the cluster: VMs, their running instances and NADs by list and watch, and its own writes in progress.
import { readVm } from "../domain/document/read-record.ts";
import type { RecordedVm } from "../domain/facts.ts";
import type {
  KubernetesObject,
  VirtualMachine,
  VirtualMachineInstance,
} from "../domain/objects/kubernetes.ts";
import { readInstance, readNad, type ReadObject } from "../domain/objects/read-objects.ts";
import { type Cache, startCache } from "../kube/watch/cache.ts";
import { createContact, type Moment, probeWhenQuiet } from "../kube/watch/contact.ts";
import type { KubeClient } from "../kube/kube-client.ts";
import type { KubeLog } from "../kube/log.ts";
import { networkAttachmentDefinitions, virtualMachineInstances, virtualMachines } from "../kube/resource.ts";
import { systemTiming } from "../kube/timing.ts";
import { type ClusterReadings, createClusterReadings } from "./cluster-readings.ts";
import { NotReady } from "./errors.ts";
import { whyNotSynced } from "./not-current.ts";
import { type ClusterCaches, followNicsInUse, type NicsInUse } from "./nics-in-use.ts";
import { createTurns, type Turns } from "./turns.ts";

export interface ClusterView extends ClusterCaches {
  readonly nicsInUse: NicsInUse;
  readonly readings: ClusterReadings;
  /** Writes of a VM, NAMESPACE/NAME, take turns. */
  readonly turns: Turns;
  /** Ends the questions to an API server that says nothing. */
  readonly stopProbing: () => Promise<void>;
}

/** Each audit lists the metadata of all objects. */
const usualAuditEveryMs = 300_000;

/** managedFields are most of an object. */
function withoutManagedFields<T extends KubernetesObject>(object: T): T {
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

/** A VM as the cache keeps it. Never throws. */
export function readCachedVm(vm: VirtualMachine): RecordedVm {
  return readVm(withoutManagedFields(vm));
}

/** An instance as the cache keeps it. Never throws. */
export function readCachedVmi(vmi: VirtualMachineInstance): ReadObject<VirtualMachineInstance> {
  return readInstance(withoutManagedFields(vmi));
}

export interface ClusterViewOptions {
  readonly log: KubeLog;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
  /** The mean time between two audits of a cache. */
  readonly auditEveryMs?: number;
}

/** Starts the caches at once. */
export function startClusterView(
  client: KubeClient,
  { log, now, auditEveryMs = usualAuditEveryMs }: ClusterViewOptions,
): ClusterView {
  const readAs =
    <T extends KubernetesObject>(read: (object: T) => ReadObject<T>) =>
    (given: T): T => {
      const { object, notes } = read(given);
      const { namespace, name } = object.metadata;
      if (notes.length > 0)
        log.warn({ kind: object.kind, namespace, name, notes }, "parts of an object are not of their types");
      return object;
    };
  const contact = createContact(systemTiming);
  const stopping = new AbortController();
  const prober = probeWhenQuiet({ client, contact, timing: systemTiming, signal: stopping.signal });
  const common = { log, contact, auditEveryMs };
  const caches: ClusterCaches = {
    vms: startCache(client, virtualMachines, {
      ...common,
      project: readCachedVm,
    }),
    vmis: startCache(client, virtualMachineInstances, { ...common, project: readAs(readCachedVmi) }),
    nads: startCache(client, networkAttachmentDefinitions, {
      ...common,
      project: readAs((nad) => readNad(withoutManagedFields(nad))),
    }),
  };
  return {
    ...caches,
    nicsInUse: followNicsInUse(caches),
    readings: createClusterReadings(client, now),
    turns: createTurns(),
    async stopProbing() {
      stopping.abort();
      await prober;
    },
  };
}

/** True when every cache has had its first complete list. */
export function isSynced(view: ClusterCaches): boolean {
  return cachesOf(view).every(({ synced }) => synced);
}

/** The moment as of which all these caches were current: the oldest of theirs. Undefined until all have been listed. */
export function oldestMoment(caches: readonly Pick<Cache<unknown>, "currentAsOf">[]): Moment | undefined {
  const moments = caches.map(({ currentAsOf }) => currentAsOf);
  return moments.reduce((oldest, moment) => {
    if (oldest === undefined || moment === undefined) return undefined;
    return moment.at < oldest.at ? moment : oldest;
  });
}

/** @throws NotReady while a cache has not had its first complete list. */
export function requireSynced(view: ClusterCaches): void {
  if (!isSynced(view)) throw new NotReady(whyNotSynced(cachesOf(view)));
}

/** Resolves when every cache has had its first complete list. */
export async function whenSynced(view: ClusterView, signal?: AbortSignal): Promise<void> {
  await Promise.all(cachesOf(view).map((cache) => cache.whenSynced(signal)));
}

export async function stopClusterView(view: ClusterView): Promise<void> {
  await Promise.all([view.stopProbing(), ...cachesOf(view).map((cache) => cache.stop())]);
}

export function cachesOf({ vms, vmis, nads }: ClusterCaches): readonly Cache<unknown>[] {
  return [vms, vmis, nads];
}
