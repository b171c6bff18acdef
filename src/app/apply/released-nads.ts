// Generated NADs that a VM no longer needs, and those that it names without having created them.
import type { CompiledVm } from "../../domain/compile/compile.ts";
import type { Facts } from "../../domain/facts.ts";
import type { NetworkAttachmentDefinition } from "../../domain/objects/kubernetes.ts";
import { isManaged } from "../../domain/objects/ownership.ts";
import { releasedBy } from "../../domain/plan/plan.ts";
import type { CallOptions, KubeClient } from "../../kube/kube-client.ts";
import { keyOf } from "../../kube/object-key.ts";
import { nadsInUse } from "../nads-in-use.ts";
import type { NicsInUse } from "../nics-in-use.ts";

/** The NADs that only the VM owns and that neither it nor anything that runs needs. @throws KubeError. */
export async function releasedNads(
  client: KubeClient,
  inUse: NicsInUse,
  { vm, vmi, nads }: Facts,
  compiled: CompiledVm,
  options: CallOptions,
): Promise<readonly NetworkAttachmentDefinition[]> {
  const uid = vm?.metadata.uid;
  if (vm === undefined || uid === undefined) return [];
  const wanted = new Set(compiled.attachmentNames);
  const candidates = releasedBy(uid, nads?.values() ?? []).filter(
    ({ metadata }) => !wanted.has(keyOf(metadata)),
  );
  if (candidates.length === 0) return [];
  const isInUse = await nadsInUse(client, inUse, { vm, vmi }, options);
  return candidates.filter(({ metadata }) => !isInUse(keyOf(metadata)));
}

/** The generated NADs in the VM's namespace that the spec names; the VM becomes an owner of them too. */
export function namedNads(
  { nads }: Facts,
  { attachments, attachmentNames, virtualMachine }: CompiledVm,
): readonly NetworkAttachmentDefinition[] {
  const generated = new Set(attachments.map(({ metadata }) => keyOf(metadata)));
  return [...new Set(attachmentNames)].flatMap((name = "") => {
    const nad = generated.has(name) ? undefined : nads?.get(name);
    if (nad === undefined || !isManaged(nad)) return [];
    return nad.metadata.namespace === virtualMachine.metadata.namespace ? [nad] : [];
  });
}
