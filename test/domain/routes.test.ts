// The routes that the guest will have, from all NICs together.
import * as fc from "fast-check";
import { describe, it } from "vitest";
import { builtInCatalogue } from "../../src/domain/catalogue.ts";
import { noFacts } from "../../src/domain/facts.ts";
import { knownCidr } from "../../src/domain/ip.ts";
import { type PredictedRouting, predictRouting } from "../../src/domain/routing/predicted-routes.ts";
import { type RouteLookup, lookUpRoute } from "../../src/domain/routing/route-lookup.ts";
import { pathSegments } from "../../src/domain/paths.ts";
import { applyFix } from "../support/apply-fix.ts";
import { resolveVm } from "../../src/domain/resolve/resolve-vm.ts";
import type { VmSpec } from "../../src/domain/spec.ts";
import { vmSpec } from "./specs.ts";

const routing = (spec: VmSpec): PredictedRouting => {
  const { vm } = resolveVm(spec, builtInCatalogue(), noFacts);
  return predictRouting(vm.nics, vm.routing);
};

/** `DESTINATION NEXTHOP NIC METRIC ORIGIN`, without the link-local networks. */
const table = (spec: VmSpec, number = 254): readonly string[] =>
  routing(spec)
    .routes.filter((route) => route.table === number && route.origin !== "link-local")
    .map(
      ({ destination, gateway, nic, metric, origin }) =>
        `${destination.network} ${gateway?.text ?? "on-link"} ${nic.name} ${metric} ${origin}`,
    );

const lookup = (spec: VmSpec, to: string, from?: string): RouteLookup => {
  const { vm } = resolveVm(spec, builtInCatalogue(), noFacts);
  const source =
    from === undefined ? undefined : knownCidr(`${from}/${from.includes(":") ? 128 : 32}`).address;
  const address = knownCidr(`${to}/${to.includes(":") ? 128 : 32}`).address;
  return lookUpRoute(predictRouting(vm.nics, vm.routing), vm.nics, address, source);
};

const threeNics = vmSpec([
  { name: "eth0", ipConfig: { mode: "dhcp" } },
  {
    name: "eth1",
    ipConfig: { address: "10.0.1.100/24", gateway: "10.0.1.1" },
    routes: [{ destination: "192.168.0.0/16", gateway: "10.0.1.1", metric: 100 }],
  },
  { name: "eth2", ipConfig: { address: "2001:db8::10/64", gateway: "2001:db8::1" } },
]);

const withPolicy: VmSpec = {
  ...vmSpec([
    { name: "eth0", ipConfig: { address: "192.0.2.10/24", gateway: "192.0.2.1" } },
    {
      name: "eth1",
      ipConfig: { address: "10.0.1.100/24", addresses: ["2001:db8:1::10/64"], gateway: "10.0.1.1" },
      routes: [{ destination: "192.168.0.0/16", gateway: "10.0.1.2" }],
    },
  ]),
  guest: { renderer: "netplan" },
  routing: "policy",
};

