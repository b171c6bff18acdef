// Makes the VM the owner of its NADs and its Secret, and looks once more that they are there and whole: another call, or
// Kubernetes' garbage collector, may have removed or changed them since the dry run.
import type { CompiledVm } from "../../domain/compile/compile.ts";
import { secretText } from "../../domain/objects/cloud-init.ts";
import { etagOf } from "../../domain/objects/etag.ts";
import type {
  KubernetesObject,
  NetworkAttachmentDefinition,
  OwnerReference,
  Secret,
  VirtualMachine,
} from "../../domain/objects/kubernetes.ts";
import { fieldManager, ownerReferenceTo, userDataAnnotation } from "../../domain/objects/ownership.ts";
import { readVirtualMachine } from "../../domain/objects/read-objects.ts";
import { isKubeError } from "../../kube/errors.ts";
import type { KubeClient } from "../../kube/kube-client.ts";
import { networkAttachmentDefinitions, secrets, virtualMachines } from "../../kube/resource.ts";
import { subjectOf, VersionMismatch } from "../errors.ts";
import { addOwner } from "./nad-owners.ts";
import { isOwnedByAnother, ownedByAnother } from "./refusals.ts";
import { applyToVersion } from "./versioned-writes.ts";
import { attempts, secretToWrite } from "./writes.ts";

/** By name: what this apply has written. */
export type Written = ReadonlyMap<string, KubernetesObject>;

/**
 * After this, every NAD of the VM exists, has its configuration and has the VM as an owner. A NAD that is gone is written
 * again. `toOwn`: the NADs that do not have the VM as an owner yet. Returns all NADs of the namespace as stored.
 * @throws VersionMismatch if others keep removing one; KubeError.
 */
export async function ownNads(
  client: KubeClient,
  { attachments }: CompiledVm,
  vm: VirtualMachine,
  { toOwn, written }: { readonly toOwn: readonly NetworkAttachmentDefinition[]; readonly written: Written },
): Promise<readonly NetworkAttachmentDefinition[]> {
  const owner = ownerReferenceTo(vm);
  const { namespace } = vm.metadata;
  let missing = toOwn;
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    for (const nad of missing) {
      const known = attempt === 1 ? written.get(nad.metadata.name) : undefined;
      await own(client, nad, known, owner);
    }
    const { items } = await client.list(networkAttachmentDefinitions, { namespace });
    const stored = new Map(items.map((nad) => [nad.metadata.name, nad]));
    missing = attachments.filter((nad) => !isWhole(stored.get(nad.metadata.name), nad, owner));
    if (missing.length === 0) return items;
  }
  throw new VersionMismatch(subjectOf(missing[0] ?? vm));
}

function isWhole(
  stored: NetworkAttachmentDefinition | undefined,
  { spec }: NetworkAttachmentDefinition,
  owner: OwnerReference,
): boolean {
  const { ownerReferences = [], deletionTimestamp } = stored?.metadata ?? {};
  return (
    deletionTimestamp === undefined &&
    stored?.spec?.config === spec?.config &&
    ownerReferences.some(({ uid }) => uid === owner.uid)
  );
}

async function own(
  client: KubeClient,
  nad: NetworkAttachmentDefinition,
  written: KubernetesObject | undefined,
  owner: OwnerReference,
): Promise<void> {
  try {
    const stored = written ?? (await client.apply(networkAttachmentDefinitions, nad, { fieldManager }));
    await addOwner(client, stored, owner);
  } catch (error) {
    if (isOwnedByAnother(error)) throw ownedByAnother(nad, error, undefined);
    // The NAD with this uid is gone; the list that follows shows it.
    if (!isKubeError(error, "Conflict") && !isKubeError(error, "Invalid")) throw error;
  }
}

/**
 * Makes the VM an owner of generated NADs that it names, so that they stay when the VM that they were created for is deleted.
 * @throws VersionMismatch for one that is gone: its content is not known here. KubeError.
 */
export async function ownNamed(
  client: KubeClient,
  named: readonly NetworkAttachmentDefinition[],
  vm: VirtualMachine,
): Promise<void> {
  const owner = ownerReferenceTo(vm);
  for (const nad of named) {
    if ((nad.metadata.ownerReferences ?? []).some(({ uid }) => uid === owner.uid)) continue;
    try {
      await addOwner(client, nad, owner);
    } catch (error) {
      if (!isKubeError(error, "Conflict") && !isKubeError(error, "Invalid")) throw error;
      throw new VersionMismatch(subjectOf(nad));
    }
  }
}

/**
 * After this, the Secret is the one that the VM needs and the VM owns it, or the VM is no longer what this apply wrote.
 * `written`: the Secret that this apply has created; undefined: it is read.
 * @throws VersionMismatch if others keep changing it; KubeError.
 */
export async function ownSecret(
  client: KubeClient,
  compiled: CompiledVm,
  vm: VirtualMachine,
  written: Secret | undefined,
): Promise<void> {
  const object = secretToWrite(compiled, ownerReferenceTo(vm));
  let stored = written ?? (await client.find(secrets, object.metadata));
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    if (stored !== undefined && isComplete(stored, object)) return;
    if ((attempt > 1 || written === undefined) && !(await isStill(client, vm))) return;
    try {
      await applyToVersion(client, stored, { resource: secrets, object }, { fieldManager });
      return;
    } catch (error) {
      if (isOwnedByAnother(error)) throw ownedByAnother(object, error, undefined);
      if (!isKubeError(error, "Conflict")) throw error;
    }
    stored = await client.find(secrets, object.metadata);
  }
  throw new VersionMismatch(subjectOf(object));
}

function isComplete(stored: Secret, wanted: Secret): boolean {
  const keys = ["networkdata", "userdata"];
  const owners = stored.metadata.ownerReferences ?? [];
  return (
    keys.every((key) => secretText(stored, key) === secretText(wanted, key)) &&
    stored.metadata.annotations?.[userDataAnnotation] === wanted.metadata.annotations?.[userDataAnnotation] &&
    (wanted.metadata.ownerReferences ?? []).every(({ uid }) => owners.some((owner) => owner.uid === uid))
  );
}

/** True if the VM is still what this apply wrote. */
async function isStill(client: KubeClient, vm: VirtualMachine): Promise<boolean> {
  const found = await client.find(virtualMachines, vm.metadata);
  return found !== undefined && versionOf(found) === versionOf(vm);
}

const versionOf = (vm: VirtualMachine): string => etagOf(readVirtualMachine(vm).object);
