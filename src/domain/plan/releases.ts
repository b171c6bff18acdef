// The NADs that a VM leaves: with its last owner a generated NAD is deleted.
import type { NetworkAttachmentDefinition } from "../objects/kubernetes.ts";
import { isManaged } from "../objects/ownership.ts";

/** `isShared`: other objects own the NAD too, so that it stays without this owner. */
export interface Release {
  readonly nad: NetworkAttachmentDefinition;
  readonly isShared: boolean;
}

/** The generated NADs that the VM owns, each as it would be released by it. */
export function releasesBy(vmUid: string, nads: Iterable<NetworkAttachmentDefinition>): readonly Release[] {
  return [...nads].flatMap((nad) => {
    const owners = nad.metadata.ownerReferences ?? [];
    if (!isManaged(nad) || !owners.some(({ uid }) => uid === vmUid)) return [];
    return [{ nad, isShared: owners.some(({ uid }) => uid !== vmUid) }];
  });
}
