// What the guest configures of each NIC, recorded on the instance at its start, so that its running configuration can be read later.
import { isMapping } from "../objects/mapping.ts";
import type { Nic, ResolvedVm } from "../nic.ts";
import { type Change, type Fields, type GuestField, nicDifferences, nicPath } from "./nic-differences.ts";

/** `userData.text`: the version of the user-data, where it was changed since the VM was created. */
export const guestMachineFields = ["routing", "guestConfig", "userData.text"] as const;
export type GuestMachineField = (typeof guestMachineFields)[number];

/** The part of an instance that KubeVirt knows nothing of. Empty fields are left out. */
export interface GuestRecord {
  /** Of the network-config as a whole. */
  readonly digest: string;
  readonly machine: Fields<GuestMachineField>;
  /** By the NIC's name. */
  readonly networks: Readonly<Record<string, Fields<GuestField>>>;
}

/** What the network-config carries of one NIC. */
export function guestFieldsOf(nic: Nic): Readonly<Record<GuestField, string>> {
  return {
    mtu: nic.mtu === undefined ? "" : String(nic.mtu),
    primary: String(nic.primary),
    metric: String(nic.metric),
    "ipConfig.mode": nic.mode,
    "ipConfig.addresses": nic.addresses.map(({ cidr }) => cidr.text).join(", "),
    "ipConfig.gateway": nic.gateway?.text ?? "",
    "ipConfig.defaultRoute": nic.defaultRoute ? "auto" : "never",
    "ipConfig.dnsServers": nic.dnsServers.map(({ text }) => text).join(", "),
    "ipConfig.searchDomains": nic.searchDomains.join(", "),
    routes: nic.routes
      .map(({ destination, gateway, metric }) => `${destination.text} via ${gateway.text} metric ${metric}`)
      .join(", "),
  };
}

/** Changes of the guest's configuration. A NIC that is new in it is one change; removed NICs and their order are KubeVirt's. */
export function guestDifferences<Field extends string>(
  fields: readonly (Field | IpField)[],
  before: ReadonlyMap<string, Fields<Field | IpField>>,
  after: ReadonlyMap<string, Fields<Field | IpField>>,
): readonly Change[] {
  return nicDifferences({ fields, nicText: ipConfigText }, before, after).flatMap(({ kind, change }) => {
    if (kind === "added") return [{ ...change, field: nicPath(change.nic, "ipConfig") }];
    return kind === "field" ? [change] : [];
  });
}

type IpField = "ipConfig.mode" | "ipConfig.addresses";

export function ipConfigText(fields: Fields<IpField>): string {
  return fields["ipConfig.mode"] === "dhcp" ? "dhcp" : (fields["ipConfig.addresses"] ?? "");
}

/** `digest` is guestConfigDigest of the network-config. */
export function guestRecord(vm: ResolvedVm, digest: string): GuestRecord {
  return {
    digest,
    machine: { routing: vm.routing, guestConfig: vm.guestConfig },
    networks: Object.fromEntries(vm.nics.map((nic) => [nic.name, filled(guestFieldsOf(nic))])),
  };
}

function filled(fields: Fields<GuestField>): Fields<GuestField> {
  return Object.fromEntries(Object.entries(fields).filter(([, text]) => text !== ""));
}

/** undefined if the annotation is missing or not written by multinic. */
export function readGuestRecord(text: string | undefined): GuestRecord | undefined {
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    // Somebody else wrote the annotation.
    return undefined;
  }
}

function isRecord(value: unknown): value is GuestRecord {
  if (!isMapping(value)) return false;
  const { digest, machine, networks } = value;
  return (
    typeof digest === "string" &&
    isTexts(machine) &&
    isMapping(networks) &&
    Object.values(networks).every(isTexts)
  );
}

function isTexts(value: unknown): boolean {
  return isMapping(value) && Object.values(value).every((text) => typeof text === "string");
}
