// Drift as far as a VM and its instance show it by themselves: cheap enough for every change of every VM. Values, NADs and
// the network-config are drift.ts's.
import { typeOf } from "../import/attachment.ts";
import { normaliseMac } from "../mac.ts";
import type { VirtualMachineInstance, VmInterface, VmNetwork } from "../objects/kubernetes.ts";
import { resolveAddresses } from "../resolve/resolve-addresses.ts";
import type { NetworkType, VmSpec } from "../spec.ts";
import { guestDrift } from "./guest-drift.ts";

/** What a NIC of that type may look like: a macvlan NIC may be on a bridge over its parent. */
const looksLike: Readonly<Record<NetworkType, readonly NetworkType[]>> = {
  bridge: ["bridge"],
  macvlan: ["macvlan", "bridge"],
  sriov: ["sriov"],
  ovs: ["bridge"],
  pod: ["pod"],
};

/** Paths of the fields of a NIC that are not as asked for, as drift.ts names them. */
export function driftedFields(
  { networks }: VmSpec,
  nic: VmInterface,
  network: VmNetwork | undefined,
  vmi: VirtualMachineInstance | undefined,
): readonly string[] {
  const at = `networks[${nic.name}]`;
  const asked = networks.find(({ name }) => name === nic.name);
  if (asked === undefined || nic.state === "absent") return [at];
  const { type = "bridge", macAddress, linkState = "up", nadName, ipConfig } = asked;
  const inVm = [
    looksLike[type].includes(typeOf(nic)) ? undefined : "type",
    nadName === undefined || nadName === network?.multus?.networkName ? undefined : "attachment",
    macAddress === undefined || isSameMac(macAddress, nic.macAddress) ? undefined : "macAddress",
    linkState === (nic.state ?? "up") ? undefined : "linkState",
  ].filter((field) => field !== undefined);
  const { mode, addresses } = resolveAddresses(ipConfig, "");
  const told = { name: nic.name, mode, addresses, linkState, mac: nic.macAddress ?? "" };
  const inGuest = guestDrift([told], vmi).map(({ field }) => field);
  return [...new Set([...inVm.map((field) => `${at}.${field}`), ...inGuest])];
}

const isSameMac = (a: string, b = ""): boolean => normaliseMac(a) === normaliseMac(b);
