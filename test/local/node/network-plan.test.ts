import { describe, expect, it } from "vitest";
import { parseNetworkConfig, updatesNetworkAtBoot } from "../../../src/local/kubevirt/node/network-plan.ts";

describe("parseNetworkConfig()", () => {
  it("reads names, addresses and DHCP of each ethernet", () => {
    const plan = parseNetworkConfig(`
version: 2
ethernets:
  eth0:
    match: {macaddress: "02:AA:00:00:00:01"}
    set-name: eth0
    dhcp4: true
  eth1:
    match: {macaddress: "02:aa:00:00:00:02"}
    set-name: eth1
    addresses: [10.0.1.100/24, "2001:db8::5/64"]
    routes:
      - {to: 192.168.0.0/16, via: 10.0.1.1, metric: 100}
`);
    expect(plan).toEqual({
      kind: "ethernets",
      ethernets: [
        {
          id: "eth0",
          match: { macAddress: "02:aa:00:00:00:01" },
          setName: "eth0",
          dhcp4: true,
          dhcp6: false,
          addresses: [],
        },
        {
          id: "eth1",
          match: { macAddress: "02:aa:00:00:00:02" },
          setName: "eth1",
          dhcp4: false,
          dhcp6: false,
          addresses: ["10.0.1.100", "2001:db8::5"],
        },
      ],
    });
  });

  it("accepts the top-level key network, and JSON", () => {
    expect(parseNetworkConfig('{"network":{"version":2,"ethernets":{"enp1s0":{"dhcp4":"yes"}}}}')).toEqual({
      kind: "ethernets",
      ethernets: [{ id: "enp1s0", match: {}, dhcp4: true, dhcp6: false, addresses: [] }],
    });
  });

  it.for([
    ["broken YAML", "version: 2\nethernets: {eth0: [", /not YAML/],
    ["a text that is not a mapping", "just words", /not a mapping/],
    ["version 1", "version: 1\nconfig: []", /version 1/],
    [
      "an address without a prefix length",
      "version: 2\nethernets: {a: {addresses: [10.0.1.100]}}",
      /10\.0\.1\.100/,
    ],
    ["an invalid address", "version: 2\nethernets: {a: {addresses: [10.0.1.300/24]}}", /10\.0\.1\.300/],
    ["a prefix too long", "version: 2\nethernets: {a: {addresses: [10.0.1.3/33]}}", /10\.0\.1\.3\/33/],
    [
      "set-name without a MAC",
      "version: 2\nethernets: {a: {set-name: eth0, match: {name: en*}}}",
      /set-name/,
    ],
    ["a route without a destination", "version: 2\nethernets: {a: {routes: [{via: 10.0.0.1}]}}", /route to/],
    [
      "a route with an invalid via",
      "version: 2\nethernets: {a: {routes: [{to: default, via: gw}]}}",
      /via "gw"/,
    ],
  ] as const)("refuses the whole text for %s", ([, text, reason], { expect }) => {
    expect(parseNetworkConfig(text)).toEqual({ kind: "refused", reason: expect.stringMatching(reason) });
  });
});

describe("updatesNetworkAtBoot()", () => {
  it.for([
    ["#cloud-config\nupdates: {network: {when: [boot]}}", true],
    ["#cloud-config\nupdates: {network: {when: [boot-new-instance]}}", false],
    ["#cloud-config\npassword: x", false],
    ["#!/bin/sh\n# updates: {network: {when: [boot]}}", false],
    ["#cloud-config\nupdates: {network: [", false],
  ] as const)("of %j is %s", ([userData, expected], { expect }) => {
    expect(updatesNetworkAtBoot(userData)).toBe(expected);
  });
});
