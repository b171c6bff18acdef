// DeleteVM: deletes the VM; Kubernetes' garbage collector deletes the objects that only it owns.
import { isAdopted, isManaged, secretNameOf } from "../domain/objects/ownership.ts";
import { type PlannedObject, releasedBy } from "../domain/plan/plan.ts";
import { isKubeError } from "../kube/errors.ts";
import type { KubeClient } from "../kube/kube-client.ts";
import { networkAttachmentDefinitions, virtualMachines } from "../kube/resource.ts";
import { ObjectNotFound, PreconditionFailed, VersionMismatch } from "./errors.ts";

export interface DeleteRequest {
  readonly namespace: string;
  readonly name: string;
  /** Delete only this version of the VM. */
  readonly etag?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Returns what is deleted: the VM now, the rest after it.
 * @throws ObjectNotFound, PreconditionFailed, VersionMismatch, KubeError.
 */
export async function deleteVm(
  client: KubeClient,
  { namespace, name, etag, signal }: DeleteRequest,
): Promise<readonly PlannedObject[]> {
  const options = { signal };
  const subject = `${namespace}/${name}`;
  const vm = await client.find(virtualMachines, { namespace, name }, options);
  if (vm === undefined) throw new ObjectNotFound("VirtualMachine", subject);
  if (!isManaged(vm)) {
    throw new PreconditionFailed(
      isAdopted(vm) ? "VM_ADOPTED" : "VM_NOT_MANAGED",
      `VirtualMachine ${subject}`,
      isAdopted(vm)
        ? "multinic adopted the NICs of this VM and did not create it; delete it with kubectl, which also deletes what multinic created for its NICs"
        : "multinic did not create this VM; delete it with kubectl",
    );
  }
  const { uid, resourceVersion } = vm.metadata;
  if (etag !== undefined && etag !== resourceVersion) throw new VersionMismatch(`VirtualMachine ${subject}`);

  const nads = await client.list(networkAttachmentDefinitions, { ...options, namespace });
  const owned = uid === undefined ? [] : releasedBy(uid, nads.items, new Set());
  try {
    await client.delete(
      virtualMachines,
      { namespace, name },
      { ...options, uid, resourceVersion: etag, propagation: "Background" },
    );
  } catch (error) {
    if (isKubeError(error, "Conflict")) throw new VersionMismatch(`VirtualMachine ${subject}`);
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
