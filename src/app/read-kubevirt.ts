// The KubeVirt resource of the cluster: its version and what it is set up to do.
import type { KubeVirt } from "../domain/objects/kubernetes.ts";
import { isKubeError } from "../kube/errors.ts";
import type { KubeClient } from "../kube/kube-client.ts";
import { kubeVirts } from "../kube/resource.ts";

/** undefined when the service may not read it, or there is none. */
export async function readKubeVirt(client: KubeClient, signal?: AbortSignal): Promise<KubeVirt | undefined> {
  try {
    const { items } = await client.list(kubeVirts, signal === undefined ? {} : { signal });
    return items[0];
  } catch (error) {
    if (isKubeError(error, "Forbidden") || isKubeError(error, "NotFound")) return undefined;
    throw error;
  }
}
