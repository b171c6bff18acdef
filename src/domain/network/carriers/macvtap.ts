// macvtap devices of a parent NIC or of its VLAN sub-interfaces, by macvtap-cni (0.13), its device plugin and a binding plugin.
import type { PhysicalNetwork } from "../../catalogue.ts";
import { requiredText, text } from "../../document/shape.ts";
import type { CniConfig } from "../cni.ts";
import type { Carrier } from "./carrier.ts";
import { deviceUplink } from "./uplink.ts";

/** The name of the resource is the only place that has the VLAN of a NIC. */
function resourceName(
  { resourceName: untagged, vlanResourceName }: PhysicalNetwork<"macvtap">,
  vlan: number,
): string | undefined {
  return vlan === 0 ? untagged : vlanResourceName?.replaceAll("{vlan}", String(vlan));
}

/** undefined for a resource that is not of that network. */
function vlanOf(
  { resourceName: untagged, vlanResourceName }: PhysicalNetwork<"macvtap">,
  { resourceName: name = "" }: CniConfig,
): number | undefined {
  if (name === untagged) return 0;
  const [before, after] = vlanResourceName?.split("{vlan}") ?? [];
  if (before === undefined || after === undefined) return undefined;
  const number = name.slice(before.length, name.length - after.length);
  return name === `${before}${number}${after}` && /^[1-9]\d{0,3}$/.test(number) ? Number(number) : undefined;
}

export const macvtap: Carrier<"macvtap"> = {
  implementation: "macvtap",
  settings: {
    resourceName: requiredText,
    vlanResourceName: {
      shape: {
        kind: "parsed",
        // The same name for all VLANs would put them on one parent.
        expected: "text with {vlan} in it",
        parse: (value) => (typeof value === "string" && value.includes("{vlan}") ? value : undefined),
      },
      otherwise: undefined,
    },
    bindingPlugin: { ...text, otherwise: "macvtap" },
  },
  binding: ({ bindingPlugin }) => ({ kind: "plugin", name: bindingPlugin }),
  usualBinding: { kind: "plugin", name: "macvtap" },
  resourceName,
  uplink: (network, vlan) => deviceUplink("macvtap", resourceName(network, vlan) ?? network.name, 0),

  cniConfig: (_network, _vlan, mtu) => ({ type: "macvtap", mtu }),
  vlanOf,

  plugins: ["macvtap"],
  keys: { deviceID: "text", mtu: "integer" },
  refusal: () => undefined,
  versionRefusal: (version) =>
    version.startsWith("1.") ? "macvtap-cni supports none above 0.4.0" : undefined,
  ipam: () => "ignored",
  needsDevice: true,
  ignoresVlan: () => false,
  vlanOfNad: (cni, networks) =>
    networks
      .map((network) => (network.carrier === "macvtap" ? vlanOf(network, cni) : undefined))
      .find((vlan) => vlan !== undefined),
  uplinkOfNad: ({ resourceName: resource }) =>
    resource === undefined ? undefined : deviceUplink("macvtap", resource, 0),
};
