// IP addresses and networks as values, parsed once. Arithmetic by ipaddr.js.
import ipaddr from "ipaddr.js";

export type IpFamily = 4 | 6;

/** An IPv4 or IPv6 address. `text` is its canonical form (RFC 5952 for IPv6). */
export interface IpAddress {
  readonly family: IpFamily;
  readonly text: string;
  readonly value: ipaddr.IPv4 | ipaddr.IPv6;
}

/** An address with a prefix length: a host in its subnet, or a network. */
export interface Cidr {
  readonly address: IpAddress;
  readonly prefixLength: number;
  /** Canonical `address/prefix`. */
  readonly text: string;
  /** Canonical `network/prefix`, without host bits. */
  readonly network: string;
  /** True when bits beyond the prefix are set. */
  readonly hasHostBits: boolean;
}

export type Parsed<T> = { readonly value: T } | { readonly problem: string };

/** ipaddr.js would throw for other texts, which takes more time than the rest of a check. */
const fourParts = new RegExp(`^${Array.from({ length: 4 }, () => "(0|[1-9]\\d{0,2})").join("\\.")}$`);

/** Reads dotted-decimal IPv4 (four parts, no octal or hex) or IPv6 without zone or embedded mapped IPv4. */
export function parseIp(text: string): Parsed<IpAddress> {
  const octets = fourParts.exec(text)?.slice(1).map(Number);
  if (octets?.every((octet) => octet <= 255) === true) return { value: ipOf(new ipaddr.IPv4(octets)) };
  if (!text.includes(":"))
    return { problem: text === "" ? "it is empty" : "an IPv4 address has four decimal parts from 0 to 255" };
  if (text.includes("%")) return { problem: "a zone is not allowed" };
  if (!ipaddr.IPv6.isValid(text)) return { problem: "it is not an IPv6 address" };
  const value = ipaddr.IPv6.parse(text);
  if (value.isIPv4MappedAddress()) return { problem: "write the IPv4-mapped address as plain IPv4" };
  return { value: ipOf(value) };
}

/** Reads `ADDRESS/PREFIX`. */
export function parseCidr(text: string): Parsed<Cidr> {
  const slash = text.lastIndexOf("/");
  if (slash === -1) {
    const host = parseIp(text);
    return { problem: "problem" in host ? host.problem : "the prefix length is missing" };
  }
  const address = parseIp(text.slice(0, slash));
  if ("problem" in address) return address;
  const bits = address.value.family === 4 ? 32 : 128;
  const prefix = text.slice(slash + 1);
  if (!/^(0|[1-9]\d{0,2})$/.test(prefix) || Number(prefix) > bits) {
    return { problem: `the prefix length must be a number from 0 to ${bits}` };
  }
  return { value: cidrOf(address.value, Number(prefix)) };
}

/** A network given in the source code. @throws Error for a text that is not one. */
export function knownCidr(text: string): Cidr {
  const parsed = parseCidr(text);
  if ("problem" in parsed) throw new Error(`${text}: ${parsed.problem}`);
  return parsed.value;
}

function ipOf(value: ipaddr.IPv4 | ipaddr.IPv6): IpAddress {
  return { family: value.kind() === "ipv4" ? 4 : 6, text: rfc5952(value), value };
}

/** ipaddr.js compresses the longest run of zeros as RFC 5952 asks. */
function rfc5952(value: ipaddr.IPv4 | ipaddr.IPv6): string {
  return value instanceof ipaddr.IPv6 ? value.toRFC5952String() : value.toString();
}

function cidrOf(address: IpAddress, prefixLength: number): Cidr {
  const text = `${address.text}/${prefixLength}`;
  const network = rfc5952(boundary(address, prefixLength, false));
  return {
    address,
    prefixLength,
    text,
    network: `${network}/${prefixLength}`,
    hasHostBits: network !== address.text,
  };
}

/** The lowest (all host bits 0) or highest (all host bits 1) address of the subnet. */
function boundary(address: IpAddress, prefixLength: number, high: boolean): ipaddr.IPv4 | ipaddr.IPv6 {
  const bytes = address.value.toByteArray().map((byte, index) => {
    const kept = Math.min(8, Math.max(0, prefixLength - index * 8));
    const hostMask = 0xff >> kept;
    return high ? byte | hostMask : byte & ~hostMask & 0xff;
  });
  return ipaddr.fromByteArray(bytes);
}

/** True when the address lies in the subnet of `cidr`. */
export function contains(cidr: Cidr, address: IpAddress): boolean {
  return cidr.address.family === address.family && matches(address, cidr, cidr.prefixLength);
}

/** True when the two subnets share an address. */
export function overlaps(a: Cidr, b: Cidr): boolean {
  return (
    a.address.family === b.address.family && matches(a.address, b, Math.min(a.prefixLength, b.prefixLength))
  );
}

function matches(address: IpAddress, cidr: Cidr, prefixLength: number): boolean {
  const { value } = address;
  const other = cidr.address.value;
  return value instanceof ipaddr.IPv4
    ? other instanceof ipaddr.IPv4 && value.match(other, prefixLength)
    : other instanceof ipaddr.IPv6 && value.match(other, prefixLength);
}

/**
 * The first and last address that a host may have, where the network and broadcast addresses are not host addresses:
 * IPv4 up to /30 (RFC 1122 3.2.1.3; a /31 has two hosts, RFC 3021). undefined for the rest and for IPv6 from /127 on;
 * an IPv6 subnet's first address is the subnet-router anycast (RFC 4291 2.6.1).
 */
export function hostRange(cidr: Cidr): { readonly first: string; readonly last: string } | undefined {
  const bits = cidr.address.family === 4 ? 32 : 128;
  if (cidr.prefixLength >= bits - 1) return undefined;
  const first = boundary(cidr.address, cidr.prefixLength, false).toByteArray();
  const last = boundary(cidr.address, cidr.prefixLength, true).toByteArray();
  first[first.length - 1]! += 1;
  if (cidr.address.family === 4) last[last.length - 1]! -= 1;
  return { first: rfc5952(ipaddr.fromByteArray(first)), last: rfc5952(ipaddr.fromByteArray(last)) };
}

/** The broadcast address of an IPv4 subnet; undefined where there is none: /31, /32 (RFC 3021) and IPv6. */
export function broadcastAddress(cidr: Cidr): string | undefined {
  if (cidr.address.family === 6 || cidr.prefixLength >= 31) return undefined;
  return rfc5952(boundary(cidr.address, cidr.prefixLength, true));
}

/** True for the network address, and in IPv4 for the broadcast address, where no host may have them. */
export function isNetworkOrBroadcast(cidr: Cidr): boolean {
  if (hostRange(cidr) === undefined) return false;
  if (!cidr.hasHostBits) return true;
  return broadcastAddress(cidr) === cidr.address.text;
}
