// Virtual functions of a card, by sriov-cni (2.10) and the SR-IOV device plugin.
import { requiredText } from "../../document/shape.ts";
import { vlanBeyond } from "../cni.ts";
import type { Carrier } from "./carrier.ts";
import { deviceUplink } from "./uplink.ts";

const linkStates: readonly unknown[] = ["auto", "enable", "disable", "", undefined];

export const sriov: Carrier<"sriov"> = {
  implementation: "sriov",
  settings: { resourceName: requiredText },
  binding: () => ({ kind: "sriov" }),
  usualBinding: { kind: "sriov" },
  resourceName: ({ resourceName }) => resourceName,
  uplink: ({ resourceName }, vlan) => deviceUplink("sriov", resourceName, vlan),

  cniConfig: (_, vlan) => ({ type: "sriov", vlan: vlan === 0 ? undefined : vlan }),
  vlanOf: (_, { vlan }) => vlan,

  plugins: ["sriov"],
  keys: {
    deviceID: "text",
    vlan: "integer",
    vlanQoS: "integer",
    vlanProto: "text",
    spoofchk: "text",
    trust: "text",
    link_state: "text",
    min_tx_rate: "integer",
    max_tx_rate: "integer",
    mac: "text",
  },
  refusal(cni) {
    const { link_state: state } = cni.plugin;
    if (linkStates.includes(state)) return vlanBeyond(cni, 4094);
    return `link_state ${JSON.stringify(state)} is not one of auto, enable, disable`;
  },
  versionRefusal: () => undefined,
  ipam: () => "ignored",
  needsDevice: true,
  ignoresVlan: () => false,
  vlanOfNad: ({ vlan }) => vlan,
  uplinkOfNad: ({ vlan, resourceName }) =>
    resourceName === undefined ? undefined : deviceUplink("sriov", resourceName, vlan),
};