describe("the predicted table", () => {
  it("of a management, a business and a storage NIC", ({ expect }) => {
    expect(table(threeNics)).toEqual([
      "10.0.1.0/24 on-link eth1 0 address",
      "192.168.0.0/16 10.0.1.1 eth1 100 route",
      "0.0.0.0/0 on-link eth0 100 dhcp",
      "0.0.0.0/0 10.0.1.1 eth1 200 gateway",
      "2001:db8::/64 on-link eth2 256 address",
      "::/0 2001:db8::1 eth2 300 gateway",
    ]);
    const { routes, rules } = routing(threeNics);
    expect(routes.filter(({ assumed }) => assumed).map(({ nic }) => nic.name)).toEqual(["eth0"]);
    expect(rules).toEqual([]);
  });

  it("has fe80::/64 for every NIC with IPv6", ({ expect }) => {
    const { routes } = routing(
      vmSpec([
        { name: "eth0", mtu: 1000 },
        { name: "eth1", mtu: 1280 },
      ]),
    );
    expect(routes.filter(({ origin }) => origin === "link-local").map(({ nic }) => nic.name)).toEqual([
      "eth1",
    ]);
  });

  it("has the subnet and the gateway that KubeVirt offers on the pod network", ({ expect }) => {
    expect(table(vmSpec([{ name: "eth0", type: "pod" }]))).toEqual([
      "10.0.2.0/24 on-link eth0 100 dhcp",
      "0.0.0.0/0 10.0.2.1 eth0 100 dhcp",
    ]);
  });

  it.for([
    ["a NIC that must not have a default route", { ipConfig: { mode: "dhcp", defaultRoute: "never" } }],
    ["a NIC whose link is down", { ipConfig: { address: "192.0.2.10/24" }, linkState: "down" }],
    ["an IPv4 address alone", { ipConfig: { address: "192.0.2.10/32" } }],
    ["an address in 0.0.0.0/8", { ipConfig: { address: "1.2.3.4/5" } }],
  ] as const)("has nothing for %s", ([, nic], { expect }) => {
    expect(table(vmSpec([{ name: "eth0", ...nic }]))).toEqual([]);
  });

  it("has an IPv6 metric of 0 as the kernel keeps it", ({ expect }) => {
    const nic = {
      name: "eth0",
      ipConfig: { address: "2001:db8::10/64" },
      routes: [{ destination: "2001:db8:9::/48", gateway: "2001:db8::1", metric: 0 }],
    };
    expect(table(vmSpec([nic]))).toContain("2001:db8:9::/48 2001:db8::1 eth0 1024 route");
  });

  it("has a table for the NIC, and rules by source, with routing: policy", ({ expect }) => {
    expect(table(withPolicy, 1001)).toEqual([
      "192.168.0.0/16 10.0.1.2 eth1 200 route",
      "0.0.0.0/0 10.0.1.1 eth1 200 gateway",
    ]);
    expect(
      routing(withPolicy).rules.map(
        ({ priority, sourceAddress: from, destination: to, table: number }) =>
          `${priority} ${from.text} ${to?.network ?? "any"} ${number}`,
      ),
    ).toEqual([
      "1000 192.0.2.10 192.0.2.0/24 254",
      "1000 10.0.1.100 10.0.1.0/24 254",
      "1001 192.0.2.10 any 1000",
      "1001 10.0.1.100 any 1001",
    ]);
  });

  it("has the rules of an address once, even if the NIC has it with two prefix lengths", ({ expect }) => {
    const ipConfig = { addresses: ["10.2.1.3/16", "10.2.1.3/24"], gateway: "10.2.1.1" };
    const { rules } = routing(vmSpec([{ name: "eth0", ipConfig }], { routing: "policy" }));
    expect(
      rules.map(
        ({ sourceAddress: from, destination: to, table }) => `${from.text} ${to?.network ?? "any"} ${table}`,
      ),
    ).toEqual(["10.2.1.3 10.2.0.0/16 254", "10.2.1.3 10.2.1.0/24 254", "10.2.1.3 any 1000"]);
  });
});

