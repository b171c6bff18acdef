// Checks of a NIC against its network: VLAN, MTU, namespace, binding.
import { isWithin, type PhysicalNetwork, vlansInWords } from "../catalogue.ts";
import { finding } from "../findings.ts";
import { removeField, replaceWith } from "../fix.ts";
import { carrierOf } from "../network/carriers/carriers.ts";
import type { NicCheck } from "./context.ts";

/** IEEE 802.1Q reserves 4095. */
export const maxVlan = 4094;
const maxMtu = 65_535;

const vlanIsInRange: NicCheck = ({ nic }) =>
  Number.isInteger(nic.vlanId) && nic.vlanId >= 0 && nic.vlanId <= maxVlan
    ? undefined
    : finding("VLAN_INVALID", `${nic.field}.vlanId`, { given: nic.vlanId });

const vlanIsCarried: NicCheck = ({ nic }) => {
  if (nic.attachment?.kind !== "generated" || nic.vlanId > maxVlan || nic.vlanId < 0) return undefined;
  const { network } = nic.attachment;
  const field = `${nic.field}.vlanId`;
  const values = { network: network.name, vlan: nic.vlanId, allowed: vlansInWords(network) };
  if (isWithin(network.reservedVlans, nic.vlanId)) return finding("VLAN_RESERVED", field, values);
  return carriesVlan(network, nic.vlanId) ? undefined : finding("VLAN_NOT_ALLOWED", field, values);
};

/** True if the network has that VLAN; 0: untagged. */
function carriesVlan(network: PhysicalNetwork, vlan: number): boolean {
  if (vlan === 0) return network.untagged;
  const { needsDevice, resourceName } = carrierOf(network);
  const hasDevice = !needsDevice || resourceName(network, vlan) !== undefined;
  return hasDevice && isWithin(network.vlans, vlan);
}

const mtuIsInRange: NicCheck = ({ nic }) => {
  if (nic.mtu === undefined) return undefined;
  const hasIpv6 = nic.addresses.some(({ cidr }) => cidr.address.family === 6);
  const min = hasIpv6 ? 1280 : 576;
  if (Number.isInteger(nic.mtu) && nic.mtu >= min && nic.mtu <= maxMtu) return undefined;
  const field = `${nic.field}.mtu`;
  const fix = nic.mtu < min ? replaceWith(field, min) : removeField(field);
  return finding("MTU_INVALID", field, { given: nic.mtu, min }, { fix });
};

const mtuIsCarried: NicCheck = ({ nic }) => {
  if (nic.mtu === undefined || nic.attachment?.kind !== "generated") return undefined;
  const { name, mtu: max } = nic.attachment.network;
  if (nic.mtu <= max || nic.mtu > maxMtu) return undefined;
  const field = `${nic.field}.mtu`;
  return finding(
    "MTU_TOO_LARGE",
    field,
    { network: `physical network ${name}`, max, given: nic.mtu },
    { fix: replaceWith(field, max) },
  );
};

const networkIsAllowed: NicCheck = ({ nic: { field, attachment }, vm: { namespace }, catalogue }) => {
  if (attachment?.kind === "generated") {
    const { namespaces, name } = attachment.network;
    if (namespaces === undefined || namespaces.includes(namespace)) return undefined;
    const network = `physical network ${name}`;
    return finding("NETWORK_NOT_ALLOWED", `${field}.physicalNetwork`, { namespace, network });
  }
  if (attachment?.kind !== "given" || attachment.namespace === namespace) return undefined;
  const network = `${attachment.namespace}/${attachment.name}`;
  if (catalogue.sharedNads.includes(network)) return undefined;
  return finding("NETWORK_NOT_ALLOWED", `${field}.nadName`, { namespace, network });
};

const bindingPluginIsRegistered: NicCheck = ({ nic, facts }) =>
  nic.binding.kind === "plugin" && facts.bindingPlugins?.includes(nic.binding.name) === false
    ? finding("BINDING_PLUGIN_MISSING", `${nic.field}.type`, { plugin: nic.binding.name })
    : undefined;

export const attachmentChecks: readonly NicCheck[] = [
  vlanIsInRange,
  vlanIsCarried,
  mtuIsInRange,
  mtuIsCarried,
  networkIsAllowed,
  bindingPluginIsRegistered,
];
