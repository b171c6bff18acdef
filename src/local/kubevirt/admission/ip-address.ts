// IP addresses as Go's net.ParseIP reads them: no zone, no leading zeros.
import { isIPv4, isIPv6 } from "node:net";

export function isIPAddress(text: string): boolean {
  return isIPv4(text) || (isIPv6(text) && !text.includes("%"));
}

/** Also an IPv4 address written as an IPv6 one, which Go takes for IPv4. */
export function isIPv4Address(text: string): boolean {
  return isIPv4(text) || (/^::ffff:[\d.]+$/i.test(text) && isIPv6(text));
}
