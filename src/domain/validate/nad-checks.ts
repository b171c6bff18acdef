// Checks of a given NAD: that it exists, that its plugin accepts its configuration, and that the NIC fits it.
import { refusalOfPlugin } from "../network/cni-refusal.ts";
import { carrierOfPlugin, typeOfPlugin } from "../network/carriers/carriers.ts";
import { cannotCarryVm, type CniConfig } from "../network/cni.ts";
import { nearest } from "../nearest.ts";
import { type Finding, finding } from "../findings.ts";
import { removeField, replaceWith } from "../fix.ts";
import { maxVlan } from "./attachment-checks.ts";
import type { NicCheck, NicContext } from "./context.ts";

/** Checks a NIC against the NAD that it names. */
type NadCheck = (cni: CniConfig, nad: string, context: NicContext) => Finding | undefined;

const nadField = ({ nic }: NicContext): string => `${nic.field}.nadName`;

const pluginCarriesVms: NadCheck = ({ type }, _, context) =>
  cannotCarryVm(type)
    ? finding("BINDING_UNSUPPORTED", nadField(context), {
        cni: type,
        instead:
          "use a NAD of type macvtap with its binding plugin, or one of type bridge on the same parent interface",
      })
    : undefined;

const typeFits: NadCheck = ({ type }, nad, context) => {
  const { nic } = context;
  const fits = typeOfPlugin(type);
  if (fits === undefined || fits === nic.type) return undefined;
  const field = `${nic.field}.type`;
  const more = { fix: replaceWith(field, fits), related: [nadField(context)] };
  return finding("TYPE_NAD_MISMATCH", field, { type: nic.type, nad, cni: type, fits }, more);
};

const pluginTakesIt: NadCheck = (cni, nad, context) => {
  const problem = refusalOfPlugin(cni);
  return problem === undefined
    ? undefined
    : finding("NAD_REFUSED_BY_PLUGIN", nadField(context), { nad, cni: cni.type, problem });
};

/** All versions of the CNI specification; later ones of 1.x are accepted, because a newer plugin may support them. */
const cniVersions = /^(0\.[124]\.0|0\.3\.[01]|1\.\d+\.\d+)$/;

/** Only for known plugins: others may assign addresses themselves. */
const cniVersionWorks: NadCheck = ({ type, cniVersion, ipam }, nad, context) => {
  const plugin = carrierOfPlugin(type);
  if (plugin === undefined) return undefined;
  const says = (problem: string): Finding => finding("NAD_CNI_VERSION", nadField(context), { nad, problem });
  if (cniVersion === "") return ipam === undefined ? says("has no cniVersion") : undefined;
  if (!cniVersions.test(cniVersion)) {
    return says(`has cniVersion ${cniVersion}; versions are 0.1.0, 0.2.0, 0.3.0, 0.3.1, 0.4.0 and 1.x`);
  }
  const refusal = plugin.versionRefusal(cniVersion);
  return refusal === undefined ? undefined : says(`has cniVersion ${cniVersion}, but ${refusal}`);
};

/** Device plugins assign the device that the annotation names; the configuration may also name a device directly. */
const deviceIsNamed: NadCheck = ({ type, resourceName, plugin }, nad, context) =>
  carrierOfPlugin(type)?.needsDevice && resourceName === undefined && plugin["deviceID"] === undefined
    ? finding("NAD_RESOURCE_NAME_MISSING", nadField(context), { nad, cni: type })
    : undefined;

const ipamWorks: NadCheck = (cni, nad, context) => {
  const { type, ipam } = cni;
  if (ipam === undefined) return undefined;
  const { nic } = context;
  const values = { nad, ipam };
  const use = carrierOfPlugin(type)?.ipam(cni);
  if (use === "refused") return finding("IPAM_UNSUPPORTED", nadField(context), values);
  if (use === "ignored") return finding("IPAM_WITHOUT_EFFECT", nadField(context), { ...values, cni: type });
  if (nic.mode === "static" && nic.addresses.length > 0) {
    const field = `${nic.field}.ipConfig.address`;
    return finding("IPAM_CONFLICT", field, values, { related: [nadField(context)] });
  }
  return ipam === "host-local" ? finding("IPAM_PER_NODE", nadField(context), values) : undefined;
};

const vlanIsTheNads: NadCheck = (cni, nad, context) => {
  const { vlanId } = context.config;
  const has = context.nad?.vlan;
  // With a configuration that its plugin refuses there is no NIC on any VLAN.
  const isOpen = vlanId === undefined || vlanId > maxVlan || refusalOfPlugin(cni) !== undefined;
  if (isOpen || vlanId === has) return undefined;
  const field = `${context.nic.field}.vlanId`;
  const more = { fix: removeField(field), related: [nadField(context)] };
  return has === undefined
    ? finding("NAD_VLAN_UNKNOWN", field, { nad, cni: cni.type, given: vlanId }, more)
    : finding("VLAN_FIXED_BY_NAD", field, { nad, has }, more);
};

const vlanIsNotLost: NadCheck = (cni, nad, context) =>
  carrierOfPlugin(cni.type)?.ignoresVlan(cni)
    ? finding("NAD_VLAN_IGNORED", nadField(context), { nad, vlan: cni.vlan })
    : undefined;

const mtuIsTheNads: NadCheck = ({ mtu: max }, nad, context) => {
  const { mtu } = context.nic;
  if (max === undefined || mtu === undefined || mtu <= max) return undefined;
  const field = `${context.nic.field}.mtu`;
  const more = { fix: replaceWith(field, max), related: [nadField(context)] };
  return finding("MTU_TOO_LARGE", field, { network: nad, max, given: mtu }, more);
};

const fitChecks: readonly NadCheck[] = [
  typeFits,
  pluginTakesIt,
  cniVersionWorks,
  deviceIsNamed,
  ipamWorks,
  vlanIsTheNads,
  vlanIsNotLost,
  mtuIsTheNads,
];

function notFound(nad: string, context: NicContext): Finding {
  const field = nadField(context);
  const { namespace } = context.vm;
  const own = [...(context.facts.nads?.values() ?? [])]
    .filter(({ metadata }) => metadata.namespace === namespace)
    .map(({ metadata }) => metadata.name);
  const meant = nad.startsWith(`${namespace}/`) ? nearest(nad.slice(namespace.length + 1), own) : undefined;
  const fix = meant === undefined ? {} : { fix: replaceWith(field, meant) };
  return finding("NETWORK_NOT_FOUND", field, { nad }, fix);
}

const givenNadFits: NicCheck = (context) => {
  const { nad } = context;
  if (nad === undefined) return undefined;
  const { name, cni } = nad;
  if (cni === undefined) return notFound(name, context);
  if ("problem" in cni) {
    if (cni.onNodes) return finding("NAD_CONFIG_ON_NODES", nadField(context), { nad: name });
    return finding("NETWORK_UNREADABLE", nadField(context), { nad: name, problem: cni.problem });
  }
  // If the plugin cannot be used for VMs, nothing else of the NAD matters.
  return pluginCarriesVms(cni, name, context) ?? fitChecks.map((check) => check(cni, name, context));
};

export const nadChecks: readonly NicCheck[] = [givenNadFits];
