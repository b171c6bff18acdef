// IP, MAC and PCI addresses as virt-api parses them.
import { BlockList, isIPv4, isIPv6 } from "node:net";

const mapped = new BlockList();
mapped.addSubnet("::ffff:0:0", 96, "ipv6");

function withoutLeadingZeros(text: string): string {
  return text.replaceAll(/(^|[.:])0+(\d+)(?=\.|$)/g, "$1$2");
}

/** Zones are refused; leading zeros in IPv4 are accepted. */
export function isIPAddress(text: string): boolean {
  return isIPv4(withoutLeadingZeros(text)) || (isIPv6(text) && !text.includes("%"));
}

/** True also for an IPv4-mapped IPv6 address, as in Go. */
export function isIPv4Address(text: string): boolean {
  return isIPv4(withoutLeadingZeros(text)) || (isIPAddress(text) && mapped.check(text, "ipv6"));
}

const separated = /^[\da-f]{2}(?:([:-])[\da-f]{2})(?:\1[\da-f]{2})*$/i;
const dotted = /^[\da-f]{4}(?:\.[\da-f]{4})+$/i;
const bare = /^[\da-f]+$/i;

/** EUI-48, EUI-64 and the 20 bytes of IP over InfiniBand. */
const lengths = [6, 8, 20];

/**
 * The length in bytes, as Go's net.ParseMAC, which KubeVirt calls (pkg/network/link/mac.go), reads it: with colons,
 * dashes, dots or no separators; undefined when it is not a MAC address.
 */
export function macAddressLength(text: string): number | undefined {
  if (!separated.test(text) && !dotted.test(text) && !bare.test(text)) return undefined;
  const length = text.replaceAll(/[:.-]/g, "").length / 2;
  return lengths.includes(length) ? length : undefined;
}

/** The address of KubeVirt's in-pod bridge. Only this spelling is recognised. */
export const reservedMacAddress = "02:00:00:00:00:00";

/** Domain, bus, slot and function, `0000:81:00.1`; the slot's range is not checked (pkg/util/hardware/hw_utils.go). */
export function isPciAddress(text: string): boolean {
  return /^[\da-fA-F]{4}:[\da-fA-F]{2}:[\da-fA-F]{2}\.[0-7]$/.test(text);
}
