// A Linux bridge on every node, by the CNI plugin bridge (containernetworking/plugins 1.9).
import { flag } from "../../document/shape.ts";
import { type CniConfig, vlanBeyond } from "../cni.ts";
import type { Carrier } from "./carrier.ts";
import { interfaceName } from "./interface-name.ts";
import { bridgeUplink } from "./uplink.ts";

/** The kernel's bounds for a veth pair; 0 is its default. */
function mtuBeyondVeth({ mtu }: CniConfig): string | undefined {
  const isWithin = mtu === undefined || (mtu >= 68 && mtu <= 65_535);
  return isWithin ? undefined : `MTU ${mtu} is not from 68 to 65535`;
}

export const linuxBridge: Carrier<"linux-bridge"> = {
  implementation: "bridge",
  settings: { bridge: interfaceName, macSpoofCheck: { ...flag, otherwise: true } },
  binding: () => ({ kind: "bridge" }),
  usualBinding: { kind: "bridge" },
  resourceName: () => undefined,
  uplink: ({ bridge }, vlan) => bridgeUplink("linux", bridge, vlan),

  cniConfig: ({ bridge, macSpoofCheck }, vlan, mtu) => ({
    type: "bridge",
    bridge,
    vlan: vlan === 0 ? undefined : vlan,
    mtu,
    macspoofchk: macSpoofCheck,
    disableContainerInterface: true,
  }),
  vlanOf: (_, { vlan }) => vlan,

  plugins: ["bridge", "cnv-bridge"],
  keys: {
    bridge: "text",
    vlan: "integer",
    mtu: "integer",
    vlanTrunk: "list",
    preserveDefaultVlan: "flag",
    macspoofchk: "flag",
    disableContainerInterface: "flag",
    promiscMode: "flag",
    hairpinMode: "flag",
    portIsolation: "flag",
    isGateway: "flag",
    isDefaultGateway: "flag",
    forceAddress: "flag",
    ipMasq: "flag",
    ipMasqBackend: "text",
    enabledad: "flag",
  },
  refusal(cni) {
    const { device = "", plugin } = cni;
    if (device.length > 15) return `bridge ${device} has more than 15 characters`;
    if (plugin["promiscMode"] === true && plugin["hairpinMode"] === true) {
      return "promiscMode and hairpinMode cannot be combined";
    }
    return vlanBeyond(cni, 4094) ?? mtuBeyondVeth(cni);
  },
  versionRefusal: () => undefined,
  ipam: ({ type, plugin }) =>
    type === "bridge" && plugin["disableContainerInterface"] === true ? "refused" : "used",
  needsDevice: false,
  ignoresVlan: () => false,
  vlanOfNad: ({ vlan }) => vlan,
  // The plugin uses cni0 if no bridge is named.
  uplinkOfNad: ({ device = "cni0", vlan, resourceName }) => bridgeUplink("linux", device, vlan, resourceName),
};
