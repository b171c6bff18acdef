// The real writes of an apply, in order; then the owner references of NADs and Secret, and the deletion of released NADs.
import type { CompiledVm } from "../../domain/compile/compile.ts";
import type {
  KubernetesObject,
  NetworkAttachmentDefinition,
  OwnerReference,
  Secret,
  VirtualMachine,
} from "../../domain/objects/kubernetes.ts";
import { fieldManager, ownerReferenceTo, ownershipManager } from "../../domain/objects/ownership.ts";
import { readVirtualMachine } from "../../domain/objects/read-objects.ts";
import type { ObjectAction, Plan } from "../../domain/plan/plan.ts";
import { isKubeError } from "../../kube/errors.ts";
import type { ApplyOptions, CallOptions, KubeClient } from "../../kube/kube-client.ts";
import {
  networkAttachmentDefinitions,
  type Resource,
  secrets,
  virtualMachines,
} from "../../kube/resource.ts";
import { ObjectExists, ObjectNotFound, subjectOf, VersionMismatch } from "../errors.ts";
import type { Lock } from "./lock.ts";
import { isOwnedByAnother, ownedByAnother } from "./refusals.ts";
import { attempts, secretToWrite, type Write, writesOf } from "./writes.ts";

/** What an apply writes. */
export interface Decision {
  readonly compiled: CompiledVm;
  readonly plan: Plan;
  readonly released: readonly NetworkAttachmentDefinition[];
  /** Take over the VM's fields from other managers. */
  readonly force: boolean;
  /** undefined: nothing is checked. */
  readonly lock: Lock | undefined;
  /** The VM must not exist. */
  readonly createOnly: boolean;
  /** The Secret that the plan was made for. With `lock` or `createOnly` it must be the one that is stored. */
  readonly secret: Secret | undefined;
}

/**
 * `live`: the VM that the plan was made for.
 * @throws VersionMismatch or ObjectNotFound if a locked VM has changed or is gone, ObjectExists with `createOnly`,
 * PreconditionFailed if another manager has taken a field since the dry run; in all these cases the objects created by this
 * call are deleted again. KubeError.
 */
export async function writeObjects(
  client: KubeClient,
  live: VirtualMachine | undefined,
  { compiled, plan, released, force, lock, createOnly, secret }: Decision,
  { signal }: CallOptions,
): Promise<VirtualMachine> {
  const options = { fieldManager, signal };
  const actions = new Map(plan.objects.map(({ kind, name, action }) => [`${kind}/${name}`, action]));
  const actionOf = ({ kind, metadata }: KubernetesObject): ObjectAction | undefined =>
    actions.get(`${kind}/${metadata.name}`);
  const created: Write[] = [];
  const uids = new Map<KubernetesObject, string | undefined>();
  let vm = live;
  for (const { resource, object } of writesOf(compiled, live && ownerReferenceTo(live))) {
    const action = actionOf(object);
    if (action === "unchanged") continue;
    try {
      const write = async (): Promise<KubernetesObject> => {
        if (resource === secrets && (createOnly || lock !== undefined))
          return await applyTo(client, secret, { resource, object }, options);
        if (resource === virtualMachines && createOnly)
          return await applyTo(client, undefined, { resource, object }, options);
        if (object === compiled.virtualMachine && live !== undefined && lock !== undefined)
          return await applyLocked(client, compiled.virtualMachine, { live, lock }, { ...options, force });
        return await client.apply(resource, object, options);
      };
      const stored = await write();
      uids.set(object, stored.metadata.uid);
      if (action === "create" && !isShared(stored)) created.push({ resource, object: stored });
      if (resource === virtualMachines) vm = stored as VirtualMachine;
    } catch (error) {
      const lost = lostRace(object, error, { live, compiled, createOnly });
      if (lost === undefined) throw error;
      await undo(client, created, lost);
      throw lost;
    }
  }
  if (vm === undefined) throw new Error("no VirtualMachine among the writes");

  const owner = ownerReferenceTo(vm);
  for (const attachment of compiled.attachments) {
    if (actionOf(attachment) === "unchanged") continue;
    await addOwner(client, attachment, uids.get(attachment), { owner, signal });
  }
  if (live === undefined) await client.apply(secrets, secretToWrite(compiled, owner), options);
  for (const nad of released) await remove(client, networkAttachmentDefinitions, nad, { signal });
  return vm;
}

/** True for a NAD that another VM has come to use since the dry run. */
function isShared({ kind, metadata }: KubernetesObject): boolean {
  return kind === networkAttachmentDefinitions.kind && (metadata.ownerReferences ?? []).length > 0;
}

