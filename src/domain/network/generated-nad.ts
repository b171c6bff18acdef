// The generated NAD: the CNI configuration for a NIC on a physical network, named by its content and shared by all that want the same.
import { createHash } from "node:crypto";
import type { PhysicalNetwork } from "../catalogue.ts";
import { carrierOf } from "./carriers/carriers.ts";
import { resourceNameAnnotation } from "./cni.ts";
import type { Nic } from "../nic.ts";
import type { NetworkAttachmentDefinition } from "../objects/kubernetes.ts";
import { managedBy, managedByLabel } from "../objects/ownership.ts";

/** Every plugin used here speaks this CNI version; macvtap-cni none above 0.4.0. Without one a NAD fails. */
const cniVersion = "0.3.1";

/** The NAD in the VM's namespace; the same content has the same name, so it never needs to be changed. */
export function compileAttachment(
  nic: Pick<Nic, "vlanId" | "mtu">,
  network: PhysicalNetwork,
  namespace: string,
): NetworkAttachmentDefinition & { readonly spec: { config: string } } {
  const carrier = carrierOf(network);
  const config = { cniVersion, ...carrier.cniConfig(network, nic.vlanId, nic.mtu) };
  const resourceName = carrier.resourceName(network, nic.vlanId);
  const hash = createHash("sha256")
    .update(JSON.stringify([config, resourceName]))
    .digest("hex")
    .slice(0, 10);
  const name = `multinic-${network.type}-${hash}`;
  return {
    apiVersion: "k8s.cni.cncf.io/v1",
    kind: "NetworkAttachmentDefinition",
    metadata: {
      name,
      namespace,
      labels: { [managedByLabel]: managedBy },
      ...(resourceName === undefined ? {} : { annotations: { [resourceNameAnnotation]: resourceName } }),
    },
    spec: { config: JSON.stringify({ ...config, name }) },
  };
}
