// What the guest configures of each NIC, recorded on the instance at its start, so that its running configuration can be
// read later.
import { isMapping, parseJson } from "../objects/mapping.ts";
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

/** Which network-config and user-data a guest has, without their content. */
export interface GuestVersions {
  /** guestConfigDigest of what configures the networks. */
  readonly digest: string;
  /** undefined while the user-data is that of the VM's creation, and where a Secret of the caller's carries it. */
  readonly userDataVersion: string | undefined;
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
 * undefined for what is not a record. Any text may be under the annotation, and its names may be any: the mappings have no
 * prototype, so that a NIC named `constructor` is one that is not there.
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

/** undefined where a value cannot be read. */
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
