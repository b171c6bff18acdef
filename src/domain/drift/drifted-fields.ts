// Names of drifted fields, from a VM and its instance only: cheap enough for every change of every VM. vm-drift.ts adds the
// values, NADs and the network-config.
import { bindings, typeOf } from "../bindings.ts";
import { nicPath } from "../compare/nic-differences.ts";
import { normaliseMac } from "../mac.ts";
import { fullNadName } from "../names.ts";
import { carriers, carriersOfType } from "../network/carriers/carriers.ts";
import type { VirtualMachineInstance, VmInterface, VmNetwork } from "../objects/kubernetes.ts";
import { resolveAddresses } from "../resolve/resolve-addresses.ts";
import type { NetworkType, VmSpec } from "../spec.ts";
import { guestDrift } from "./guest-drift.ts";

/** The types that a NIC of this type may have by its binding: a macvlan NIC may use a bridge over its parent. */
function looksLike(type: NetworkType): readonly NetworkType[] {
  if (type === "pod") return [type];
  return carriersOfType[type].map((name) => bindings[carriers[name].usualBinding.kind].type);
}

/** Paths of the fields of a NIC that differ from the request, as in drift.ts. */
export function driftedFields(
  { namespace, networks }: VmSpec,
  nic: VmInterface,
  network: VmNetwork | undefined,
  vmi: VirtualMachineInstance | undefined,
): readonly string[] {
  const asked = networks.find(({ name }) => name === nic.name);
  if (asked === undefined || nic.state === "absent") return [nicPath(nic.name)];
  const { type = "bridge", macAddress, linkState = "up", nadName, ipConfig } = asked;
  const attachment = fullNadName(network?.multus?.networkName ?? "", namespace);
  const inVm = [
    looksLike(type).includes(typeOf(nic)) ? undefined : "type",
    nadName === undefined || fullNadName(nadName, namespace) === attachment ? undefined : "attachment",
    macAddress === undefined || normaliseMac(macAddress) === normaliseMac(nic.macAddress ?? "")
      ? undefined
      : "macAddress",
    linkState === (nic.state ?? "up") ? undefined : "linkState",
  ].filter((field) => field !== undefined);
  const { mode, addresses } = resolveAddresses(ipConfig, "");
  const configured = { name: nic.name, mode, addresses, linkState, mac: nic.macAddress ?? "" };
  const inGuest = guestDrift([configured], vmi).map(({ path }) => path);
  return [...new Set([...inVm.map((field) => nicPath(nic.name, field)), ...inGuest])];
}