describe("a lookup", () => {
  it.for([
    ["10.0.1.7", "eth1", "", "10.0.1.100", "10.0.1.0/24 is directly connected to eth1"],
    ["192.168.9.9", "eth1", "10.0.1.1", "10.0.1.100", "route to 192.168.0.0/16 through eth1"],
    [
      "203.0.113.9",
      "eth0",
      "",
      "",
      "default route of eth0; its metric 100 is lower than 200 of eth1; assumed: the DHCP server decides",
    ],
    ["2001:db8:5::9", "eth2", "2001:db8::1", "2001:db8::10", "default route of eth2"],
    ["10.0.1.100", "", "", "", "it is the guest's own address on eth1"],
    ["10.0.1.255", "", "", "", "it is the broadcast address of 10.0.1.0/24 on eth1"],
    ["224.0.0.1", "", "", "", "it is not the address of a single host (multicast)"],
    ["127.0.0.1", "", "", "", "it is a loopback address of the guest"],
    ["fe80::9", "eth0", "", "", "every NIC has a link-local network, so the sender must name the interface"],
  ])("of %s leads to NIC %s", ([to = "", nic, gateway, source, reason], { expect }) => {
    const found = lookup(threeNics, to);
    expect([found.device ?? "", found.gateway?.text ?? "", found.source?.text ?? "", found.message]).toEqual([
      nic,
      gateway,
      source,
      reason,
    ]);
  });

  it("of an address that no route covers says so", ({ expect }) => {
    const alone = vmSpec([{ name: "eth0", ipConfig: { address: "192.0.2.10/24" } }]);
    expect(lookup(alone, "203.0.113.9")).toMatchObject({
      device: undefined,
      message: "no route matches; the guest reports that the network is unreachable",
    });
  });

  it("knows the guest's own address on the pod network", ({ expect }) => {
    const pod = vmSpec([{ name: "eth0", type: "pod" }]);
    expect(lookup(pod, "10.0.2.2").message).toBe("it is the guest's own address on eth0");
    expect(lookup(pod, "10.0.2.3")).toMatchObject({ device: "eth0", source: { text: "10.0.2.2" } });
  });

  it("reports a tie", ({ expect }) => {
    const tied = vmSpec([
      { name: "eth0", ipConfig: { address: "192.0.2.10/24" } },
      { name: "eth1", ipConfig: { address: "192.0.2.11/24" } },
    ]);
    expect(lookup(tied, "192.0.2.9")).toMatchObject({
      device: "eth0",
      message:
        "192.0.2.0/24 is directly connected to eth0; 192.0.2.0/24 through eth1 is equally good, and the kernel takes the route that was configured first",
    });
  });

  it("follows the rule of its source address", ({ expect }) => {
    expect(lookup(withPolicy, "203.0.113.9")).toMatchObject({ device: "eth0" });
    expect(lookup(withPolicy, "203.0.113.9", "10.0.1.100")).toMatchObject({
      device: "eth1",
      gateway: { text: "10.0.1.1" },
      source: { text: "10.0.1.100" },
      message: "rule 1001 sends packets from 10.0.1.100 to table 1001; default route of eth1",
    });
    expect(lookup(withPolicy, "10.0.1.9", "10.0.1.100").message).toBe(
      "rule 1000 sends packets from 10.0.1.100 to 10.0.1.0/24 to table main; 10.0.1.0/24 is directly connected to eth1",
    );
  });
});

describe("a fix", () => {
  it("reads paths", ({ expect }) => {
    expect(pathSegments("networks[1].ipConfig.addresses[0]")).toEqual([
      "networks",
      1,
      "ipConfig",
      "addresses",
      0,
    ]);
  });

  it("sets, adds and removes fields and does not change its input", ({ expect }) => {
    const input = { networks: [{ name: "a", routes: [1, 2] }] };
    const mended = applyFix(input, {
      description: "",
      patches: [
        { field: "networks[0].ipConfig.mode", value: "static" },
        { field: "networks[0].routes[0]" },
        { field: "networks[0].name" },
      ],
    });
    expect(mended).toEqual({ networks: [{ routes: [2], ipConfig: { mode: "static" } }] });
    expect(input).toEqual({ networks: [{ name: "a", routes: [1, 2] }] });
  });

  it.for(["networks[3].name", "networks[0].name.first"])(
    "fails for a path that leads nowhere: %s",
    (field, { expect }) => {
      const patch = { description: "", patches: [{ field, value: "x" }] };
      expect(() => applyFix({ networks: [{ name: "a" }] }, patch)).toThrow(field);
    },
  );

  it("with one patch reads back what it set", ({ expect }) => {
    fc.assert(
      fc.property(
        fc.array(fc.stringMatching(/^[a-z]{1,5}$/), { minLength: 1, maxLength: 4 }),
        fc.string(),
        (keys, value) => {
          const mended = applyFix({}, { description: "", patches: [{ field: keys.join("."), value }] });
          expect(keys.reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], mended)).toBe(value);
        },
      ),
    );
  });
});
