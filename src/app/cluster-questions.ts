// ListNetworks and GetCapabilities: what a VM may attach to here, and what the cluster can do.
import { type AttachableNetwork, attachableNetworks } from "../domain/attachable.ts";
import { type Capability, capabilitiesOf } from "../domain/capabilities.ts";
import type { Catalogue } from "../domain/catalogue.ts";
import type { KubeVirt } from "../domain/objects.ts";
import { isKubeError } from "../kube/errors.ts";
import type { KubeClient } from "../kube/kube-client.ts";
import { kubeVirts } from "../kube/resource.ts";
import { type ClusterView, isSynced } from "./cluster-view.ts";
import { NotReady } from "./errors.ts";
import { type Page, pageOf, type PageRequest } from "./pages.ts";

/** From the service's memory. @throws NotReady, BadPageToken. */
export function listNetworks(
  view: ClusterView,
  catalogue: Catalogue,
  namespace: string,
  page: PageRequest,
): Page<AttachableNetwork> {
  if (!isSynced(view)) throw new NotReady("the list of networks is not complete yet");
  const all = attachableNetworks(namespace, catalogue, view.nads.values(), view.vms.values());
  const keyed = all.map((network, index) => ({ network, key: `${String(index).padStart(6, "0")}` }));
  const { items, nextToken } = pageOf(keyed, ({ key }) => key, namespace, page, { default: 100, max: 500 });
  return { items: items.map(({ network }) => network), nextToken };
}

export interface ClusterCapabilities {
  /** Empty where it cannot be read. */
  readonly kubeVirtVersion: string;
  readonly capabilities: readonly Capability[];
}

/** Read afresh. @throws KubeError. */
export async function readCapabilities(
  client: KubeClient,
  catalogue: Catalogue,
  signal?: AbortSignal,
): Promise<ClusterCapabilities> {
  const kubeVirt = await readKubeVirt(client, signal);
  return {
    kubeVirtVersion: kubeVirt?.status?.observedKubeVirtVersion ?? "",
    capabilities: capabilitiesOf(catalogue, kubeVirt),
  };
}

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
