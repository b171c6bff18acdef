// The networks of the cluster itself: Services, nodes and pods, and the one between a guest and the pod network.
import type { Catalogue } from "../catalogue.ts";
import type { ClusterNetwork, Facts } from "../facts.ts";
import { parseCidr } from "../ip.ts";

/** KubeVirt's network between a guest and the pod network (masquerade, the default vmNetworkCIDR and IPv6 prefix). */
const behindMasquerade = ["10.0.2.0/24", "fd10:0:2::/120"].flatMap((text) =>
  clusterNetwork("KubeVirt's network between guest and pod", text),
);

/** Empty for a text that is not a network. */
export function clusterNetwork(what: string, text: string): readonly ClusterNetwork[] {
  const cidr = parseCidr(text);
  return "value" in cidr ? [{ what, cidr: cidr.value }] : [];
}

/** Every node has its own pod network. */
export function clusterNetworks(
  { nodes, serviceCidrs = [] }: Facts,
  { clusterCidrs }: Catalogue,
): readonly ClusterNetwork[] {
  return [
    ...behindMasquerade,
    ...clusterCidrs.flatMap((text) => clusterNetwork("a network of the cluster", text)),
    ...serviceCidrs.flatMap((text) => clusterNetwork("the Service network", text)),
    ...(nodes?.networks ?? []),
  ];
}
