// Which network a NIC is on, and what carries it on a node: for generated NADs and for those that the caller names.
import type { PhysicalNetwork } from "../catalogue.ts";
import { carrierOf, carrierOfPlugin } from "./carriers/carriers.ts";
import type { Uplink } from "./carriers/uplink.ts";
import { type CniConfig, readCniConfig } from "./cni.ts";
import type { NetworkAttachmentDefinition } from "../objects/kubernetes.ts";

/** The uplink of a NIC on that physical network. */
export function uplinkOfNetwork(network: PhysicalNetwork, vlan: number): Uplink {
  return carrierOf(network).uplink(network, vlan);
}

/** The uplink of a NIC on a NAD, NAMESPACE/NAME; of an unknown plugin only the NAD itself is known. */
export function uplinkOfNad(nad: string, cni: CniConfig): Uplink {
  return carrierOfPlugin(cni.type)?.uplinkOfNad(cni) ?? nadUplink(nad, cni.resourceName);
}

/** The segment of NICs on that NAD, even if it does not exist or cannot be read. */
export function segmentOfNad(name: string, nad: NetworkAttachmentDefinition | undefined): string {
  const cni = nad && readCniConfig(nad);
  return cni === undefined || "problem" in cni
    ? nadUplink(name, undefined).segment
    : uplinkOfNad(name, cni).segment;
}

function nadUplink(nad: string, resourceName: string | undefined): Uplink {
  return { segment: `nad ${nad}`, bridge: undefined, resourceName };
}
