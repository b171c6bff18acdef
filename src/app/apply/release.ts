// The last writes of an apply: the VM leaves the NADs that it no longer needs, and the last VM deletes them.
import type { CompiledVm } from "../../domain/compile/compile.ts";
import { nadNamesOf } from "../../domain/names.ts";
import type { NetworkAttachmentDefinition, VirtualMachine } from "../../domain/objects/kubernetes.ts";
import { fieldManager, ownerReferenceTo } from "../../domain/objects/ownership.ts";
import { readInstance } from "../../domain/objects/read-objects.ts";
import { releasesBy } from "../../domain/plan/releases.ts";
import { isKubeError } from "../../kube/errors.ts";
import type { KubeClient } from "../../kube/kube-client.ts";
import { keyOf } from "../../kube/object-key.ts";
import {
  networkAttachmentDefinitions,
  virtualMachineInstances,
  virtualMachines,
} from "../../kube/resource.ts";
import { usedByInstance, usedByOthers } from "../nads-in-use.ts";
import type { NicsInUse } from "../nics-in-use.ts";
import { addOwner, removeOwner } from "./nad-owners.ts";
import { unnamed } from "./released-nads.ts";
import { attempts } from "./writes.ts";

/**
 * Deletes the NADs that only this VM owns and no longer needs, and gives up its references in the others. Whoever comes to use one
 * writes its own reference, so the version of the NAD is the lock. A NAD that others keep changing is left to the sweep.
 * `nads`: as stored after the VM was written, with what other calls have done since the plan. @throws KubeError.
 */
export async function releaseNads(
  client: KubeClient,
  inUse: NicsInUse,
  vm: VirtualMachine,
  nads: readonly NetworkAttachmentDefinition[],
  compiled: CompiledVm,
): Promise<void> {
  const releases = unnamed(vm, nads, compiled);
  if (releases.length === 0) return;
  const found = await client.find(virtualMachineInstances, vm.metadata);
  const byInstance = await usedByInstance(client, { vm, vmi: found && readInstance(found).object }, {});
  const byOthers = usedByOthers(inUse, vm);
  for (const { nad } of releases) {
    const name = keyOf(nad.metadata);
    let stored: NetworkAttachmentDefinition | undefined = byInstance(name) ? undefined : nad;
    for (let attempt = 1; attempt <= attempts; attempt += 1) {
      if (stored === undefined || stored.metadata.uid !== nad.metadata.uid) break;
      if (await leave(client, stored, vm, byOthers(name))) break;
      stored = await client.find(networkAttachmentDefinitions, nad.metadata);
    }
  }
}

/** False if the NAD has changed since it was read. */
async function leave(
  client: KubeClient,
  nad: NetworkAttachmentDefinition,
  vm: VirtualMachine,
  isUsed: boolean,
): Promise<boolean> {
  const owner = ownerReferenceTo(vm);
  const [release] = releasesBy(owner.uid, [nad]);
  if (release === undefined) return true;
  if (!release.isShared && !isUsed) {
    if (!(await deleteVersion(client, nad))) return false;
    await keepIfNamed(client, nad, vm);
    return true;
  }
  const left = await removeOwner(client, nad, owner);
  if (left === undefined) return false;
  // All owners of a NAD may leave it at the same time.
  const isUnowned = (left.metadata.ownerReferences ?? []).length === 0;
  return !isUnowned || isUsed || (await deleteVersion(client, left));
}

async function deleteVersion(
  client: KubeClient,
  { metadata }: NetworkAttachmentDefinition,
): Promise<boolean> {
  const { namespace, name, uid, resourceVersion } = metadata;
  try {
    await client.delete(networkAttachmentDefinitions, { namespace, name }, { uid, resourceVersion });
    return true;
  } catch (error) {
    if (isKubeError(error, "NotFound")) return true;
    if (isKubeError(error, "Conflict")) return false;
    throw error;
  }
}

/**
 * Creates the NAD again if another apply of this VM has the VM name it: that apply found the VM's reference in place, so it has
 * changed nothing in the NAD that was deleted.
 */
async function keepIfNamed(
  client: KubeClient,
  { apiVersion, kind, metadata, spec }: NetworkAttachmentDefinition,
  { metadata: { uid, ...vm } }: VirtualMachine,
): Promise<void> {
  const now = await client.find(virtualMachines, vm);
  if (now?.metadata.uid !== uid || now === undefined || !nadNamesOf(now).includes(keyOf(metadata))) return;
  const { name, namespace, labels, annotations } = metadata;
  const kept = {
    name,
    ...(namespace && { namespace }),
    ...(labels && { labels }),
    ...(annotations && { annotations }),
  };
  const nad: NetworkAttachmentDefinition = { apiVersion, kind, metadata: kept, ...(spec && { spec }) };
  const stored = await client.apply(networkAttachmentDefinitions, nad, { fieldManager });
  await addOwner(client, stored, ownerReferenceTo(now));
}
