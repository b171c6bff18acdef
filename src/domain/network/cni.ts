// Reads the CNI configuration of a NAD as Multus and the plugins do.
import { isMapping, parseJson } from "../objects/mapping.ts";
import type { NetworkAttachmentDefinition } from "../objects/kubernetes.ts";

/** Read by Multus, and by the component that adds the device request to the pod. */
export const resourceNameAnnotation = "k8s.v1.cni.cncf.io/resourceName";

/** The part of a CNI configuration that NICs depend on. */
export interface CniConfig {
  /** The plugin that creates the device: `type`, or that of the first of `plugins`. */
  readonly type: string;
  readonly name: string | undefined;
  /** Empty if the configuration has none. */
  readonly cniVersion: string;
  /** 0 for untagged, or if the plugin has no VLAN. */
  readonly vlan: number;
  readonly mtu: number | undefined;
  /** The bridge or parent device. */
  readonly device: string | undefined;
  /** The IPAM plugin; undefined for none. */
  readonly ipam: string | undefined;
  /** The device plugin resource in the annotation of the NAD. */
  readonly resourceName: string | undefined;
  /** The whole configuration of the plugin. */
  readonly plugin: Readonly<Record<string, unknown>>;
}

/** Why a NAD cannot be read. */
export interface Unreadable {
  readonly problem: string;
  /** True if Multus reads a file on the node instead, if there is one. */
  readonly onNodes: boolean;
}

const unreadable = (problem: string): Unreadable => ({ problem, onNodes: false });

/** Reads `spec.config`; of a chain (`plugins: […]`) the first plugin, which creates the device. */
export function readCniConfig(nad: NetworkAttachmentDefinition): CniConfig | Unreadable {
  const text = nad.spec?.config ?? "";
  if (text === "") return { problem: "spec.config is empty", onNodes: true };
  const parsed = parseJson(text);
  if (parsed === undefined) return unreadable("spec.config is not JSON");
  if (!isMapping(parsed)) return unreadable("spec.config is not a JSON object");
  const { plugins, cniVersion, name } = parsed;
  if (Array.isArray(plugins) && plugins.length === 0) return unreadable("its list of plugins is empty");
  const plugin: unknown = Array.isArray(plugins) ? plugins[0] : parsed;
  if (!isMapping(plugin) || typeof plugin["type"] !== "string") {
    return unreadable("it has no plugin type");
  }
  const { type, vlan, mtu, ipam } = plugin;
  const device = plugin["bridge"] ?? plugin["master"];
  const beyond = Object.entries({ vlan, mtu }).find(
    ([, value]) => typeof value === "number" && !isInt32(value),
  );
  // Go's decoder refuses it for any plugin.
  if (beyond !== undefined) return unreadable(`its ${beyond[0]} is not a whole number of 32 bits`);
  return {
    type,
    name: typeof name === "string" ? name : undefined,
    cniVersion: typeof cniVersion === "string" ? cniVersion : "",
    vlan: typeof vlan === "number" ? vlan : 0,
    mtu: typeof mtu === "number" && mtu > 0 ? mtu : undefined,
    device: typeof device === "string" && device !== "" ? device : undefined,
    ipam: isMapping(ipam) && typeof ipam["type"] === "string" ? ipam["type"] : undefined,
    resourceName: nad.metadata.annotations?.[resourceNameAnnotation],
    plugin,
  };
}

const isInt32 = (value: number): boolean => Number.isInteger(value) && Math.abs(value) <= 2_147_483_647;

/** Why a plugin with VLANs up to `last` refuses the VLAN; undefined if it accepts it. */
export function vlanBeyond({ plugin }: CniConfig, last: number): string | undefined {
  const { vlan } = plugin;
  const isWithin = typeof vlan !== "number" || (vlan >= 0 && vlan <= last);
  return isWithin ? undefined : `VLAN ${vlan} is not from 0 to ${last}`;
}

/** Plugins whose device drops the frames of a VM (kubevirt#5483, #7001). */
export function cannotCarryVm(plugin: string): boolean {
  return plugin === "macvlan" || plugin === "ipvlan";
}
