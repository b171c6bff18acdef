// What the guest configures of each NIC, field by field: told to each instance at its start, so that it tells later what it runs with.
import { isMapping } from "../objects/mapping.ts";
import type { Nic, ResolvedVm } from "../nic.ts";

/** Field paths below the NIC, or below the VM, with their values as text; what is not there is left out. */
export type FieldTexts = Readonly<Record<string, string>>;

/** The part of an instance that KubeVirt knows nothing of. */
export interface GuestRecord {
  /** Of the network-config as a whole. */
  readonly digest: string;
  readonly machine: FieldTexts;
  /** By the NIC's name. */
  readonly networks: Readonly<Record<string, FieldTexts>>;
}

/** In `machine` of a GuestRecord: the version of the user-data, where it was changed since the VM was made. */
export const userDataField = "userData.text";

/** Which network-config and user-data a guest has, without their content. */
export interface GuestVersions {
  /** guestConfigDigest of what configures the networks. */
  readonly digest: string;
  /** undefined while the user-data is that of the VM's creation, and where a Secret of the caller's carries it. */
  readonly userDataVersion: string | undefined;
}

/** What the network-config carries of one NIC, besides its MAC address. */
export function guestFields(nic: Nic): FieldTexts {
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

export function guestRecord(vm: ResolvedVm, { digest, userDataVersion }: GuestVersions): GuestRecord {
  return {
    digest,
    machine: {
      routing: vm.routing,
      guestConfig: vm.guestConfig,
      ...(userDataVersion === undefined ? {} : { [userDataField]: userDataVersion }),
    },
    networks: Object.fromEntries(vm.nics.map((nic) => [nic.name, filled(guestFields(nic))])),
  };
}

function filled(fields: FieldTexts): FieldTexts {
  return Object.fromEntries(Object.entries(fields).filter(([, text]) => text !== ""));
}

/** undefined for what is no record: an instance of somebody else's tells nothing. */
export function readGuestRecord(text: string | undefined): GuestRecord | undefined {
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    // Somebody else's text under our annotation.
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
