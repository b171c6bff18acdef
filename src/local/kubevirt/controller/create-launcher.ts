// Creates virt-launcher pods, with the devices that the VMI's NADs name in an annotation (KubeVirt: pkg/network/resources).
import { isKubeError } from "../../../kube/errors.ts";
import { networkAttachmentDefinitions } from "../../../kube/resource.ts";
import { nicLists, qualifiedNad } from "../nics.ts";
import { pods, type Pod } from "../resources.ts";
import type { ControllerContext } from "./context.ts";
import { launcherPod } from "./launcher-pod.ts";
import type { Vmi } from "./objects.ts";
import { fieldManager } from "./writes.ts";

const resourceNameAnnotation = "k8s.v1.cni.cncf.io/resourceName";

/** A NAD does not exist, and KubeVirt has to read it (gate ExternalNetResourceInjection off). */
export class MissingNadError extends Error {
  override readonly name = "MissingNadError";
}

/**
 * Creates the pod with its deterministic name, so that a second attempt cannot create a second pod. `adapt` changes
 * the pod of the VMI into the one to create.
 * @returns the pod as stored: the new one, or the one of an earlier attempt.
 * @throws MissingNadError, UnknownBindingError, KubeError
 */
export async function createLauncher(
  context: ControllerContext,
  vmi: Vmi,
  adapt: (pod: Pod) => Pod = (pod) => pod,
): Promise<Pod> {
  const networkResources = await requestedResources(context, vmi);
  const pod = adapt(launcherPod(vmi, { rules: context.rules, networkResources }));
  try {
    return await context.client.create(pods, pod, { fieldManager });
  } catch (error) {
    if (!isKubeError(error, "AlreadyExists")) throw error;
    return await context.client.get(pods, pod.metadata);
  }
}

/** Requests by resource name; empty with an external injector, because KubeVirt then does not read NADs. */
async function requestedResources(
  { rules, client }: ControllerContext,
  vmi: Vmi,
): Promise<ReadonlyMap<string, number>> {
  const requested = new Map<string, number>();
  if (rules.externalNetResourceInjection) return requested;
  for (const { multus } of nicLists(vmi.spec).networks) {
    if (multus === undefined) continue;
    const ref = qualifiedNad(multus.networkName, vmi.metadata.namespace ?? "");
    const nad = await client.find(networkAttachmentDefinitions, ref);
    if (nad === undefined) {
      throw new MissingNadError(
        `failed to locate network attachment definition ${ref.namespace}/${ref.name}`,
      );
    }
    const resource = nad.metadata.annotations?.[resourceNameAnnotation];
    if (resource !== undefined) requested.set(resource, (requested.get(resource) ?? 0) + 1);
  }
  return requested;
}
