// The generated NAD: the CNI configuration for a NIC on a physical network, named by its content and shared by all that want the same.
import { createHash } from "node:crypto";
import type { PhysicalNetwork } from "../catalogue.ts";
import { resourceNameAnnotation } from "./cni.ts";
import type { Nic } from "../nic.ts";
import type { NetworkAttachmentDefinition } from "../objects/kubernetes.ts";
import { managedBy, managedByLabel } from "../objects/ownership.ts";

/** Every plugin used here speaks this CNI version; macvtap-cni none above 0.4.0. Without one a NAD fails. */
const cniVersion = "0.3.1";

type CniConfig = Readonly<Record<string, string | number | boolean>>;

/** The plugin's configuration without its name. */
function cniConfig(network: PhysicalNetwork, vlan: number, mtu: number | undefined): CniConfig {
  const withMtu = mtu === undefined ? {} : { mtu };
  const withVlan = vlan === 0 ? {} : { vlan };
  switch (network.type) {
    case "sriov":
      return { cniVersion, type: "sriov", ...withVlan };
    case "ovs":
      // Without `vlan` the port would be a trunk of all VLANs (ovs-cni).
      return { cniVersion, type: "ovs", bridge: network.bridge, vlan, ...withMtu };
    case "bridge":
      return linuxBridge(network.bridge, network.macSpoofCheck, { ...withVlan, ...withMtu });
    case "macvlan":
      return network.implementation === "macvtap"
        ? { cniVersion, type: "macvtap", ...withMtu }
        : linuxBridge(network.bridge, network.macSpoofCheck, { ...withVlan, ...withMtu });
  }
}

function linuxBridge(bridge: string, macspoofchk: boolean, more: CniConfig): CniConfig {
  return { cniVersion, type: "bridge", bridge, ...more, macspoofchk, disableContainerInterface: true };
}

/** The device plugin resource of a NIC; undefined where a bridge needs none. */
export function resourceNameOf(network: PhysicalNetwork, vlan: number): string | undefined {
  if (network.type === "sriov") return network.resourceName;
  if (network.type !== "macvlan" || network.implementation !== "macvtap") return undefined;
  return vlan === 0 ? network.resourceName : network.vlanResourceName?.replaceAll("{vlan}", String(vlan));
}

/** The NAD in the VM's namespace; the same content has the same name, so it never needs to be changed. */
export function compileAttachment(
  nic: Pick<Nic, "vlanId" | "mtu">,
  network: PhysicalNetwork,
  namespace: string,
): NetworkAttachmentDefinition & { readonly spec: { config: string } } {
  const config = cniConfig(network, nic.vlanId, nic.mtu);
  const resourceName = resourceNameOf(network, nic.vlanId);
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
