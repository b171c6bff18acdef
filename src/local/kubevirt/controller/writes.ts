// virt-controller's writes: patches of what it has read, with no effect on what others have written since.
import { isMapping } from "../../../domain/objects/mapping.ts";
import type { KubernetesObject } from "../../../domain/objects/kubernetes.ts";
import { isKubeError } from "../../../kube/errors.ts";
import type { FullKubeClient } from "../../../kube/kube-client.ts";
import type { Resource } from "../../../kube/resource.ts";
import { vmis, type Vmi } from "./objects.ts";
import { semanticEqual } from "./semantic-equal.ts";

/** The field manager of virt-controller's writes. */
export const fieldManager = "virt-controller";

/** A merge patch. @throws KubeError "Conflict" when the stored object is no longer `before`. */
export async function patchUnchanged<T extends KubernetesObject>(
  client: FullKubeClient,
  resource: Resource<T>,
  before: T,
  { metadata, ...patch }: { readonly metadata?: object; readonly [field: string]: unknown },
): Promise<T> {
  const { resourceVersion } = before.metadata;
  const merged = { ...patch, metadata: { ...metadata, resourceVersion } };
  return await client.mergePatch(resource, before.metadata, merged, { fieldManager });
}

/**
 * Writes the difference in status, labels and finalizers, if there is any; virt-handler writes the same VMI.
 * @throws KubeError "Conflict" when the stored VMI is no longer `before`.
 */
export async function patchVmi(client: FullKubeClient, before: Vmi, after: Vmi): Promise<void> {
  const status = changedFields(before.status ?? {}, after.status ?? {});
  const metadata = changedFields(
    { labels: before.metadata.labels, finalizers: before.metadata.finalizers },
    { labels: after.metadata.labels, finalizers: after.metadata.finalizers },
  );
  if (Object.keys(status).length === 0 && Object.keys(metadata).length === 0) return;
  await patchUnchanged(client, vmis, before, { metadata, status });
}

/** A merge patch: lists are complete, and removed map entries are null. */
function changedFields(before: object, after: object): Record<string, unknown> {
  const old = new Map<string, unknown>(Object.entries(before));
  return Object.fromEntries(
    Object.entries(after)
      .filter(([name, value]) => !semanticEqual({ value }, { value: old.get(name) }))
      .map(([name, value]) => [name, isMapping(value) ? { ...removed(old.get(name)), ...value } : value]),
  );
}

function removed(old: unknown): Record<string, null> {
  return isMapping(old) ? Object.fromEntries(Object.keys(old).map((name) => [name, null])) : {};
}

/** The metadata to write when the finalizer is no longer needed. */
export function withoutFinalizer({ metadata }: KubernetesObject, finalizer: string): object {
  return { finalizers: (metadata.finalizers ?? []).filter((name) => name !== finalizer) };
}

/** Awaits a write that may fail for this reason without harm. */
export async function ignoring(reason: "AlreadyExists" | "NotFound", write: Promise<unknown>): Promise<void> {
  try {
    await write;
  } catch (error) {
    if (!isKubeError(error, reason)) throw error;
  }
}
