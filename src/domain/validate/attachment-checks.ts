// Checks of what a NIC attaches to: VLAN, MTU, and a given NAD against the NIC's type.
import { carriesVlan, vlansInWords } from "../catalogue.ts";
import { cannotCarryVm, type CniConfig, readCniConfig, typeOfPlugin } from "../cni.ts";
import { type Finding, finding } from "../findings.ts";
import { removeField, replaceWith } from "../fix.ts";
import type { NicCheck, NicContext } from "./context.ts";

const maxVlan = 4094;
const maxMtu = 65_535;

const vlanIsInRange: NicCheck = ({ nic }) =>
  Number.isInteger(nic.vlanId) && nic.vlanId >= 0 && nic.vlanId <= maxVlan
    ? undefined
    : finding("VLAN_INVALID", `${nic.field}.vlanId`, { given: nic.vlanId });

const vlanIsCarried: NicCheck = ({ nic }) => {
  if (nic.attachment?.kind !== "generated" || nic.vlanId > maxVlan || nic.vlanId < 0) return undefined;
  const { network } = nic.attachment;
  return carriesVlan(network, nic.vlanId)
    ? undefined
    : finding("VLAN_NOT_ALLOWED", `${nic.field}.vlanId`, {
        network: network.name,
        allowed: vlansInWords(network),
        vlan: nic.vlanId,
      });
};

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
  const { network } = nic.attachment;
  const field = `${nic.field}.mtu`;
  if (network.type === "sriov") {
    return nic.mtu === network.mtu
      ? undefined
      : finding("MTU_NOT_SETTABLE", field, { has: network.mtu }, { fix: removeField(field) });
  }
  return nic.mtu > network.mtu && nic.mtu <= maxMtu
    ? finding(
        "MTU_TOO_LARGE",
        field,
        { network: network.name, max: network.mtu, given: nic.mtu },
        {
          fix: replaceWith(field, network.mtu),
        },
      )
    : undefined;
};

const networkIsAllowed: NicCheck = ({ nic, vm, catalogue }) => {
  const { attachment } = nic;
  if (attachment?.kind === "generated") {
    const { namespaces, name } = attachment.network;
    return namespaces === undefined || namespaces.includes(vm.namespace)
      ? undefined
      : finding("NETWORK_NOT_ALLOWED", `${nic.field}.physicalNetwork`, {
          namespace: vm.namespace,
          network: `physical network ${name}`,
        });
  }
  if (attachment?.kind !== "given" || attachment.namespace === vm.namespace) return undefined;
  const nad = `${attachment.namespace}/${attachment.name}`;
  return catalogue.sharedNads.includes(nad)
    ? undefined
    : finding("NETWORK_NOT_ALLOWED", `${nic.field}.nadName`, { namespace: vm.namespace, network: nad });
};

const bindingPluginIsRegistered: NicCheck = ({ nic, facts }) =>
  nic.binding.kind === "plugin" && facts.bindingPlugins?.includes(nic.binding.name) === false
    ? finding("BINDING_PLUGIN_MISSING", `${nic.field}.type`, { plugin: nic.binding.name })
    : undefined;

const givenNadFits: NicCheck = (context) => {
  const { nic, facts } = context;
  if (nic.attachment?.kind !== "given" || facts.nads === undefined) return undefined;
  const nad = `${nic.attachment.namespace}/${nic.attachment.name}`;
  const field = `${nic.field}.nadName`;
  const object = facts.nads.get(nad);
  if (object === undefined) return finding("NETWORK_NOT_FOUND", field, { nad });
  const cni = readCniConfig(object);
  return "problem" in cni
    ? finding("NETWORK_UNREADABLE", field, { nad, problem: cni.problem })
    : misfits(context, cni, nad);
};

function misfits({ nic, config }: NicContext, cni: CniConfig, nad: string): readonly (Finding | undefined)[] {
  const field = `${nic.field}.nadName`;
  if (cannotCarryVm(cni.type)) {
    const instead =
      "use a NAD of type macvtap with its binding plugin, or of type bridge over the same parent";
    return [finding("BINDING_UNSUPPORTED", field, { cni: cni.type, instead })];
  }
  const fits = typeOfPlugin(cni.type);
  const typeField = `${nic.field}.type`;
  return [
    fits !== undefined && fits !== nic.type
      ? finding(
          "TYPE_NAD_MISMATCH",
          typeField,
          { type: nic.type, nad, cni: cni.type, fits },
          {
            fix: replaceWith(typeField, fits),
            related: [field],
          },
        )
      : undefined,
    config.vlanId !== undefined && config.vlanId <= maxVlan && config.vlanId !== cni.vlan
      ? finding(
          "VLAN_FIXED_BY_NAD",
          `${nic.field}.vlanId`,
          { nad, has: cni.vlan },
          {
            fix: removeField(`${nic.field}.vlanId`),
            related: [field],
          },
        )
      : undefined,
    cni.mtu !== undefined && nic.mtu !== undefined && nic.mtu > cni.mtu
      ? finding(
          "MTU_TOO_LARGE",
          `${nic.field}.mtu`,
          { network: nad, max: cni.mtu, given: nic.mtu },
          {
            fix: replaceWith(`${nic.field}.mtu`, cni.mtu),
            related: [field],
          },
        )
      : undefined,
  ];
}

export const attachmentChecks: readonly NicCheck[] = [
  vlanIsInRange,
  vlanIsCarried,
  mtuIsInRange,
  mtuIsCarried,
  networkIsAllowed,
  bindingPluginIsRegistered,
  givenNadFits,
];
