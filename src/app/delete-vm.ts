// DeleteVM: deletes the VM; Kubernetes' garbage collector deletes the objects that only it owns.
import { etagOf } from "../domain/objects/etag.ts";
import type { KubernetesObject, OwnerReference, VirtualMachine } from "../domain/objects/kubernetes.ts";
import { isAdopted, isManaged, secretNameOf } from "../domain/objects/ownership.ts";
import { readVirtualMachine } from "../domain/objects/read-objects.ts";
import type { PlannedObject } from "../domain/plan/plan.ts";
import { releasesBy } from "../domain/plan/releases.ts";
import { isKubeError } from "../kube/errors.ts";
import type { KubeClient } from "../kube/kube-client.ts";
import { networkAttachmentDefinitions, virtualMachines } from "../kube/resource.ts";
import { attempts } from "./apply/writes.ts";
import type { ClusterView } from "./cluster-view.ts";
import { ObjectNotFound, PreconditionFailed, VersionMismatch, vmSubject } from "./errors.ts";
import { deleteLeft, leftNads, leftSecretOf } from "./left-objects.ts";
import { requireOwner } from "./owner.ts";

export interface DeleteRequest {
  readonly namespace: string;
  readonly name: string;
  /** Delete only while the VM has this etag. */
  readonly etag?: string | undefined;
  /** Succeed if there is no VM. */
  readonly allowMissing?: boolean | undefined;
  /** Return what would be deleted; the API server only checks the deletion. */
  readonly validateOnly?: boolean | undefined;
  /** The Wukong that the VM belongs to. */
  readonly owner?: OwnerReference | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface DeleteDependencies {
  readonly client: KubeClient;
  readonly view: ClusterView;
}

/**
 * Returns what is deleted: the VM now, the rest after it. If there is no VM, that is what an interrupted call has left: its
 * Secret, and NADs of the namespace that no VM owns or uses. Takes turns with applies of the VM in this process.
 * @throws ObjectNotFound, PreconditionFailed, VersionMismatch, KubeError; the reason of the signal.
 */
export async function deleteVm(
  dependencies: DeleteDependencies,
  request: DeleteRequest,
): Promise<readonly PlannedObject[]> {
  if (request.validateOnly === true) return await deleteOnce(dependencies, request);
  const endTurn = await dependencies.view.turns.take(`${request.namespace}/${request.name}`, request.signal);
  try {
    return await deleteOnce(dependencies, request);
  } finally {
    endTurn();
  }
}

async function deleteOnce(
  { client, view }: DeleteDependencies,
  request: DeleteRequest,
): Promise<readonly PlannedObject[]> {
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    const vm = await findToDelete(client, request);
    if (vm === undefined) {
      const left = await deleteWithoutVm(client, view, request);
      if (request.allowMissing !== true) throw new ObjectNotFound(vmSubject(request));
      return left;
    }
    const deleted = await deleteVersion(client, vm, request);
    if (deleted !== undefined) return deleted;
  }
  throw new VersionMismatch(vmSubject(request));
}

async function deleteWithoutVm(
  client: KubeClient,
  view: ClusterView,
  { namespace, name, validateOnly, signal }: DeleteRequest,
): Promise<readonly PlannedObject[]> {
  const secret = await leftSecretOf(client, { namespace, name }, { signal });
  // Of another VM that is being created the NADs are there before the VM: only an interrupted call of this VM is cleaned up.
  const left = secret === undefined ? [] : [secret, ...leftNads(view, namespace)];
  const deleted: PlannedObject[] = [];
  for (const each of left) {
    if (validateOnly === true || (await deleteLeft(client, each, { signal })))
      deleted.push(gone(each.object, "an interrupted call has left it"));
  }
  return deleted;
}

function gone({ kind, metadata }: KubernetesObject, message: string): PlannedObject {
  return { action: "delete", kind, namespace: metadata.namespace ?? "", name: metadata.name, message };
}

/** undefined: there is none. @throws PreconditionFailed, VersionMismatch, KubeError. */
async function findToDelete(client: KubeClient, request: DeleteRequest): Promise<VirtualMachine | undefined> {
  const { namespace, name, etag, signal } = request;
  const found = await client.find(virtualMachines, { namespace, name }, { signal });
  if (found === undefined) return undefined;
  const vm = readVirtualMachine(found).object;
  requireOwner(vm, request.owner);
  if (request.owner === undefined && !isManaged(vm)) {
    throw new PreconditionFailed(
      isAdopted(vm) ? "VM_ADOPTED" : "VM_NOT_MANAGED",
      vmSubject(request),
      isAdopted(vm)
        ? "multinic adopted the NICs of this VM and did not create it; delete it with kubectl, which also deletes what multinic created for its NICs"
        : "multinic did not create this VM; delete it with kubectl",
    );
  }
  if (etag !== undefined && etag !== etagOf(vm)) throw new VersionMismatch(vmSubject(request));
  return vm;
}

/**
 * undefined: the VM has changed since it was read, or is gone. Without an etag only another VM of the name counts as a
 * change. @throws KubeError.
 */
async function deleteVersion(
  client: KubeClient,
  vm: VirtualMachine,
  { namespace, name, etag, validateOnly, signal }: DeleteRequest,
): Promise<readonly PlannedObject[] | undefined> {
  const options = { signal };
  const { uid, resourceVersion } = vm.metadata;
  const nads = await client.list(networkAttachmentDefinitions, { ...options, namespace });
  const owned = uid === undefined ? [] : releasesBy(uid, nads.items).filter(({ isShared }) => !isShared);
  const version = { uid, resourceVersion: etag === undefined ? undefined : resourceVersion };
  try {
    await client.delete(
      virtualMachines,
      { namespace, name },
      { ...options, ...version, dryRun: validateOnly, propagation: "Background" },
    );
  } catch (error) {
    if (isKubeError(error, "Conflict") || isKubeError(error, "NotFound")) return undefined;
    throw error;
  }
  const secret = { apiVersion: "v1", kind: "Secret", metadata: { namespace, name: secretNameOf(name) } };
  return [
    gone(vm, "asked for"),
    gone(secret, "it belongs to the VM"),
    ...owned.map(({ nad }) => gone(nad, "no other VM uses it")),
  ];
}
