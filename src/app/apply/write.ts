// The writes of an apply, in order: NADs, Secret, VM; then who owns what, and what nobody needs any more.
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
import { isKubeError, type KubeError } from "../../kube/errors.ts";
import type { KubeClient } from "../../kube/kube-client.ts";
import {
  networkAttachmentDefinitions,
  type Resource,
  secrets,
  virtualMachines,
} from "../../kube/resource.ts";
import { VersionMismatch } from "../errors.ts";
import { secretToWrite, type Write, writesOf } from "./dry-run.ts";

export interface Writing {
  readonly compiled: CompiledVm;
  readonly plan: Plan;
  readonly released: readonly NetworkAttachmentDefinition[];
  /** The VM that the plan was made for. */
  readonly existing: VirtualMachine | undefined;
  /** Takes the VM's fields over from other managers. */
  readonly force: boolean;
  /**
   * What must not have changed since: of the VM as it was planned for ("plan"), or not even its status ("version");
   * undefined: whatever is there is changed.
   */
  readonly lock: "plan" | "version" | undefined;
  readonly signal: AbortSignal | undefined;
}

/** @throws VersionMismatch when a locked VM was changed since; what was made for it is removed again. */
export async function writeObjects(client: KubeClient, writing: Writing): Promise<VirtualMachine> {
  const { compiled, plan, released, existing, signal } = writing;
  const options = { fieldManager, ...(signal === undefined ? {} : { signal }) };
  const actions = new Map(plan.objects.map(({ kind, name, action }) => [`${kind}/${name}`, action]));
  const actionOf = ({ kind, metadata }: KubernetesObject): ObjectAction | undefined =>
    actions.get(`${kind}/${metadata.name}`);
  const made: Write[] = [];
  let vm = existing;
  for (const { resource, object } of writesOf(compiled, existing && ownerReferenceTo(existing))) {
    if (actionOf(object) === "unchanged") continue;
    if (resource === virtualMachines && existing !== undefined && writing.lock !== undefined) {
      vm = await applyLocked(client, object as VirtualMachine, existing, writing, options);
      if (vm === undefined) {
        for (const { resource: kind, object: stored } of made) await remove(client, kind, stored);
        throw new VersionMismatch(`VirtualMachine ${object.metadata.namespace}/${object.metadata.name}`);
      }
      continue;
    }
    const stored = await client.apply(resource, object, options);
    if (actionOf(object) === "create") made.push({ resource, object: stored });
    if (resource === virtualMachines) vm = stored as VirtualMachine;
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
  if (existing === undefined) await client.apply(secrets, secretToWrite(compiled, owner), options);
  for (const nad of released) await remove(client, networkAttachmentDefinitions, nad);
  return vm;
}

type Options = { readonly fieldManager: string; readonly signal?: AbortSignal };

/** KubeVirt may write a VM many times in its first second. */
const attempts = 5;

/**
 * The version in the object is the lock: the API server refuses another one. What KubeVirt keeps of the VM, in its status
 * and its own annotations, is no change to it. undefined: somebody changed it.
 */
async function applyLocked(
  client: KubeClient,
  object: VirtualMachine,
  planned: VirtualMachine,
  { force, lock }: Pick<Writing, "force" | "lock">,
  options: Options,
): Promise<VirtualMachine | undefined> {
  let live: VirtualMachine | undefined = planned;
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    const { uid, resourceVersion } = live.metadata;
    const version = {
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    };
    try {
      const locked: VirtualMachine = { ...object, metadata: { ...object.metadata, ...version } };
      return await client.apply(virtualMachines, locked, { ...options, force });
    } catch (error) {
      if (!isKubeError(error, "Conflict") || isAboutOwnership(error)) throw error;
    }
    if (lock === "version") return undefined;
    const { signal } = options;
    live = await client.find(virtualMachines, planned.metadata, signal === undefined ? {} : { signal });
    if (live === undefined || !isAsPlanned(live.metadata, planned.metadata)) return undefined;
  }
  return undefined;
}

/** The other conflict of server-side apply: a field that another manager owns. */
function isAboutOwnership({ causes }: KubeError): boolean {
  return causes.some(({ reason }) => reason === "FieldManagerConflict");
}

/** The generation counts the changes of a spec (Kubernetes API conventions, metadata). */
function isAsPlanned(now: ObjectMeta, then: ObjectMeta): boolean {
  return (
    now.uid === then.uid &&
    now.generation === then.generation &&
    now.deletionTimestamp === then.deletionTimestamp &&
    now.annotations?.[specAnnotation] === then.annotations?.[specAnnotation]
  );
}

/** Somebody may have begun to use it, or removed it, since it was read: then it is left alone. */
async function remove(
  client: KubeClient,
  resource: Resource<KubernetesObject>,
  { metadata: { namespace, name, uid, resourceVersion } }: KubernetesObject,
): Promise<void> {
  try {
    await client.delete(
      resource,
      { namespace, name },
      {
        ...(uid === undefined ? {} : { uid }),
        ...(resourceVersion === undefined ? {} : { resourceVersion }),
      },
    );
  } catch (error) {
    if (!isKubeError(error, "NotFound") && !isKubeError(error, "Conflict")) throw error;
  }
}
