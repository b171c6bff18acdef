// IP addresses as virt-api reads them: no zone; zeros before the numbers of an IPv4 address are let pass.
import { BlockList, isIPv4, isIPv6 } from "node:net";

const mapped = new BlockList();
mapped.addSubnet("::ffff:0:0", 96, "ipv6");

function withoutLeadingZeros(text: string): string {
  return text.replaceAll(/(^|[.:])0+(\d+)(?=\.|$)/g, "$1$2");
}

export function isIPAddress(text: string): boolean {
  return isIPv4(withoutLeadingZeros(text)) || (isIPv6(text) && !text.includes("%"));
}

/** Also an IPv4 address written as an IPv6 one, which Go takes for IPv4. */
export function isIPv4Address(text: string): boolean {
  return isIPv4(withoutLeadingZeros(text)) || (isIPAddress(text) && mapped.check(text, "ipv6"));
}
