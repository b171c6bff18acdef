// Which NICs differ between an earlier moment and now. Their states are a function of the objects, so the API server's
// history has those of every moment since its last compaction, whichever replica showed them.
import { setImmediate as otherWork } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import type { RecordedVm } from "../domain/facts.ts";
import type { KubernetesObject, VirtualMachineInstance } from "../domain/objects/kubernetes.ts";
import { type InterfaceStatus, interfaceStatuses } from "../domain/status/interface-status.ts";
import { knownSince } from "../domain/status/state-since.ts";
import type { KubeClient } from "../kube/kube-client.ts";
import { keyOf, refOf } from "../kube/object-key.ts";
import { listAtVersion } from "../kube/paging.ts";
import { type Resource, virtualMachineInstances, virtualMachines } from "../kube/resource.ts";
import type { Cache } from "../kube/watch/cache.ts";
import { isLater } from "../kube/watch/resource-version.ts";
import { type ClusterView, readCachedVm, readCachedVmi } from "./cluster-view.ts";
import type { SharedPosition } from "./resume-token.ts";
import { digestOf, emptyDigest } from "./status-digest.ts";
import type { StatusModel } from "./status-model.ts";
import { isInScope, scopeOf, type StatusScope, type VmKey } from "./status-scope.ts";

/** What the API server is asked to list: one VM, some namespaces, or everything. */
interface Listing {
  /** Empty: all. */
  readonly namespaces: readonly string[];
  /** Only with one namespace. */
  readonly name: string | undefined;
}

/** NICs that a reader of the earlier states lacks: those that differ at `revision` of the model. Later changes follow it. */
export interface Differences {
  readonly revision: number;
  readonly vms: readonly { readonly vm: VmKey; readonly nics: readonly string[] }[];
}

