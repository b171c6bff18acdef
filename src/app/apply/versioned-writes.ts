// Writes to one version of an object: the API server rejects them if the stored object has another uid or resourceVersion.
import { isDeepStrictEqual } from "node:util";
import type { KubernetesObject, VirtualMachine } from "../../domain/objects/kubernetes.ts";
import { readVirtualMachine } from "../../domain/objects/read-objects.ts";
import { isKubeError, KubeError } from "../../kube/errors.ts";
import type { ApplyOptions, KubeClient } from "../../kube/kube-client.ts";
import { virtualMachines } from "../../kube/resource.ts";
import { ObjectNotFound, subjectOf, VersionMismatch } from "../errors.ts";
import { type Lock, Overtaken } from "./lock.ts";
import { isOwnedByAnother } from "./refusals.ts";
import { attempts, type Write } from "./writes.ts";

/**
 * No stored object has this resourceVersion, because etcd counts from 1 and every write adds to it. So the API server
 * refuses an apply with it if there is an object, and creates one if there is none (apiserver registry.Store.Update).
 */
const neverStored = "1";

/**
 * Applies to this version of the object; undefined: only if there is none. If the answer to a write is lost, the object is read
 * again, so a write that was executed is not an error. @throws KubeError "Conflict" for another version.
 */
export async function applyToVersion(
  client: KubeClient,
  version: KubernetesObject | undefined,
  { resource, object }: Write,
  options: ApplyOptions,
): Promise<KubernetesObject> {
  const { uid, resourceVersion = neverStored } = version?.metadata ?? {};
  const locked = {
    ...object,
    metadata: { ...object.metadata, ...(uid === undefined ? {} : { uid }), resourceVersion },
  };
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await client.apply(resource, locked, options);
    } catch (error) {
      if (!mayHaveHappened(error)) throw error;
      const stored = await client.find(resource, object.metadata);
      if (stored?.metadata.resourceVersion === version?.metadata.resourceVersion) {
        if (attempt === attempts) throw error;
      } else if (stored !== undefined && (await isStored(client, stored, { resource, object }, options))) {
        return stored;
      } else throw error;
    }
  }
}

/** True if the API server may have executed the write that failed, or may still execute it. */
export function mayHaveHappened(error: unknown): boolean {
  if (!(error instanceof KubeError)) return false;
  return error.status === 0 || error.status >= 500;
}

/** True if an apply of the object would change nothing. */
async function isStored(
  client: KubeClient,
  stored: KubernetesObject,
  { resource, object }: Write,
  options: ApplyOptions,
): Promise<boolean> {
  const applied = await client.apply(resource, object, { ...options, dryRun: true });
  return isDeepStrictEqual(applied, stored);
}

/**
 * The resourceVersion in the object is the lock; what the lock does not regard may have changed.
 * @throws Overtaken, VersionMismatch, ObjectNotFound.
 */
export async function applyLocked(
  client: KubeClient,
  object: VirtualMachine,
  { live: planned, lock }: { readonly live: VirtualMachine; readonly lock: Lock },
  options: ApplyOptions,
): Promise<VirtualMachine> {
  let live = planned;
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    try {
      const stored = await applyToVersion(client, live, { resource: virtualMachines, object }, options);
      return stored as VirtualMachine;
    } catch (error) {
      if (!isKubeError(error, "Conflict") || isOwnedByAnother(error)) throw error;
    }
    const found = await client.find(virtualMachines, planned.metadata, { signal: options.signal });
    if (found === undefined) throw new ObjectNotFound(subjectOf(object));
    live = readVirtualMachine(found).object;
    if (live.metadata.uid !== planned.metadata.uid) throw new VersionMismatch(subjectOf(object));
    if (!lock(live)) break;
  }
  throw new Overtaken(subjectOf(object), planned);
}
