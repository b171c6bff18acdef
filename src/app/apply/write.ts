// The real writes of an apply, in order; then the owner references of NADs and Secret, and the deletion of released NADs.
import type { CompiledVm } from "../../domain/compile/compile.ts";
import type {
  KubernetesObject,
  NetworkAttachmentDefinition,
  ObjectMeta,
  VirtualMachine,
} from "../../domain/objects/kubernetes.ts";
import {
  fieldManager,
  ownerReferenceTo,
  ownershipManager,
  specAnnotation,
} from "../../domain/objects/ownership.ts";
import type { ObjectAction, Plan } from "../../domain/plan/plan.ts";
import { isKubeError } from "../../kube/errors.ts";
import type { ApplyOptions, CallOptions, KubeClient } from "../../kube/kube-client.ts";
import {
  networkAttachmentDefinitions,
  type Resource,
  secrets,
  virtualMachines,
} from "../../kube/resource.ts";
import { type PreconditionFailed, VersionMismatch } from "../errors.ts";
import { isOwnedByAnother, ownedByAnother } from "./refusals.ts";
import { attempts, secretToWrite, type Write, writesOf } from "./writes.ts";

/** What an apply writes. */
export interface Decision {
  readonly compiled: CompiledVm;
  readonly plan: Plan;
  readonly released: readonly NetworkAttachmentDefinition[];
  /** Take over the VM's fields from other managers. */
  readonly force: boolean;
  /**
   * What must not have changed since the plan was made: the spec of the VM ("plan"), or any of it, even its status
   * ("version"); undefined: nothing is checked.
   */
  readonly lock: "plan" | "version" | undefined;
}

/**
 * `live`: the VM that the plan was made for.
 * @throws VersionMismatch if a locked VM has changed, PreconditionFailed if another manager has taken a field since the
 * dry run; in both cases the objects created by this call are deleted again. KubeError.
 */
export async function writeObjects(
  client: KubeClient,
  live: VirtualMachine | undefined,
  { compiled, plan, released, force, lock }: Decision,
  { signal }: CallOptions,
): Promise<VirtualMachine> {
  const options = { fieldManager, signal };
  const actions = new Map(plan.objects.map(({ kind, name, action }) => [`${kind}/${name}`, action]));
  const actionOf = ({ kind, metadata }: KubernetesObject): ObjectAction | undefined =>
    actions.get(`${kind}/${metadata.name}`);
  const created: Write[] = [];
  let vm = live;
  for (const { resource, object } of writesOf(compiled, live && ownerReferenceTo(live))) {
    const action = actionOf(object);
    if (action === "unchanged") continue;
    try {
      const isLocked = object === compiled.virtualMachine && live !== undefined && lock !== undefined;
      const stored = isLocked
        ? await applyLocked(client, compiled.virtualMachine, { live, lock }, { ...options, force })
        : await client.apply(resource, object, options);
      if (action === "create") created.push({ resource, object: stored });
      if (resource === virtualMachines) vm = stored as VirtualMachine;
    } catch (error) {
      const lost = lostRace(object, error, live);
      if (lost === undefined) throw error;
      await undo(client, created, lost);
      throw lost;
    }
  }
  if (vm === undefined) throw new Error("no VirtualMachine among the writes");

  const owner = ownerReferenceTo(vm);
  for (const attachment of compiled.attachments) {
    if (actionOf(attachment) === "unchanged") continue;
    const { apiVersion, kind, metadata } = attachment;
    const { name, namespace } = metadata;
    const reference = {
      apiVersion,
      kind,
      metadata: { name, ...(namespace === undefined ? {} : { namespace }), ownerReferences: [owner] },
    } satisfies NetworkAttachmentDefinition;
    await client.apply(networkAttachmentDefinitions, reference, {
      ...options,
      fieldManager: ownershipManager(owner.uid),
    });
  }
  if (live === undefined) await client.apply(secrets, secretToWrite(compiled, owner), options);
  for (const nad of released) await remove(client, networkAttachmentDefinitions, nad, { signal });
  return vm;
}

/**
 * The resourceVersion in the object is the lock: the API server refuses the write if the stored one differs. What KubeVirt
 * writes to the VM, its status and its own annotations, does not count as a change. @throws VersionMismatch.
 */
async function applyLocked(
  client: KubeClient,
  object: VirtualMachine,
  { live: planned, lock }: { readonly live: VirtualMachine; readonly lock: "plan" | "version" },
  options: ApplyOptions,
): Promise<VirtualMachine> {
  let live: VirtualMachine | undefined = planned;
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
    if (lock === "version") break;
    live = await client.find(virtualMachines, planned.metadata, { signal: options.signal });
    if (live === undefined || !isAsPlanned(live.metadata, planned.metadata)) break;
  }
  throw new VersionMismatch(`VirtualMachine ${object.metadata.namespace}/${object.metadata.name}`);
}

/** The generation counts the changes of a spec (Kubernetes API conventions, metadata). */
function isAsPlanned(live: ObjectMeta, planned: ObjectMeta): boolean {
  return (
    live.uid === planned.uid &&
    live.generation === planned.generation &&
    live.deletionTimestamp === planned.deletionTimestamp &&
    live.annotations?.[specAnnotation] === planned.annotations?.[specAnnotation]
  );
}

/** The error to throw if the VM has changed since the dry run; undefined for any other failure. */
function lostRace(
  object: KubernetesObject,
  error: unknown,
  live: VirtualMachine | undefined,
): VersionMismatch | PreconditionFailed | undefined {
  if (error instanceof VersionMismatch) return error;
  return isOwnedByAnother(error) ? ownedByAnother(object, error, live) : undefined;
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