export interface PastStatesOptions {
  readonly client: Pick<KubeClient, "listPage">;
  readonly view: Pick<ClusterView, "vms" | "vmis">;
  readonly model: StatusModel;
  readonly sleepOrAborted: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** One list per namespace is less work for the API server than a list of everything, but more requests. */
const maxNamespaces = 8;
/** Replicas usually differ by milliseconds. */
const lookEveryMs = 50;
const looks = 100;
/** VMs that are compared without a pause. */
const vmsAtOnce = 100;

/** The smallest list that has all VMs of that scope. */
function listingOf({ namespaces, vmNames }: StatusScope): Listing {
  const some = namespaces.size <= maxNamespaces ? [...namespaces].toSorted() : [];
  const [name] = vmNames;
  return { namespaces: some, name: some.length === 1 && vmNames.size === 1 ? name : undefined };
}

/**
 * Compares the states at these versions with those of the model. Undefined if they do not have this digest, as after the store
 * of the API server was restored from a backup, if the caches do not reach the versions within 5 s, or if states are shown as
 * STALE. @throws KubeError if the API server does not have the versions, any more or yet, or does not answer.
 */
export async function differencesSince(
  { versions, digest }: SharedPosition,
  scope: StatusScope,
  options: PastStatesOptions & { readonly signal: AbortSignal },
): Promise<Differences | undefined> {
  const { view, model, signal } = options;
  const [vms, vmis] = await Promise.all([
    pastOf(options, scope, { ...vmAccess, cache: view.vms, version: versions.vms }),
    pastOf(options, scope, { ...vmiAccess, cache: view.vmis, version: versions.vmis }),
  ]);
  const isReached = (): boolean => vms.isReached() && vmis.isReached() && model.versions !== undefined;
  for (let look = 0; !isReached(); look += 1) {
    if (look === looks) return undefined;
    await options.sleepOrAborted(lookEveryMs, signal);
    signal.throwIfAborted();
  }

  const { revision } = model;
  const keys = new Set([...vms.values.keys(), ...model.vms(scope).map((vm) => idOf(vm))]);
  const found: { readonly vm: VmKey; readonly nics: readonly string[] }[] = [];
  let digestThen = emptyDigest;
  let compared = 0;
  for (const key of keys) {
    const ref = refOf(key);
    const vm = { namespace: ref.namespace, vm: ref.name };
    const then = { vm: vms.values.get(key), vmi: vmis.values.get(key) };
    const now = { vm: view.vms.get(ref), vmi: view.vmis.get(ref) };
    if (then.vm === now.vm && then.vmi === now.vmi) {
      digestThen ^= model.digest(scopeOf([vm.namespace], [vm.vm]));
    } else {
      const statesThen = statesOf(then);
      digestThen ^= digestOf(statesThen);
      const nics = differentNics(statesThen, statesOf(now));
      if (nics.length > 0) found.push({ vm, nics });
    }
    compared += 1;
    // What changes meanwhile is in the model's history after `revision` too.
    if (compared % vmsAtOnce === 0) await otherWork();
  }
  return digestThen === digest ? { revision, vms: found } : undefined;
}

const idOf = ({ namespace, vm }: VmKey): string => keyOf({ namespace, name: vm });

type States = readonly InterfaceStatus[];

function statesOf({
  vm,
  vmi,
}: {
  readonly vm: RecordedVm | undefined;
  readonly vmi: VirtualMachineInstance | undefined;
}): States {
  return vm === undefined ? [] : interfaceStatuses(vm.vm, vmi, vm.record.spec);
}

/** The NICs that were removed, added or changed. */
function differentNics(before: States, after: States): readonly string[] {
  const known = new Map(before.map((status) => [status.nic, status]));
  const present = new Set(after.map(({ nic }) => nic));
  const removed = [...known.keys()].filter((nic) => !present.has(nic));
  const different = after.filter((status) => {
    const former = known.get(status.nic);
    return former === undefined || !isDeepStrictEqual(knownSince(status, former), former);
  });
  return [...removed, ...different.map(({ nic }) => nic)];
}

interface Access<T extends KubernetesObject, V> {
  readonly resource: Resource<T>;
  readonly read: (object: T) => V;
  readonly metadataOf: (value: V) => KubernetesObject["metadata"];
}

const vmAccess = {
  resource: virtualMachines,
  read: readCachedVm,
  metadataOf: ({ vm }: RecordedVm) => vm.metadata,
};
const vmiAccess = {
  resource: virtualMachineInstances,
  read: (vmi: VirtualMachineInstance) => readCachedVmi(vmi).object,
  metadataOf: ({ metadata }: VirtualMachineInstance) => metadata,
};

interface Past<V> {
  readonly values: ReadonlyMap<string, V>;
  /** True if the cache shows this state or a later one. */
  isReached(): boolean;
}

/** Lists a collection as it was. An object that the cache still has is the cache's value, so it takes no memory. */
async function pastOf<T extends KubernetesObject, V>(
  { client, signal }: PastStatesOptions & { readonly signal: AbortSignal },
  scope: StatusScope,
  {
    resource,
    read,
    metadataOf,
    cache,
    version,
  }: Access<T, V> & { readonly cache: Cache<V>; readonly version: string },
): Promise<Past<V>> {
  const values = new Map<string, V>();
  const { namespaces, name } = listingOf(scope);
  const isSame = (a: KubernetesObject["metadata"], b: KubernetesObject["metadata"]): boolean =>
    a.uid === b.uid && a.resourceVersion === b.resourceVersion;
  for (const namespace of namespaces.length === 0 ? [undefined] : namespaces) {
    const fieldSelector = name === undefined ? undefined : `metadata.name=${name}`;
    const query = { namespace, fieldSelector, exactVersion: version, signal };
    for await (const items of listAtVersion((at) => client.listPage(resource, { ...query, ...at }))) {
      for (const object of items) {
        if (!isOf(object.metadata, scope)) continue;
        const cached = cache.get(object.metadata);
        const isCached = cached !== undefined && isSame(metadataOf(cached), object.metadata);
        values.set(keyOf(object.metadata), isCached ? cached : read(object));
      }
    }
  }
  /** A quiet collection keeps the version of its last event until the next bookmark, a minute later. */
  const isEqual = (): boolean => {
    const cached = [...cache.values()].map(metadataOf).filter((metadata) => isOf(metadata, scope));
    return (
      cached.length === values.size &&
      cached.every((metadata) => {
        const value = values.get(keyOf(metadata));
        return value !== undefined && isSame(metadataOf(value), metadata);
      })
    );
  };
  return {
    values,
    isReached: () => cache.version !== undefined && (!isLater(version, cache.version) || isEqual()),
  };
}

function isOf({ namespace = "", name }: KubernetesObject["metadata"], scope: StatusScope): boolean {
  return isInScope({ namespace, vm: name }, scope);
}
