// The devices that a VMI's networks need, by the annotation of their NADs (KubeVirt: pkg/network/resources).
import { networkAttachmentDefinitions } from "../../../kube/resource.ts";
import { nicLists, qualifiedNad } from "../nics.ts";
import type { Vmi } from "./objects.ts";
import type { ControllerContext } from "./context.ts";

const resourceNameAnnotation = "k8s.v1.cni.cncf.io/resourceName";

/** A NAD is not there, and KubeVirt has to read it (gate ExternalNetResourceInjection off). */
export class MissingNadError extends Error {
  override readonly name = "MissingNadError";
}

/**
 * Requests by resource name; none with an external injector, for then KubeVirt reads no NADs.
 * @throws MissingNadError
 */
export async function askedResources(
  context: ControllerContext,
  vmi: Vmi,
): Promise<ReadonlyMap<string, number>> {
  const asked = new Map<string, number>();
  if (context.rules.externalNetResourceInjection) return asked;
  for (const { multus } of nicLists(vmi.spec).networks) {
    if (multus === undefined) continue;
    const ref = qualifiedNad(multus.networkName, vmi.metadata.namespace ?? "");
    const nad = await context.client.find(networkAttachmentDefinitions, ref);
    if (nad === undefined) {
      throw new MissingNadError(
        `failed to locate network attachment definition ${ref.namespace}/${ref.name}`,
      );
    }
    const resource = nad.metadata.annotations?.[resourceNameAnnotation];
    if (resource !== undefined) asked.set(resource, (asked.get(resource) ?? 0) + 1);
  }
  return asked;
}
