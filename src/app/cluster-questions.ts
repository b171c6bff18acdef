// ListNetworks and GetCapabilities: what a VM may attach to, and what the cluster supports.
import { type AttachableNetwork, attachableNetworks } from "../domain/network/attachable.ts";
import { type Capability, capabilitiesOf } from "../domain/network/capabilities.ts";
import type { Catalogue } from "../domain/catalogue.ts";
import type { KubeClient } from "../kube/kube-client.ts";
import { readKubeVirt } from "./cluster-readings.ts";
import { type ClusterView, oldestMoment, requireSynced } from "./cluster-view.ts";
import { byKey, type CachedPage, type PageKey, pageOf, type PageRequest } from "./pages.ts";

/** From the caches. `bytesOf`: of a network in the answer. @throws NotReady, BadPageSize, BadPageToken. */
export function listNetworks(
  view: ClusterView,
  catalogue: Catalogue,
  namespace: string,
  page: PageRequest,
  bytesOf: (network: AttachableNetwork) => number,
): CachedPage<AttachableNetwork> {
  requireSynced(view);
  const all = attachableNetworks(namespace, catalogue, view.nads.values(), view.vms.values());
  const list = {
    ...byKey(all, orderOf(catalogue)),
    bytesOf,
    filter: namespace,
    sizes: { default: 100, max: 500 },
  };
  return {
    ...pageOf(list, page),
    currentAsOf: oldestMoment([view.nads, view.vms])?.time,
  };
}

/** Keys in the order of attachableNetworks; a network that is added or removed does not change the key of another. */
function orderOf(catalogue: Catalogue): (network: AttachableNetwork) => PageKey {
  const places = new Map(catalogue.physicalNetworks.map(({ name }, place) => [name, place]));
  return ({ reference: { kind, name } }) =>
    kind === "physical" ? ["0", String(places.get(name)).padStart(6, "0")] : ["1", ...name.split("/")];
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
