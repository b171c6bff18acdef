// Checks of a NIC's subnets against the networks of the cluster itself. They only matter to a guest that also is on the pod
// network: without it the guest never reaches pods or Services, and any address will do.
import type { Facts } from "../facts.ts";
import type { Catalogue } from "../catalogue.ts";
import { finding } from "../findings.ts";
import { type Cidr, overlaps, parseCidr } from "../ip.ts";
import type { NicCheck } from "./context.ts";

interface ClusterNetwork {
  readonly what: string;
  readonly cidr: Cidr;
}

/** What KubeVirt puts between a guest and the pod network (masquerade, its default vmNetworkCIDR and IPv6 prefix). */
const behindMasquerade: readonly ClusterNetwork[] = ["10.0.2.0/24", "fd10:0:2::/120"].flatMap((text) =>
  clusterNetwork("KubeVirt's network between guest and pod", text),
);

const known = new WeakMap<object, readonly ClusterNetwork[]>();

/** Every node has a pod network of its own; read once for as long as the facts stay the same. */
function networksOf(nodes: NonNullable<Facts["nodes"]>): readonly ClusterNetwork[] {
  const read = known.get(nodes);
  if (read !== undefined) return read;
  const networks = nodes.flatMap(({ name, podCidrs, addresses }) => [
    ...podCidrs.flatMap((text) => clusterNetwork(`the pod network of node ${name}`, text)),
    ...addresses.flatMap((text) =>
      clusterNetwork(`the address of node ${name}`, `${text}/${text.includes(":") ? 128 : 32}`),
    ),
  ]);
  known.set(nodes, networks);
  return networks;
}

function clusterNetwork(what: string, text: string): readonly ClusterNetwork[] {
  const cidr = parseCidr(text);
  return "value" in cidr ? [{ what, cidr: cidr.value }] : [];
}

function clusterNetworks({ nodes = [], serviceCidrs = [] }: Facts, { clusterCidrs }: Catalogue) {
  return [
    ...behindMasquerade,
    ...clusterCidrs.flatMap((text) => clusterNetwork("a network of the cluster", text)),
    ...serviceCidrs.flatMap((text) => clusterNetwork("the network of Services", text)),
    ...networksOf(nodes),
  ];
}

const subnetIsNotTheClusters: NicCheck = ({ nic, vm, facts, catalogue }) => {
  if (nic.addresses.length === 0 || nic.type === "pod" || !vm.nics.some(({ type }) => type === "pod"))
    return undefined;
  const networks = clusterNetworks(facts, catalogue);
  return nic.addresses.map(({ field, cidr }) => {
    const other = networks.find((network) => overlaps(network.cidr, cidr));
    return other === undefined
      ? undefined
      : finding("ADDRESS_CLUSTER_OVERLAP", field, {
          subnet: cidr.network,
          cluster: other.cidr.network,
          what: other.what,
        });
  });
};

export const clusterNetworkChecks: readonly NicCheck[] = [subnetIsNotTheClusters];