/**
 * Makes the VM an owner of the NAD with that uid. If another apply, which had created the NAD and then failed, has removed
 * it since, it is created again.
 */
async function addOwner(
  client: KubeClient,
  nad: NetworkAttachmentDefinition,
  writtenUid: string | undefined,
  { owner, signal }: CallOptions & { readonly owner: OwnerReference },
): Promise<void> {
  const { apiVersion, kind, metadata } = nad;
  const { name, namespace } = metadata;
  let uid = writtenUid;
  for (let attempt = 1; ; attempt += 1) {
    const reference = {
      apiVersion,
      kind,
      metadata: {
        name,
        ...(namespace === undefined ? {} : { namespace }),
        ...(uid === undefined ? {} : { uid }),
        ownerReferences: [owner],
      },
    } satisfies NetworkAttachmentDefinition;
    try {
      const fieldManager = ownershipManager(owner.uid);
      await client.apply(networkAttachmentDefinitions, reference, { fieldManager, signal });
      return;
    } catch (error) {
      const isAnother = isKubeError(error, "Conflict") || isKubeError(error, "Invalid");
      if (!isAnother || attempt === attempts) throw error;
    }
    const again = await client.apply(networkAttachmentDefinitions, nad, { fieldManager, signal });
    uid = again.metadata.uid;
  }
}

/**
 * The resourceVersion in the object is the lock: the API server refuses the write if the stored one differs.
 * @throws VersionMismatch, ObjectNotFound.
 */
async function applyLocked(
  client: KubeClient,
  object: VirtualMachine,
  { live: planned, lock }: { readonly live: VirtualMachine; readonly lock: Lock },
  options: ApplyOptions,
): Promise<VirtualMachine> {
  let live = planned;
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    const { uid, resourceVersion } = live.metadata;
    const version = {
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    };
    try {
      const locked: VirtualMachine = { ...object, metadata: { ...object.metadata, ...version } };
      return await client.apply(virtualMachines, locked, options);
    } catch (error) {
      if (!isKubeError(error, "Conflict") || isOwnedByAnother(error)) throw error;
    }
    const found = await client.find(virtualMachines, planned.metadata, { signal: options.signal });
    if (found === undefined) throw new ObjectNotFound(subjectOf(object));
    live = readVirtualMachine(found).object;
    if (!lock(live)) break;
  }
  throw new VersionMismatch(subjectOf(object));
}

/**
 * No stored object has this resourceVersion, because etcd counts from 1 and every write adds to it. So the API server
 * refuses an apply with it if there is an object, and creates one if there is none (apiserver registry.Store.Update).
 */
const neverStored = "1";

/** Applies to this version of the object; undefined: only if there is none. @throws KubeError "Conflict" otherwise. */
async function applyTo(
  client: KubeClient,
  stored: KubernetesObject | undefined,
  { resource, object }: Write,
  options: ApplyOptions,
): Promise<KubernetesObject> {
  const resourceVersion = stored?.metadata.resourceVersion ?? neverStored;
  return await client.apply(
    resource,
    { ...object, metadata: { ...object.metadata, resourceVersion } },
    options,
  );
}

/** The error to throw if VM or Secret have changed since the dry run; undefined for any other failure. */
function lostRace(
  object: KubernetesObject,
  error: unknown,
  {
    live,
    compiled,
    createOnly,
  }: Pick<Decision, "compiled" | "createOnly"> & { readonly live: VirtualMachine | undefined },
): Error | undefined {
  if (error instanceof VersionMismatch || error instanceof ObjectNotFound) return error;
  if (createOnly && object === compiled.virtualMachine && isKubeError(error, "Conflict"))
    return new ObjectExists(subjectOf(object));
  if (isOwnedByAnother(error)) return ownedByAnother(object, error, live);
  return isKubeError(error, "Conflict") ? new VersionMismatch(subjectOf(compiled.virtualMachine)) : undefined;
}

/**
 * Deletes what this apply created, even if the caller has cancelled. A failure does not replace `lost`: it becomes its
 * cause, and the message of `lost` names what is left.
 */
async function undo(client: KubeClient, created: readonly Write[], lost: Error): Promise<void> {
  const failures: unknown[] = [];
  for (const { resource, object } of created) {
    try {
      await remove(client, resource, object, {});
    } catch (error) {
      failures.push(error);
      lost.message += `; ${object.kind} ${object.metadata.namespace}/${object.metadata.name} was created and could not be removed again`;
    }
  }
  if (failures.length > 0) lost.cause = new AggregateError(failures);
}

/** An object that was changed or deleted since it was read is left as it is. */
async function remove(
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
