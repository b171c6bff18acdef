// Checks of a NIC's subnets against the networks of the cluster itself. They only matter to a guest that also is on the pod
// network: without it the guest never reaches pods or Services, and any address will do.
import { finding } from "../findings.ts";
import { overlaps } from "../ip.ts";
import type { NicCheck } from "./context.ts";

const subnetIsNotTheClusters: NicCheck = ({ nic, clusterNetworks }) => {
  if (nic.type === "pod") return undefined;
  return nic.addresses.map(({ field, cidr }) => {
    const other = clusterNetworks.find((network) => overlaps(network.cidr, cidr));
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
