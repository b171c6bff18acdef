// What a CNI plugin refuses in a NAD's configuration, as its source reads it: the pod would never start.
import type { CniConfig } from "./cni.ts";

type Kind = "text" | "flag" | "integer" | "natural" | "list";

const bridgeKeys: Readonly<Record<string, Kind>> = {
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
};

/**
 * What each plugin reads besides `cniVersion`, `name`, `type` and `ipam`, with the type that Go's decoder asks of it
 * (bridge 1.9, ovs-cni 0.39, sriov-cni 2.10, macvtap-cni 0.13). Every other key is ignored without a word.
 */
export const pluginKeys: ReadonlyMap<string, Readonly<Record<string, Kind>>> = new Map([
  ["bridge", bridgeKeys],
  ["cnv-bridge", bridgeKeys],
  [
    "ovs",
    {
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
  ],
  [
    "sriov",
    {
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
  ],
  ["macvtap", { deviceID: "text", mtu: "integer" }],
]);

const inWords: Readonly<Record<Kind, string>> = {
  text: "text",
  flag: "true or false",
  integer: "a whole number",
  natural: "a whole number from 0",
  list: "a list",
};

function isOfKind(value: unknown, kind: Kind): boolean {
  switch (kind) {
    case "text":
      return typeof value === "string";
    case "flag":
      return typeof value === "boolean";
    case "integer":
      return Number.isInteger(value);
    case "natural":
      return Number.isInteger(value) && (value as number) >= 0;
    case "list":
      return Array.isArray(value);
  }
}

/** Go leaves a field as it is for null. */
function wrongKind({ type, plugin }: CniConfig): string | undefined {
  for (const [key, kind] of Object.entries(pluginKeys.get(type) ?? {})) {
    const value = plugin[key];
    if (value === undefined || value === null || isOfKind(value, kind)) continue;
    return `${key} ${JSON.stringify(value)} is not ${inWords[kind]}`;
  }
  return undefined;
}

function vlanBeyond({ plugin }: CniConfig, last: number): string | undefined {
  const { vlan } = plugin;
  const isWithin = typeof vlan !== "number" || (vlan >= 0 && vlan <= last);
  return isWithin ? undefined : `VLAN ${vlan} is not from 0 to ${last}`;
}

/** The kernel's bounds for a veth pair; 0 is its default. */
function mtuBeyondVeth({ mtu }: CniConfig): string | undefined {
  const isWithin = mtu === undefined || (mtu >= 68 && mtu <= 65_535);
  return isWithin ? undefined : `MTU ${mtu} is not from 68 to 65535`;
}

function refusalOfType(config: CniConfig): string | undefined {
  const { type, device = "", plugin } = config;
  switch (type) {
    case "bridge":
    case "cnv-bridge":
      if (device.length > 15) return `bridge ${device} has more than 15 characters`;
      if (plugin["promiscMode"] === true && plugin["hairpinMode"] === true) {
        return "promiscMode and hairpinMode cannot be combined";
      }
      return vlanBeyond(config, 4094) ?? mtuBeyondVeth(config);
    case "ovs":
      if (device === "" && (plugin["deviceID"] ?? "") === "") return "it does not name a bridge";
      return vlanBeyond(config, 4095);
    case "sriov":
      if (!["auto", "enable", "disable", "", undefined].some((state) => state === plugin["link_state"])) {
        return `link_state ${JSON.stringify(plugin["link_state"])} is not one of auto, enable, disable`;
      }
      return vlanBeyond(config, 4094);
    default:
      return undefined;
  }
}

/** libcni calls no plugin for another (pkg/utils); without a name Multus takes that of the NAD. */
function badName({ name }: CniConfig): string | undefined {
  return name === undefined || name === "" || /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(name)
    ? undefined
    : `its name ${JSON.stringify(name)} has characters other than letters, digits, "_", "." and "-"`;
}

/** The first thing for which the plugin refuses to make the device, in words; undefined when it takes the configuration. */
export function refusalOfPlugin(config: CniConfig): string | undefined {
  return badName(config) ?? wrongKind(config) ?? refusalOfType(config);
}
