// An Open vSwitch bridge on every node, by ovs-cni (0.39).
import { vlanBeyond } from "../cni.ts";
import type { Carrier } from "./carrier.ts";
import { interfaceName } from "./interface-name.ts";
import { bridgeUplink } from "./uplink.ts";

export const openVswitch: Carrier<"open-vswitch"> = {
  implementation: "ovs",
  settings: { bridge: interfaceName },
  binding: () => ({ kind: "bridge" }),
  usualBinding: { kind: "bridge" },
  resourceName: () => undefined,
  uplink: ({ bridge }, vlan) => bridgeUplink("ovs", bridge, vlan),

  // Without `vlan` the port would be a trunk of all VLANs.
  cniConfig: ({ bridge }, vlan, mtu) => ({ type: "ovs", bridge, vlan, mtu }),
  vlanOf: (_, { vlan }) => vlan,

  plugins: ["ovs"],
  keys: {
    bridge: "text",
    vlan: "natural",
    mtu: "integer",
    trunk: "list",
    deviceID: "text",
    ofport_request: "natural",
    interface_type: "text",
    configuration_path: "text",
    socket_file: "text",
    link_state_check_retries: "integer",
    link_state_check_interval: "integer",
  },
  refusal(cni) {
    const { device = "", plugin } = cni;
    if (device === "" && (plugin["deviceID"] ?? "") === "") return "it does not name a bridge";
    return vlanBeyond(cni, 4095);
  },
  versionRefusal: () => undefined,
  ipam: () => "used",
  needsDevice: false,
  // `vlan` is only read without `trunk` (pkg/common).
  ignoresVlan: ({ vlan, plugin }) => vlan !== 0 && Array.isArray(plugin["trunk"]),
  // A trunk has no native VLAN, and drops untagged frames unless it lists VLAN 0.
  vlanOfNad: ({ vlan, plugin }) => (Array.isArray(plugin["trunk"]) ? undefined : vlan),
  uplinkOfNad: ({ device, vlan, resourceName }) =>
    device === undefined ? undefined : bridgeUplink("ovs", device, vlan, resourceName),
};
