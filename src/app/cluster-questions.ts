// ListNetworks and GetCapabilities: what a VM may attach to, and what the cluster supports.
import { type AttachableNetwork, attachableNetworks } from "../domain/network/attachable.ts";
import { type Capability, capabilitiesOf } from "../domain/network/capabilities.ts";
import type { Catalogue } from "../domain/catalogue.ts";
import type { KubeClient } from "../kube/kube-client.ts";
import { readKubeVirt } from "./cluster-readings.ts";
import { type ClusterView, oldestMoment, requireSynced } from "./cluster-view.ts";
import { after, type CachedPage, pageOf, type PageRequest } from "./pages.ts";

/** From the caches. @throws NotReady, BadPageSize, BadPageToken. */
export function listNetworks(
  view: ClusterView,
  catalogue: Catalogue,
  namespace: string,
  page: PageRequest,
): CachedPage<AttachableNetwork> {
  requireSynced(view);
  const all = attachableNetworks(namespace, catalogue, view.nads.values(), view.vms.values());
  const keyOf = orderOf(catalogue);
  return {
    ...pageOf(after(all, keyOf), keyOf, namespace, page, { default: 100, max: 500 }),
    currentAsOf: oldestMoment([view.nads, view.vms])?.time,
  };
}

/** Keys in the order of attachableNetworks; a network that is added or removed does not change the key of another. */
function orderOf(catalogue: Catalogue): (network: AttachableNetwork) => string {
  const places = new Map(catalogue.physicalNetworks.map(({ name }, place) => [name, place]));
  return ({ reference: { kind, name } }) =>
    kind === "physical" ? `0 ${String(places.get(name)).padStart(6, "0")}` : `1 ${name}`;
}

export interface ClusterCapabilities {
  /** Empty if it cannot be read. */
  readonly kubeVirtVersion: string;
  readonly capabilities: readonly Capability[];
}

/** Read on every call. @throws KubeError. */
export async function readCapabilities(
  client: KubeClient,
  catalogue: Catalogue,
  signal?: AbortSignal,
): Promise<ClusterCapabilities> {
  const kubeVirt = await readKubeVirt(client, { signal });
  return {
    kubeVirtVersion: kubeVirt?.status?.observedKubeVirtVersion ?? "",
    capabilities: capabilitiesOf(catalogue, kubeVirt),
  };
}
