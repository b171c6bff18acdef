// Addresses and networks as values.
import * as fc from "fast-check";
import { describe, it } from "vitest";
import {
  contains,
  hostRange,
  isNetworkOrBroadcast,
  overlaps,
  parseCidr,
  parseIp,
  type Cidr,
} from "../../src/domain/ip.ts";

function cidr(text: string): Cidr {
  const parsed = parseCidr(text);
  if ("problem" in parsed) throw new Error(`${text}: ${parsed.problem}`);
  return parsed.value;
}

describe("parseIp()", () => {
  it.for(["192.0.2.1", "0.0.0.0", "2001:db8::1", "::", "fe80::1"])("accepts %s", (text, { expect }) => {
    expect(parseIp(text)).toMatchObject({ value: { text } });
  });

  it.for([
    "",
    "192.0.2",
    "192.0.2.256",
    "192.0.2.01",
    "0x7f.1",
    "2130706433",
    "1.2.3.4.5",
    " 192.0.2.1",
    "192.0.2.1\n",
    "::ffff:192.0.2.1",
    "fe80::1%eth0",
    "2001:db8:::1",
    "2001:db8::g",
    "default",
  ])("refuses %j with a reason", (text, { expect }) => {
    expect(parseIp(text)).toHaveProperty("problem");
  });
});

describe("parseCidr()", () => {
  it.for([
    ["192.0.2.10/24", "192.0.2.0/24", true],
    ["192.0.2.0/24", "192.0.2.0/24", false],
    ["192.0.2.1/32", "192.0.2.1/32", false],
    ["10.129.7.1/9", "10.128.0.0/9", true],
    ["2001:DB8:0::1/64", "2001:db8::/64", true],
    ["::/0", "::/0", false],
    ["0.0.0.0/0", "0.0.0.0/0", false],
  ] as const)("finds the network of %s", ([text, network, hasHostBits], { expect }) => {
    expect(cidr(text)).toMatchObject({ network, hasHostBits });
  });

  it.for([
    "192.0.2.1/",
    "192.0.2.1/33",
    "192.0.2.1/-1",
    "192.0.2.1/1.5",
    "192.0.2.1/024",
    "::/129",
    "/24",
    "192.0.2.1",
  ])("refuses %j", (text, { expect }) => {
    expect(parseCidr(text)).toHaveProperty("problem");
  });

  it("reads its own text back as the same value", ({ expect }) => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), fc.nat(128), (address, prefix) => {
        const parsed = parseCidr(`${address}/${prefix}`);
        if ("problem" in parsed) return fc.pre(false);
        expect(cidr(parsed.value.text)).toMatchObject({
          text: parsed.value.text,
          network: parsed.value.network,
        });
        expect(cidr(parsed.value.network).hasHostBits).toBe(false);
        expect(contains(parsed.value, parsed.value.address)).toBe(true);
        expect(overlaps(parsed.value, cidr(parsed.value.network))).toBe(true);
      }),
    );
  });
});

describe("subnets", () => {
  it.for([
    ["192.0.2.0/24", "192.0.2.128/25", true],
    ["192.0.2.0/25", "192.0.2.128/25", false],
    ["0.0.0.0/0", "192.0.2.0/24", true],
    ["2001:db8::/32", "2001:db8:1::/48", true],
    ["::/0", "192.0.2.0/24", false],
  ] as const)("%s and %s overlap: %s", ([a, b, expected], { expect }) => {
    expect(overlaps(cidr(a), cidr(b))).toBe(expected);
    expect(overlaps(cidr(b), cidr(a))).toBe(expected);
  });

  it.for([
    ["192.0.2.0/24", true],
    ["192.0.2.255/24", true],
    ["192.0.2.1/24", false],
    ["192.0.2.0/31", false],
    ["192.0.2.0/32", false],
    ["2001:db8::/64", true],
    ["2001:db8::ffff:ffff:ffff:ffff/64", false],
    ["2001:db8::/127", false],
  ] as const)("%s is the network or broadcast address: %s", ([text, expected], { expect }) => {
    expect(isNetworkOrBroadcast(cidr(text))).toBe(expected);
  });

  it("have a first and a last host", ({ expect }) => {
    expect(hostRange(cidr("192.0.2.77/24"))).toEqual({ first: "192.0.2.1", last: "192.0.2.254" });
    expect(hostRange(cidr("192.0.2.77/30"))).toEqual({ first: "192.0.2.77", last: "192.0.2.78" });
  });
});
