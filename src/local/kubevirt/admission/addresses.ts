// Addresses as virt-api reads them: IP, MAC and PCI.
import { BlockList, isIPv4, isIPv6 } from "node:net";

const mapped = new BlockList();
mapped.addSubnet("::ffff:0:0", 96, "ipv6");

function withoutLeadingZeros(text: string): string {
  return text.replaceAll(/(^|[.:])0+(\d+)(?=\.|$)/g, "$1$2");
}

/** No zone; zeros before the numbers of an IPv4 address are accepted. */
export function isIPAddress(text: string): boolean {
  return isIPv4(withoutLeadingZeros(text)) || (isIPv6(text) && !text.includes("%"));
}

/** Also an IPv4 address written as an IPv6 one, which Go takes for IPv4. */
export function isIPv4Address(text: string): boolean {
  return isIPv4(withoutLeadingZeros(text)) || (isIPAddress(text) && mapped.check(text, "ipv6"));
}

const separated = /^[\da-f]{2}(?:([:-])[\da-f]{2})(?:\1[\da-f]{2})*$/i;
const dotted = /^[\da-f]{4}(?:\.[\da-f]{4})+$/i;
const bare = /^[\da-f]+$/i;

/** EUI-48, EUI-64 and the 20 bytes of IP over InfiniBand. */
const lengths = [6, 8, 20];

/**
 * How many bytes the address has, as Go's net.ParseMAC reads it, which KubeVirt calls (pkg/network/link/mac.go):
 * written with colons, dashes, dots or nothing between; undefined when it is none.
 */
export function macAddressLength(text: string): number | undefined {
  if (!separated.test(text) && !dotted.test(text) && !bare.test(text)) return undefined;
  const length = text.replaceAll(/[:.-]/g, "").length / 2;
  return lengths.includes(length) ? length : undefined;
}

/** The address of KubeVirt's in-pod bridge. Only this very spelling is recognised. */
export const reservedMacAddress = "02:00:00:00:00:00";

/** Domain, bus, slot and function in full, `0000:81:00.1`; the slot's range is not checked (pkg/util/hardware/hw_utils.go). */
export function isPciAddress(text: string): boolean {
  return /^[\da-fA-F]{4}:[\da-fA-F]{2}:[\da-fA-F]{2}\.[0-7]$/.test(text);
}
