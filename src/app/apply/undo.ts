// Takes back what a failed apply has written: created objects that nobody uses are deleted, changed ones get their former content.
import { appliedFields } from "../../domain/objects/applied-fields.ts";
import { etagOf } from "../../domain/objects/etag.ts";
import type { KubernetesObject, VirtualMachine } from "../../domain/objects/kubernetes.ts";
import { fieldManager, isManaged } from "../../domain/objects/ownership.ts";
import { readVirtualMachine } from "../../domain/objects/read-objects.ts";
import { isKubeError } from "../../kube/errors.ts";
import type { CallOptions, KubeClient } from "../../kube/kube-client.ts";
import { keyOf } from "../../kube/object-key.ts";
import { networkAttachmentDefinitions, type Resource, virtualMachines } from "../../kube/resource.ts";
import type { IsInUse } from "../nads-in-use.ts";
import { attempts, type Write } from "./writes.ts";

/** A write that was executed, or may have been. */
export interface Begun extends Write {
  /** Before the write; undefined: the write was to create it. */
  readonly before: KubernetesObject | undefined;
  /** undefined: the answer was lost. */
  readonly stored: KubernetesObject | undefined;
}

/**
 * Not cancelled with the call that failed. Objects that are in use, and those that others have changed since, stay.
 * @throws AggregateError if some could not be taken back; its message names them.
 */
export async function undo(client: KubeClient, isInUse: IsInUse, begun: readonly Begun[]): Promise<void> {
  const failures: unknown[] = [];
  const left: string[] = [];
  for (const write of begun.toReversed()) {
    try {
      if (write.before === undefined) await removeUnused(client, isInUse, write);
      else if (write.resource !== networkAttachmentDefinitions) await putBack(client, write);
    } catch (error) {
      failures.push(error);
      const { kind, metadata } = write.object;
      const what =
        write.before === undefined ? "was created and could not be removed again" : "stays changed";
      left.push(`${kind} ${metadata.namespace}/${metadata.name} ${what}`);
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, left.join("; "));
}

/** A NAD may have been created by another call at the same time: without owner it belongs to no VM yet. */
async function removeUnused(
  client: KubeClient,
  isInUse: IsInUse,
  { resource, object, stored }: Begun,
): Promise<void> {
  const isNad = resource === networkAttachmentDefinitions;
  const found = isNad || stored === undefined ? await client.find(resource, object.metadata) : stored;
  if (found === undefined || !isManaged(found)) return;
  const isOwned = (found.metadata.ownerReferences ?? []).length > 0;
  if (isOwned && (isNad || stored === undefined)) return;
  if (isNad && isInUse(keyOf(object.metadata))) return;
  await remove(client, resource, found, {});
}

async function putBack(client: KubeClient, { resource, before, stored }: Begun): Promise<void> {
  const former = before && appliedFields(before, fieldManager);
  if (former === undefined || stored === undefined) return;
  const { uid, resourceVersion } = stored.metadata;
  const object = withVersion(former, { uid, resourceVersion });
  try {
    await client.apply(resource, object, { fieldManager, force: true });
  } catch (error) {
    if (!isKubeError(error, "Conflict")) throw error;
  }
}

/**
 * Puts a VM back to what was applied before, as long as it still is what this apply wrote; a created VM is deleted.
 * KubeVirt may write to it at any time, so this is tried several times. @throws KubeError.
 */
export async function undoVm(
  client: KubeClient,
  written: VirtualMachine,
  before: VirtualMachine | undefined,
): Promise<void> {
  const { name, uid } = written.metadata;
  if (before === undefined) {
    await deleteByUid(client, written);
    return;
  }
  const former = appliedFields(before, fieldManager);
  if (former === undefined) throw new Error(`VirtualMachine ${name} has no fields that multinic applied`);
  for (let attempt = 1; ; attempt += 1) {
    const found = await client.find(virtualMachines, written.metadata);
    if (found === undefined || versionOf(found) !== versionOf(written)) return;
    const { resourceVersion } = found.metadata;
    try {
      const object = withVersion(former, { uid, resourceVersion });
      await client.apply(virtualMachines, object, { fieldManager, force: true });
      return;
    } catch (error) {
      if (!isKubeError(error, "Conflict") || attempt === attempts) throw error;
    }
  }
}

const versionOf = (vm: VirtualMachine): string => etagOf(readVirtualMachine(vm).object);

function withVersion<T extends KubernetesObject>(
  object: T,
  {
    uid,
    resourceVersion,
  }: { readonly uid?: string | undefined; readonly resourceVersion?: string | undefined },
): T {
  const version = {
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  };
  return { ...object, metadata: { ...object.metadata, ...version } };
}

async function deleteByUid(client: KubeClient, { metadata }: VirtualMachine): Promise<void> {
  const { namespace, name, uid } = metadata;
  try {
    await client.delete(virtualMachines, { namespace, name }, { uid, propagation: "Background" });
  } catch (error) {
    if (!isKubeError(error, "NotFound") && !isKubeError(error, "Conflict")) throw error;
  }
}

/** An object that was changed or deleted since it was read is left as it is. */
export async function remove(
  client: KubeClient,
  resource: Resource<KubernetesObject>,
  { metadata: { namespace, name, uid, resourceVersion } }: KubernetesObject,
  options: CallOptions,
): Promise<void> {
  try {
    await client.delete(resource, { namespace, name }, { ...options, uid, resourceVersion });
  } catch (error) {
    if (!isKubeError(error, "NotFound") && !isKubeError(error, "Conflict")) throw error;
  }
}
