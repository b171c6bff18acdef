// Which routes of a Wukong are left out, and that findings keep the paths of the document.
import * as fc from "fast-check";
import { describe, it } from "vitest";
import {
  asGiven,
  isAboutRoutes,
  rejectedRoutes,
  withoutRoutes,
} from "../../src/controller/refused-routes.ts";
import { type Finding, finding } from "../../src/domain/findings.ts";
import type { VmSpec } from "../../src/domain/spec.ts";

/** A VM whose NICs have this many routes, each with its own destination. */
const specWith = (...counts: readonly number[]): VmSpec => ({
  namespace: "shop",
  name: "web",
  networks: counts.map((count, nic) => ({
    name: `eth${nic}`,
    routes: Array.from({ length: count }, (_, route) => ({
      destination: `10.${nic}.${route}.0/24`,
      gateway: "192.0.2.1",
    })),
  })),
});

const at = (field: string): Finding => finding("ROUTE_DUPLICATE", field, { first: "another" });
const none: ReadonlySet<string> = new Set();

describe("the routes that are left out", () => {
  it.for([
    ["one route", ["networks[1].routes[2].gateway"], ["1/2"]],
    ["a route as a whole", ["networks[0].routes[0]"], ["0/0"]],
    ["several", ["networks[0].routes[1].metric", "networks[1].routes[0].destination"], ["0/1", "1/0"]],
    ["a whole list", ["networks[1].routes"], ["1/0", "1/1", "1/2"]],
    ["a NIC, and a route", ["networks[0].vlanId", "networks[1].routes[0]"], undefined],
    ["the gateway of a NIC", ["networks[0].ipConfig.gateway"], undefined],
    ["a field whose name begins alike", ["networks[0].routesX"], undefined],
    ["a list without routes", ["networks[2].routes"], undefined],
  ] as const)("for findings on %s", ([, fields, expected], { expect }) => {
    const rejected = rejectedRoutes(specWith(2, 3, 0), fields.map(at), none);
    expect(rejected && [...rejected]).toEqual(expected);
  });

  it("are not those with a warning", ({ expect }) => {
    const warning = finding("ADDRESS_IN_USE_ELSEWHERE", "networks[0].routes[0]", { address: "10.0.0.1" });
    expect(rejectedRoutes(specWith(1), [warning], none)).toBeUndefined();
  });

  it("are those of before as well, and nothing is left to leave out twice", ({ expect }) => {
    const first = rejectedRoutes(specWith(2), [at("networks[0].routes[0]")], none) ?? none;
    expect(rejectedRoutes(specWith(2), [at("networks[0].routes[0]")], first)).toBeUndefined();
    const both = rejectedRoutes(specWith(2), [at("networks[0].routes[1]")], first);
    expect([...(both ?? [])]).toEqual(["0/0", "0/1"]);
  });

  it("do not move the paths of findings about the routes that are kept", ({ expect }) => {
    const positions = fc.uniqueArray(fc.integer({ min: 0, max: 7 }));
    fc.assert(
      fc.property(positions, positions, (onFirst, onSecond) => {
        const rejected = new Set([...onFirst.map((n) => `0/${n}`), ...onSecond.map((n) => `1/${n}`)]);
        const given = specWith(8, 8);
        const kept = withoutRoutes(given, rejected);
        for (const [nic, { routes = [] }] of kept.networks.entries()) {
          for (const [index, route] of routes.entries()) {
            const { field } = asGiven(at(`networks[${nic}].routes[${index}].gateway`), rejected);
            const [, position] = /routes\[(\d+)\]\.gateway$/.exec(field) ?? [];
            expect(given.networks[nic]?.routes?.[Number(position)]).toEqual(route);
            expect(rejected.has(`${nic}/${position}`)).toBe(false);
          }
        }
        expect(kept.networks.flatMap(({ routes = [] }) => routes)).toHaveLength(16 - rejected.size);
      }),
    );
  });

  it("leave a NIC without routes as it is", ({ expect }) => {
    const spec: VmSpec = { namespace: "shop", name: "web", networks: [{ name: "eth0" }] };
    expect(withoutRoutes(spec, new Set(["0/0"]))).toEqual(spec);
    expect(isAboutRoutes({ field: "networks[0].name" })).toBe(false);
  });
});
