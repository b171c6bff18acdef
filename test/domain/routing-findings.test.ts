// What the routes of all NICs do to each other: the messages of the findings, and what is not a finding.
import { readFileSync } from "node:fs";
import { describe, it } from "vitest";
import { readDocument } from "../../src/domain/document/read-document.ts";
import { applyFix } from "../support/apply-fix.ts";
import { business, innerIpv6, policy, trafficCases } from "./finding-cases/traffic.ts";
import { dhcpNic, findingsOf, vmSpec } from "./specs.ts";
import { someOf } from "../support/rows.ts";

describe("a finding on routes", () => {
  it.for(trafficCases)("$code when $when", ({ code, spec, field, message }, { expect }) => {
    const found = findingsOf(spec).filter((finding) => finding.code === code);
    expect(found.map((finding) => [finding.field, finding.message])).toEqual([[field, message]]);
  });

  it.for(someOf(trafficCases.filter(({ fix }) => fix)))(
    "$code leaves no error after its fix when $when",
    ({ code, spec }, { expect }) => {
      const fix = findingsOf(spec).find((finding) => finding.code === code)?.fix;
      if (fix === undefined) throw new Error("the finding has no fix");
      expect(findingsOf(applyFix(spec, fix)).filter(({ severity }) => severity === "error")).toEqual([]);
    },
  );

  it("does not offer rules to a guest that drops them", ({ expect }) => {
    const spec = vmSpec([dhcpNic, business], { guest: { renderer: "sysconfig" } });
    const [found] = findingsOf(spec).filter(({ code }) => code === "REPLY_ASYMMETRIC");
    expect(found?.fix).toBeUndefined();
  });

  it.for([
    ["a NIC without a gateway", vmSpec([dhcpNic, { name: "eth1", ipConfig: { address: "10.0.1.100/24" } }])],
    ["a NIC with routing: policy", policy([dhcpNic, business])],
    ["a second NIC with DHCP", vmSpec([dhcpNic, { name: "eth1" }])],
    [
      "a gateway that is not to be used",
      vmSpec([dhcpNic, { ...business, ipConfig: { ...business.ipConfig, defaultRoute: "never" } }]),
    ],
    ["a NIC whose link is down", vmSpec([dhcpNic, { ...business, linkState: "down" }])],
    [
      "an address alone inside another NIC's subnet",
      vmSpec([business, { name: "eth2", ipConfig: { address: "10.0.1.200/32" } }]),
    ],
    ["a gateway on the link of IPv6", vmSpec([innerIpv6("2001:db8:9::/48", 0)])],
  ] as const)("is not reported for %s", ([, spec], { expect }) => {
    expect(findingsOf(spec)).toEqual([]);
  });

  it.for([
    ["3.2-three-networks", ["REPLY_ASYMMETRIC"]],
    ["6.1-basic", []],
    ["6.2-routes", []],
    ["6.3-multi-vlan", []],
  ] as const)("of examples/%s: %s", ([name, codes], { expect }) => {
    const text = readFileSync(`examples/${name}.yaml`, "utf8");
    const { spec } = readDocument(text, { namespace: "default" });
    expect(findingsOf(spec ?? vmSpec([])).map(({ code }) => code)).toEqual(codes);
  });
});
