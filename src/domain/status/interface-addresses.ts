// The addresses that KubeVirt reports for a NIC, and where they come from as far as the request and the address prove it.
import { type Cidr, type IpAddress, parseIp } from "../ip.ts";
import { resolveAddresses } from "../resolve/resolve-addresses.ts";
import type { IpConfig } from "../spec.ts";

export interface InterfaceAddress {
  /** Without prefix length. */
  readonly address: string;
  /** As requested; undefined for addresses that are not. */
  readonly prefixLength: number | undefined;
  /** undefined: not known. */
  readonly origin: "static" | "link-local" | undefined;
}

/** In the order in which they are reported. `ipConfig`: as requested; undefined: not known, or none. */
export function interfaceAddresses(
  reported: readonly string[],
  ipConfig: IpConfig | undefined,
): readonly InterfaceAddress[] {
  if (reported.length === 0) return [];
  const { mode, addresses } = resolveAddresses(ipConfig, "");
  const requested = mode === "static" ? addresses.map(({ cidr }) => cidr) : [];
  return reported.map((address) => {
    const parsed = parseIp(address);
    const unknown = { address, prefixLength: undefined, origin: undefined };
    return "value" in parsed ? { ...unknown, ...provenOf(parsed.value, requested) } : unknown;
  });
}

function provenOf(
  address: IpAddress,
  requested: readonly Cidr[],
): Pick<InterfaceAddress, "prefixLength" | "origin"> {
  const same = requested.find((cidr) => cidr.address.text === address.text);
  if (same !== undefined) return { prefixLength: same.prefixLength, origin: "static" };
  return {
    prefixLength: undefined,
    origin: address.value.range() === "linkLocal" ? "link-local" : undefined,
  };
}
