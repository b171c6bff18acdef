// Writing a VMI that virt-handler writes too: only what changed, and never over a state that was not seen.
import { isMapping } from "../../../domain/objects/mapping.ts";
import type { FullKubeClient } from "../../../kube/kube-client.ts";
import { vmis, type Vmi } from "./objects.ts";
import { semanticEqual } from "./semantic-equal.ts";
import { fieldManager } from "./context.ts";

/**
 * Sends the difference in status, labels and finalizers; nothing when there is none.
 * @throws KubeError "Conflict" when the stored VMI is not `before` any more.
 */
export async function patchVmi(client: FullKubeClient, before: Vmi, after: Vmi): Promise<void> {
  const status = changedFields(before.status ?? {}, after.status ?? {});
  const metadata = changedFields(
    { labels: before.metadata.labels, finalizers: before.metadata.finalizers },
    { labels: after.metadata.labels, finalizers: after.metadata.finalizers },
  );
  if (Object.keys(status).length === 0 && Object.keys(metadata).length === 0) return;
  const { resourceVersion } = before.metadata;
  const patch = { metadata: { ...metadata, resourceVersion }, status };
  await client.mergePatch(vmis, before.metadata, patch, { fieldManager });
}

/** A merge patch: lists whole, and null for map entries that went. */
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
