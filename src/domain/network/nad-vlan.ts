// The VLAN of NICs on an existing NAD.
import type { Catalogue } from "../catalogue.ts";
import { carrierOfPlugin } from "./carriers/carriers.ts";
import { refusalOfPlugin } from "./cni-refusal.ts";
import type { CniConfig } from "./cni.ts";

/** 0: untagged; undefined: not known, as for an unknown plugin and for a configuration that its plugin refuses. */
export function vlanOfNad(cni: CniConfig, { physicalNetworks }: Catalogue): number | undefined {
  return refusalOfPlugin(cni) === undefined
    ? carrierOfPlugin(cni.type)?.vlanOfNad(cni, physicalNetworks)
    : undefined;
}
