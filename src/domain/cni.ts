// What a NAD's CNI configuration says, read as Multus and the plugins read it.
import { isMapping } from "./mapping.ts";
import type { NetworkAttachmentDefinition } from "./objects.ts";
import type { NetworkType } from "./spec.ts";

/** The part of a CNI configuration that decides whether a NIC fits. */
export interface CniConfig {
  /** The plugin that makes the device: the configuration's `type`, or that of the first of its `plugins`. */
  readonly type: string;
  /** 0 for untagged or unknown to the plugin. */
  readonly vlan: number;
  readonly mtu: number | undefined;
}

/** Reads `spec.config`; a chain (`plugins: […]`) is judged by its first plugin, which makes the device. */
export function readCniConfig(nad: NetworkAttachmentDefinition): CniConfig | { readonly problem: string } {
  const text = nad.spec?.config ?? "";
  if (text.trim() === "") return { problem: "spec.config is empty" };
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return { problem: "spec.config is not JSON" };
  }
  const main = isMapping(parsed) && Array.isArray(parsed["plugins"]) ? parsed["plugins"][0] : parsed;
  if (!isMapping(main) || typeof main["type"] !== "string")
    return { problem: "there is no plugin type in it" };
  const { type, vlan, mtu } = main;
  return {
    type,
    vlan: typeof vlan === "number" ? vlan : 0,
    mtu: typeof mtu === "number" && mtu > 0 ? mtu : undefined,
  };
}

/** The NIC type that a CNI plugin serves; undefined for plugins that this product does not know and so does not judge. */
export function typeOfPlugin(plugin: string): NetworkType | undefined {
  const types: Record<string, NetworkType> = {
    bridge: "bridge",
    "cnv-bridge": "bridge",
    macvtap: "macvlan",
    sriov: "sriov",
    ovs: "ovs",
  };
  return Object.hasOwn(types, plugin) ? types[plugin] : undefined;
}

/** Plugins whose device drops the frames of a VM behind it (kubevirt#5483, #7001). */
export function cannotCarryVm(plugin: string): boolean {
  return plugin === "macvlan" || plugin === "ipvlan";
}
