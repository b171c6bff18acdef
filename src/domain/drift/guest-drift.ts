// Drift of the guest: what its agent reports beside what it was told. Without an agent there is no verdict.
import { isTrue } from "../objects/conditions.ts";
import { parseIp } from "../ip.ts";
import { normaliseMac } from "../mac.ts";
import type { Nic } from "../nic.ts";
import type { VirtualMachineInstance, VmiInterfaceStatus } from "../objects/kubernetes.ts";
import { guestConfigAnnotation } from "../objects/ownership.ts";
import { readGuestRecord } from "../guest/guest-record.ts";
import type { Drift } from "./drift.ts";

/** What a guest was told of a NIC. */
export type ToldNic = Pick<Nic, "name" | "mode" | "addresses" | "linkState" | "mac">;

/** A change that waits for a restart shows here too: until then the guest has another value than asked for. */
export function guestDrift(
  nics: readonly ToldNic[],
  vmi: VirtualMachineInstance | undefined,
): readonly Drift[] {
  if (vmi?.status?.phase !== "Running" || !isTrue(vmi.status.conditions, "AgentConnected")) return [];
  const reported = vmi.status.interfaces ?? [];
  const record = readGuestRecord(vmi.metadata.annotations?.[guestConfigAnnotation]);
  // NMState leaves the kernel's names, and so a guest that was told by it tells no other MAC address by its name.
  const isNamed = record?.machine["guestConfig"] !== "nmstate";
  return nics.flatMap((nic) => {
    const status = reported.find(({ name }) => name === nic.name);
    if (status === undefined) return [];
    if (!isSeen(status)) return isNamed ? macDrift(nic, reported) : [];
    return [...(isNamed ? nameDrift(nic, status) : []), ...addressDrift(nic, status)];
  });
}

const isSeen = ({ infoSource = "" }: VmiInterfaceStatus): boolean =>
  infoSource.split(",").some((source) => source.trim() === "guest-agent");

function inGuest(nic: ToldNic, field: string, wanted: string, actual: string): Drift {
  const source = `guest agent (vmi.status.interfaces[${nic.name}])`;
  return { field: `networks[${nic.name}].${field}`, nic: nic.name, wanted, actual, source, since: undefined };
}

function nameDrift(nic: ToldNic, { interfaceName = "" }: VmiInterfaceStatus): readonly Drift[] {
  return interfaceName === "" || interfaceName === nic.name
    ? []
    : [inGuest(nic, "name", nic.name, interfaceName)];
}

/** Addresses that were not asked for are nobody's fault: of the link, by router advertisements, or of a service that moves. */
function addressDrift(nic: ToldNic, { ipAddresses = [] }: VmiInterfaceStatus): readonly Drift[] {
  if (nic.mode === "dhcp" || nic.linkState === "down") return [];
  const actual = ipAddresses.flatMap((text) => {
    const parsed = parseIp(text);
    return "value" in parsed && parsed.value.value.range() !== "linkLocal" ? [parsed.value.text] : [];
  });
  const wanted = nic.addresses.map(({ cidr }) => cidr.address.text);
  return wanted.every((address) => actual.includes(address))
    ? []
    : [inGuest(nic, "ipConfig.addresses", wanted.join(", "), actual.join(", "))];
}

/** KubeVirt knows a NIC of the guest by its MAC address; with another one it is listed by itself, without a name. */
function macDrift(nic: ToldNic, reported: readonly VmiInterfaceStatus[]): readonly Drift[] {
  const stranger = reported.find(
    ({ name = "", interfaceName, mac }) => name === "" && interfaceName === nic.name && mac !== undefined,
  );
  return stranger === undefined
    ? []
    : [inGuest(nic, "macAddress", nic.mac, normaliseMac(stranger.mac ?? "") ?? "")];
}
