// Generates the NAD of a NIC on a physical network. Its name is a hash of its content, so NICs with the same need share it.
import { createHash } from "node:crypto";
import type { PhysicalNetwork } from "../catalogue.ts";
import { carrierOf } from "./carriers/carriers.ts";
import { resourceNameAnnotation } from "./cni.ts";
import type { Nic } from "../nic.ts";
import type { NetworkAttachmentDefinition } from "../objects/kubernetes.ts";
import { managedBy, managedByLabel } from "../objects/ownership.ts";

/** Supported by every plugin used here; macvtap-cni supports none above 0.4.0. A NAD without a version fails. */
const cniVersion = "0.3.1";

/** The NAD in the namespace of the VM. It never changes: other content has another name. */
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
