// DeleteVM: deletes the VM; Kubernetes' garbage collector deletes the objects that only it owns.
import { etagOf } from "../domain/objects/etag.ts";
import type { OwnerReference, VirtualMachine } from "../domain/objects/kubernetes.ts";
import { isAdopted, isManaged, secretNameOf } from "../domain/objects/ownership.ts";
import { readVirtualMachine } from "../domain/objects/read-objects.ts";
import { type PlannedObject, releasedBy } from "../domain/plan/plan.ts";
import { isKubeError } from "../kube/errors.ts";
import type { KubeClient } from "../kube/kube-client.ts";
import { networkAttachmentDefinitions, virtualMachines } from "../kube/resource.ts";
import { attempts } from "./apply/writes.ts";
import { ObjectNotFound, PreconditionFailed, VersionMismatch, vmSubject } from "./errors.ts";
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

/**
 * Returns what is deleted: the VM now, the rest after it. Empty if there is no VM and that is allowed.
 * @throws ObjectNotFound, PreconditionFailed, VersionMismatch, KubeError.
 */
export async function deleteVm(
  client: KubeClient,
  request: DeleteRequest,
): Promise<readonly PlannedObject[]> {
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    const vm = await findToDelete(client, request);
    if (vm === undefined) return [];
    const deleted = await deleteVersion(client, vm, request);
    if (deleted !== undefined) return deleted;
  }
  throw new VersionMismatch(vmSubject(request));
}

/** undefined: there is none, and that is allowed. @throws ObjectNotFound, PreconditionFailed, VersionMismatch, KubeError. */
async function findToDelete(client: KubeClient, request: DeleteRequest): Promise<VirtualMachine | undefined> {
  const { namespace, name, etag, signal } = request;
  const found = await client.find(virtualMachines, { namespace, name }, { signal });
  if (found === undefined) {
    if (request.allowMissing === true) return undefined;
    throw new ObjectNotFound(vmSubject(request));
  }
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
  const owned = uid === undefined ? [] : releasedBy(uid, nads.items, new Set());
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
  const gone = (kind: string, object: string, reason: string): PlannedObject => ({
    action: "delete",
    kind,
    namespace,
    name: object,
    reason,
  });
  return [
    gone(vm.kind, name, "asked for"),
    gone("Secret", secretNameOf(name), "it belongs to the VM"),
    ...owned.map(({ kind, metadata }) => gone(kind, metadata.name, "no other VM uses it")),
  ];
}
