// Checks of a NIC by itself and against the other NICs: name, primary, MAC, link, pod network.
import { bindings } from "../bindings.ts";
import { finding } from "../findings.ts";
import { removeField, replaceWith } from "../fix.ts";
import { asUnicast, isMulticast } from "../mac.ts";
import type { ResolvedVm } from "../nic.ts";
import { type NicCheck, nicsBefore } from "./context.ts";

const nicName = /^[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?$/;

/** The loopback device, and folders of the kernel's sysctl. */
const reservedNames: ReadonlySet<string> = new Set(["lo", "all", "default"]);

const nameIsFree: NicCheck = ({ nic, vm }) => {
  if (!reservedNames.has(nic.name)) return undefined;
  const field = `${nic.field}.name`;
  const fix = replaceWith(field, freeName(vm, nic.index));
  return finding("NIC_NAME_RESERVED", field, { given: nic.name }, { fix });
};

/** The fix is the nearest valid name, or ethN. */
const nameIsInterfaceName: NicCheck = ({ nic, vm }) => {
  if (nicName.test(nic.name)) return undefined;
  const field = `${nic.field}.name`;
  const near = nic.name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replace(/^-+/, "")
    .slice(0, 15)
    .replace(/-+$/, "");
  const free = near !== "" && !reservedNames.has(near) && vm.nics.every(({ name }) => name !== near);
  const fix = replaceWith(field, free ? near : freeName(vm, nic.index));
  return finding("NIC_NAME_INVALID", field, { given: nic.name }, { fix });
};

/** ethN, with the NIC's position or the next free number. */
function freeName({ nics }: ResolvedVm, index: number): string {
  const taken = new Set(nics.map(({ name }) => name));
  let number = index;
  while (taken.has(`eth${number}`)) number += 1;
  return `eth${number}`;
}

const nameIsUnique: NicCheck = (context) => {
  const { nic, vm } = context;
  const first = nicsBefore(context).find(({ name }) => name === nic.name);
  if (first === undefined) return undefined;
  const field = `${nic.field}.name`;
  const more = { fix: replaceWith(field, freeName(vm, nic.index)), related: [`${first.field}.name`] };
  return finding("NIC_NAME_DUPLICATE", field, { name: nic.name, first: first.index }, more);
};

const primaryIsOne: NicCheck = ({ nic, config, vm }) => {
  if (config.primary !== true || nic.primary) return undefined;
  const first = vm.nics.findIndex(({ primary }) => primary);
  const field = `${nic.field}.primary`;
  const more = { fix: removeField(field), related: [`networks[${first}].primary`] };
  return finding("PRIMARY_AMBIGUOUS", field, { first }, more);
};

const macIsUnicast: NicCheck = ({ nic }) => {
  if (!nic.macGiven || !isMulticast(nic.mac)) return undefined;
  const field = `${nic.field}.macAddress`;
  const unicast = asUnicast(nic.mac);
  return finding("MAC_MULTICAST", field, { mac: nic.mac, unicast }, { fix: replaceWith(field, unicast) });
};

const macIsNotReserved: NicCheck = ({ nic: { field: nic, mac, type } }) => {
  const isReserved = mac === "00:00:00:00:00:00" || (mac === "02:00:00:00:00:00" && type === "pod");
  if (!isReserved) return undefined;
  const field = `${nic}.macAddress`;
  return finding("MAC_RESERVED", field, { mac }, { fix: removeField(field) });
};

const macIsUniqueInVm: NicCheck = (context) => {
  const { nic } = context;
  const first = nicsBefore(context).find(({ mac }) => mac === nic.mac);
  if (first === undefined || !nic.macGiven) return undefined;
  const field = `${nic.field}.macAddress`;
  const more = { fix: removeField(field), related: [`${first.field}.macAddress`] };
  return finding("MAC_DUPLICATE_IN_VM", field, { mac: nic.mac, first: first.index }, more);
};

/** `up` is the default and not written to the VM. */
const linkStateIsSettable: NicCheck = ({ nic, config }) => {
  if (bindings[nic.binding.kind].linkState !== "link-state-sriov" || config.linkState !== "down")
    return undefined;
  const field = `${nic.field}.linkState`;
  return finding("LINK_STATE_UNSUPPORTED", field, {}, { fix: removeField(field) });
};

const podNetworkIsOne: NicCheck = (context) => {
  const { nic } = context;
  const first = nicsBefore(context).find(({ type }) => type === "pod");
  if (nic.type !== "pod" || first === undefined) return undefined;
  const related = [`${first.field}.type`];
  return finding("POD_NETWORK_DUPLICATE", `${nic.field}.type`, { first: first.index }, { related });
};

const podNetworkTakesNoNetwork: NicCheck = ({ nic, config }) => {
  if (nic.type !== "pod") return undefined;
  const given = [
    ...(["nadName", "physicalNetwork", "mtu"] as const).filter((name) => config[name] !== undefined),
    ...(config.vlanId === undefined || config.vlanId === 0 ? [] : (["vlanId"] as const)),
  ];
  return given.map((name) => {
    const field = `${nic.field}.${name}`;
    return finding("POD_FIELD_UNSUPPORTED", field, { name }, { fix: removeField(field) });
  });
};

export const nicChecks: readonly NicCheck[] = [
  nameIsInterfaceName,
  nameIsFree,
  nameIsUnique,
  primaryIsOne,
  macIsUnicast,
  macIsNotReserved,
  macIsUniqueInVm,
  linkStateIsSettable,
  podNetworkIsOne,
  podNetworkTakesNoNetwork,
];
