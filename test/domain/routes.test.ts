// The routes that the guest will have, from all NICs together.
import fc from "fast-check";
import { describe, it } from "vitest";
import { builtInCatalogue } from "../../src/domain/catalogue.ts";
import { noFacts } from "../../src/domain/facts.ts";
import { predictRoutes } from "../../src/domain/predicted-routes.ts";
import { applyFix, pathSegments } from "../../src/domain/fix.ts";
import { resolveVm } from "../../src/domain/resolve/resolve-vm.ts";
import type { VmSpec } from "../../src/domain/spec.ts";
import { vmSpec } from "./specs.ts";

const routes = (spec: VmSpec) => predictRoutes(resolveVm(spec, builtInCatalogue(), noFacts).vm.nics);

describe("predicted routes", () => {
  it("of a management, a business and a storage NIC", ({ expect }) => {
    const table = routes(
      vmSpec([
        { name: "eth0", ipConfig: { mode: "dhcp" } },
        {
          name: "eth1",
          ipConfig: { address: "10.0.1.100/24", gateway: "10.0.1.1" },
          routes: [{ destination: "192.168.0.0/16", gateway: "10.0.1.1", metric: 100 }],
        },
        { name: "eth2", ipConfig: { address: "2001:db8::10/64", gateway: "2001:db8::1" } },
      ]),
    );
    expect(
      table.map(
        (route) =>
          `${route.destination} ${route.gateway || "on-link"} ${route.nic} ${route.metric} ${route.origin}`,
      ),
    ).toEqual([
      "2001:db8::/64 on-link eth2 0 address",
      "10.0.1.0/24 on-link eth1 0 address",
      "192.168.0.0/16 10.0.1.1 eth1 100 route",
      "0.0.0.0/0 on-link eth0 100 dhcp",
      "0.0.0.0/0 10.0.1.1 eth1 200 gateway",
      "::/0 2001:db8::1 eth2 300 gateway",
    ]);
    expect(table.filter(({ assumed }) => assumed).map(({ nic }) => nic)).toEqual(["eth0"]);
  });

  it("have no default route by a NIC that must not have one", ({ expect }) => {
    expect(routes(vmSpec([{ name: "eth0", ipConfig: { mode: "dhcp", defaultRoute: "never" } }]))).toEqual([]);
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

  it("sets, makes and removes fields and leaves its input alone", ({ expect }) => {
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
