// Drift of the guest: compares what its agent reports with its configuration. Without an agent there is no drift.
import { infoSources } from "../objects/instance-status.ts";
import { isTrue } from "../objects/conditions.ts";
import { parseIp } from "../ip.ts";
import { normaliseMac } from "../mac.ts";
import type { Nic } from "../nic.ts";
import type { VirtualMachineInstance, VmiInterfaceStatus } from "../objects/kubernetes.ts";
import { guestConfigAnnotation } from "../objects/ownership.ts";
import { readGuestRecord } from "../compare/guest-record.ts";
import { nicPath } from "../compare/nic-differences.ts";
import { type Drift, objectRefOf } from "./drift.ts";

/** What a guest's configuration says of a NIC. */
export type ConfiguredNic = Pick<Nic, "name" | "mode" | "addresses" | "linkState" | "mac">;

/** Includes changes that wait for a restart: until then the guest has another value than requested. */
export function guestDrift(
  nics: readonly ConfiguredNic[],
  vmi: VirtualMachineInstance | undefined,
): readonly Drift[] {
  if (vmi?.status?.phase !== "Running" || !isTrue(vmi.status.conditions, "AgentConnected")) return [];
  const reported = vmi.status.interfaces ?? [];
  const record = readGuestRecord(vmi.metadata.annotations?.[guestConfigAnnotation]);
  // NMState keeps the kernel's interface names, so a changed MAC address cannot be recognised by the name.
  const isNamed = record?.machine.guestConfig !== "nmstate";
  const differences = nics.flatMap((nic) => {
    const status = reported.find(({ name }) => name === nic.name);
    if (status === undefined) return [];
    if (!infoSources(status).includes("guest-agent")) return isNamed ? macDrift(nic, reported) : [];
    return [...(isNamed ? nameDrift(nic, status) : []), ...addressDrift(nic, status)];
  });
  const reportedBy = { object: objectRefOf(vmi), manager: "", since: undefined };
  return differences.map((difference) => ({ ...difference, ...reportedBy }));
}

type GuestDifference = Pick<Drift, "path" | "nic" | "wanted" | "actual">;

function inGuest(nic: ConfiguredNic, field: string, wanted: string, actual: string): GuestDifference {
  return { path: nicPath(nic.name, field), nic: nic.name, wanted, actual };
}

function nameDrift(
  nic: ConfiguredNic,
  { interfaceName = "" }: VmiInterfaceStatus,
): readonly GuestDifference[] {
  return interfaceName === "" || interfaceName === nic.name
    ? []
    : [inGuest(nic, "name", nic.name, interfaceName)];
}

/** Other addresses may come from the link, router advertisements, or a service that moves between guests. */
function addressDrift(
  nic: ConfiguredNic,
  { ipAddresses = [] }: VmiInterfaceStatus,
): readonly GuestDifference[] {
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

/** KubeVirt identifies a NIC of the guest by its MAC address; with another one it is listed separately, without a name. */
function macDrift(nic: ConfiguredNic, reported: readonly VmiInterfaceStatus[]): readonly GuestDifference[] {
  const stranger = reported.find(
    ({ name = "", interfaceName, mac }) => name === "" && interfaceName === nic.name && mac !== undefined,
  );
  return stranger === undefined
    ? []
    : [inGuest(nic, "macAddress", nic.mac, normaliseMac(stranger.mac ?? "") ?? "")];
}
