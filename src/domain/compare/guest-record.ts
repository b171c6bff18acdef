// The record of what a guest was started with, kept in an annotation of its instance, so that the configuration of a running
// guest is known.
import { isMapping, parseJson } from "../objects/mapping.ts";
import type { Nic, ResolvedVm } from "../nic.ts";
import { type Change, type Fields, type GuestField, nicDifferences, nicPath } from "./nic-differences.ts";

/** `userData.text`: the version of the user-data, if it was changed since the VM was created. */
export const guestMachineFields = ["routing", "guestConfig", "userData.text"] as const;
export type GuestMachineField = (typeof guestMachineFields)[number];

/** The configuration of the guest, which KubeVirt does not know. Empty fields are left out. */
export interface GuestRecord {
  /** guestConfigDigest of the whole network-config. */
  readonly digest: string;
  readonly machine: Fields<GuestMachineField>;
  /** By the NIC's name. */
  readonly networks: Readonly<Record<string, Fields<GuestField>>>;
}

/** Which network-config and user-data a guest has, without their content. */
export interface GuestVersions {
  /** guestConfigDigest of what configures the networks. */
  readonly digest: string;
  /** undefined if the user-data was not changed since the VM was created, or is in a Secret of the caller. */
  readonly userDataVersion: string | undefined;
}

/** The fields of one NIC that the network-config has. */
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

/** Changes of the guest's configuration. A new NIC is one change; KubeVirt shows removed NICs and their order. */
export function guestDifferences<Field extends string>(
  fields: readonly (Field | IpField)[],
  before: ReadonlyMap<string, Fields<Field | IpField>>,
  after: ReadonlyMap<string, Fields<Field | IpField>>,
): readonly Change[] {
  return nicDifferences({ fields, nicText: ipConfigText }, before, after).flatMap(({ kind, change }) => {
    if (kind === "added") return [{ ...change, path: nicPath(change.nic, "ipConfig") }];
    return kind === "field" ? [change] : [];
  });
}

type IpField = "ipConfig.mode" | "ipConfig.addresses";

export function ipConfigText(fields: Fields<IpField>): string {
  return fields["ipConfig.mode"] === "dhcp" ? "dhcp" : (fields["ipConfig.addresses"] ?? "");
}

export function guestRecord(vm: ResolvedVm, { digest, userDataVersion }: GuestVersions): GuestRecord {
  return {
    digest,
    machine: {
      routing: vm.routing,
      guestConfig: vm.guestConfig,
      ...(userDataVersion === undefined ? {} : { "userData.text": userDataVersion }),
    },
    networks: Object.fromEntries(vm.nics.map((nic) => [nic.name, filled(guestFieldsOf(nic))])),
  };
}

function filled(fields: Fields<GuestField>): Fields<GuestField> {
  return Object.fromEntries(Object.entries(fields).filter(([, text]) => text !== ""));
}

/**
 * undefined for a text that is not a record. The annotation may hold any text with any names: the mappings have no
 * prototype, so that no NIC named `constructor` is found unless there is one.
 */
export function readGuestRecord(text: string | undefined): GuestRecord | undefined {
  const value = text === undefined ? undefined : parseJson(text);
  if (!isMapping(value) || typeof value["digest"] !== "string") return undefined;
  const machine = textsOf(value["machine"]);
  const networks = mapped(value["networks"], textsOf);
  if (machine === undefined || networks === undefined) return undefined;
  return { digest: value["digest"], machine, networks };
}

const textsOf = (value: unknown): Readonly<Record<string, string>> | undefined =>
  mapped(value, (text) => (typeof text === "string" ? text : undefined));

/** undefined if a value cannot be read. */
function mapped<T>(
  value: unknown,
  read: (value: unknown) => T | undefined,
): Readonly<Record<string, T>> | undefined {
  if (!isMapping(value)) return undefined;
  const result: Record<string, T> = Object.create(null) as Record<string, T>;
  for (const [name, of] of Object.entries(value)) {
    const kept = read(of);
    if (kept === undefined) return undefined;
    result[name] = kept;
  }
  return result;
}
