// Generated NADs that a VM no longer needs, and those that it names without having created them.
import type { CompiledVm } from "../../domain/compile/compile.ts";
import type { Facts } from "../../domain/facts.ts";
import type { NetworkAttachmentDefinition, VirtualMachine } from "../../domain/objects/kubernetes.ts";
import { isManaged } from "../../domain/objects/ownership.ts";
import { type Release, releasesBy } from "../../domain/plan/releases.ts";
import type { CallOptions, KubeClient } from "../../kube/kube-client.ts";
import { keyOf } from "../../kube/object-key.ts";
import { usedByInstance, usedByOthers } from "../nads-in-use.ts";
import type { NicsInUse } from "../nics-in-use.ts";

/** What the VM would release, if it comes to use the NADs of `compiled` alone. @throws KubeError. */
export async function releasedNads(
  client: KubeClient,
  inUse: NicsInUse,
  { vm, vmi, nads }: Facts,
  compiled: CompiledVm,
  options: CallOptions,
): Promise<readonly Release[]> {
  const releases = vm === undefined ? [] : unnamed(vm, nads?.values() ?? [], compiled);
  if (vm === undefined || releases.length === 0) return [];
  const byInstance = await usedByInstance(client, { vm, vmi }, options);
  const byOthers = usedByOthers(inUse, vm);
  return releases.flatMap(({ nad, isShared }) => {
    const name = keyOf(nad.metadata);
    return byInstance(name) ? [] : [{ nad, isShared: isShared || byOthers(name) }];
  });
}

/** The NADs that the VM owns and does not name. */
export function unnamed(
  { metadata }: VirtualMachine,
  nads: Iterable<NetworkAttachmentDefinition>,
  { attachmentNames }: CompiledVm,
): readonly Release[] {
  const named = new Set(attachmentNames);
  return releasesBy(metadata.uid ?? "", nads).filter(({ nad }) => !named.has(keyOf(nad.metadata)));
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
