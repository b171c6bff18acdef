// The owner references of NADs: each VM writes its own, as a field manager of its own.
import type {
  KubernetesObject,
  NetworkAttachmentDefinition,
  OwnerReference,
} from "../../domain/objects/kubernetes.ts";
import { ownershipManager } from "../../domain/objects/ownership.ts";
import { isKubeError } from "../../kube/errors.ts";
import type { CallOptions, KubeClient } from "../../kube/kube-client.ts";
import { networkAttachmentDefinitions } from "../../kube/resource.ts";

/** @throws KubeError "Conflict" or "Invalid" if the NAD with this uid is gone. */
export async function addOwner(
  client: KubeClient,
  nad: KubernetesObject,
  owner: OwnerReference,
  options: CallOptions = {},
): Promise<void> {
  await applyOwners(client, nad, owner.uid, { ownerReferences: [owner] }, options);
}

/** Returns the NAD without the owner; undefined if it has changed since it was read, or is gone. @throws KubeError. */
export async function removeOwner(
  client: KubeClient,
  nad: KubernetesObject,
  { uid }: OwnerReference,
  options: CallOptions = {},
): Promise<NetworkAttachmentDefinition | undefined> {
  const { resourceVersion } = nad.metadata;
  try {
    return await applyOwners(
      client,
      nad,
      uid,
      resourceVersion === undefined ? {} : { resourceVersion },
      options,
    );
  } catch (error) {
    if (isKubeError(error, "Conflict") || isKubeError(error, "Invalid")) return undefined;
    throw error;
  }
}

/** The uid in the object is a lock: without it, a server-side apply of metadata alone could create a NAD without configuration. */
async function applyOwners(
  client: KubeClient,
  { metadata }: KubernetesObject,
  ownerUid: string,
  fields: Partial<NetworkAttachmentDefinition["metadata"]>,
  options: CallOptions,
): Promise<NetworkAttachmentDefinition> {
  const { name, namespace, uid } = metadata;
  if (uid === undefined) throw new Error(`NetworkAttachmentDefinition ${name} was stored without a uid`);
  const reference = {
    apiVersion: "k8s.cni.cncf.io/v1",
    kind: "NetworkAttachmentDefinition",
    metadata: { name, ...(namespace === undefined ? {} : { namespace }), uid, ...fields },
  } satisfies NetworkAttachmentDefinition;
  const fieldManager = ownershipManager(ownerUid);
  return await client.apply<NetworkAttachmentDefinition>(networkAttachmentDefinitions, reference, {
    ...options,
    fieldManager,
  });
}
