// Which network a NIC is on, and what of a node carries it: the same for a NAD that was made here and for one that was given.
import type { PhysicalNetwork } from "../catalogue.ts";
import { type CniConfig, readCniConfig } from "./cni.ts";
import { resourceNameOf } from "./generated-nad.ts";
import type { NetworkAttachmentDefinition } from "../objects/kubernetes.ts";

/** What a NIC needs of the node that its VM runs on. */
export interface Uplink {
  /** Two NICs of one segment hear each other's frames. Bridges of one name are taken for one network on all nodes. */
  readonly segment: string;
  readonly bridge: { readonly kind: "linux" | "ovs"; readonly name: string } | undefined;
  /** Device-plugin resource that the pod asks for. */
  readonly resourceName: string | undefined;
}

/** The uplink of a NIC on that physical network. */
export function uplinkOfNetwork(network: PhysicalNetwork, vlan: number): Uplink {
  const resourceName = resourceNameOf(network, vlan);
  switch (network.type) {
    case "sriov":
      return deviceUplink("sriov", resourceName ?? network.name, vlan);
    case "ovs":
      return bridgeUplink("ovs", network.bridge, vlan, undefined);
    case "bridge":
      return bridgeUplink("linux", network.bridge, vlan, undefined);
    case "macvlan":
      return network.implementation === "bridge"
        ? bridgeUplink("linux", network.bridge, vlan, undefined)
        : deviceUplink("macvtap", resourceName ?? network.name, 0);
  }
}

/** The uplink of a NIC on a given NAD, NAMESPACE/NAME; of a plugin unknown here nothing is known but the NAD itself. */
export function uplinkOfNad(nad: string, { type, device, vlan, resourceName }: CniConfig): Uplink {
  switch (type) {
    case "bridge":
    case "cnv-bridge":
      return bridgeUplink("linux", device ?? "", vlan, resourceName);
    case "ovs":
      return device === undefined
        ? nadUplink(nad, resourceName)
        : bridgeUplink("ovs", device, vlan, resourceName);
    case "sriov":
    case "macvtap":
      return resourceName === undefined
        ? nadUplink(nad, resourceName)
        : deviceUplink(type, resourceName, type === "sriov" ? vlan : 0);
    default:
      return nadUplink(nad, resourceName);
  }
}

/** The segment of NICs on that NAD, whether or not the NAD is there and can be read. */
export function segmentOfNad(name: string, nad: NetworkAttachmentDefinition | undefined): string {
  const cni = nad && readCniConfig(nad);
  return cni === undefined || "problem" in cni
    ? nadUplink(name, undefined).segment
    : uplinkOfNad(name, cni).segment;
}

function bridgeUplink(
  kind: "linux" | "ovs",
  name: string,
  vlan: number,
  resourceName: string | undefined,
): Uplink {
  return { segment: `${kind} bridge ${name} vlan ${vlan}`, bridge: { kind, name }, resourceName };
}

function deviceUplink(kind: "sriov" | "macvtap", resourceName: string, vlan: number): Uplink {
  return { segment: `${kind} ${resourceName} vlan ${vlan}`, bridge: undefined, resourceName };
}

function nadUplink(nad: string, resourceName: string | undefined): Uplink {
  return { segment: `nad ${nad}`, bridge: undefined, resourceName };
}
