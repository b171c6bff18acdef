// Generated VMs whose NICs' routes meet: few networks, so that subnets overlap, routes compete and next hops are covered.
import * as fc from "fast-check";
import type { IpConfig, NetworkConfig, RouteConfig, VmSpec } from "../../src/domain/spec.ts";

/** The subnet that the DHCP server of NIC `index` gives addresses of. */
export const leaseSubnet = (index: number): string => `172.${16 + index}.0`;

const maybe = <T>(arbitrary: fc.Arbitrary<T>, freq = 2): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined, freq });

function given<T extends object>(fields: { readonly [Key in keyof T]: T[Key] | undefined }): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}

const ipv4 = fc
  .tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 255 }))
  .map(([second, third, host]) => ({ start: `10.${second}.${third}.`, host, radix: 10 }));
const ipv6 = fc
  .tuple(
    fc.constantFrom("2001:db8:0:", "2001:db8:1:", "fd00:0:0:", "2002:a00:1:", "2001:0:5:"),
    fc.integer({ min: 0, max: 2 }),
    fc.integer({ min: 1, max: 0xffff }),
  )
  .map(([start, subnet, host]) => ({ start: `${start}${subnet}::`, host, radix: 16 }));

interface Host {
  readonly start: string;
  readonly host: number;
  readonly radix: number;
}

/** The address that differs from this one in these bits. */
const neighbour = ({ start, host, radix }: Host, bits: number): string =>
  `${start}${(host ^ bits).toString(radix)}`;

const prefix = ({ radix }: Host): fc.Arbitrary<number> =>
  radix === 10
    ? fc.constantFrom(5, 8, 12, 16, 22, 24, 24, 24, 25, 26, 30, 31, 32)
    : fc.constantFrom(32, 48, 56, 64, 64, 64, 112, 120, 127, 128);

const host = fc.oneof({ arbitrary: ipv4, weight: 3 }, { arbitrary: ipv6, weight: 2 });

const destination = fc.oneof(
  fc.constantFrom("0.0.0.0/0", "::/0", "198.51.100.0/24", "203.0.113.0/24", "203.0.113.128/25"),
  fc.constantFrom("10.0.0.0/8", "10.1.0.0/16", "10.1.1.0/24", "10.2.1.128/25", "10.0.2.0/24", "10.1.0.7/32"),
  fc.constantFrom(
    "2001:db8::/32",
    "2001:db8:9::/48",
    "2001:db8:1:1::/64",
    "2001:db8:1:1::8000/113",
    "fd00::/8",
  ),
);

const metric = maybe(fc.constantFrom(0, 1, 50, 100, 150, 200, 256, 1024, 4_294_967_295));

/** A next hop that is a neighbour of one of the NIC's own addresses, or an IPv6 link-local one. */
function hop(hosts: readonly Host[]): fc.Arbitrary<string> {
  const near = fc
    .tuple(fc.constantFrom(...hosts), fc.constantFrom(1, 1, 2, 3, 0x80))
    .map(([own, bits]) => neighbour(own, bits));
  return fc.oneof(
    { arbitrary: near, weight: 6 },
    { arbitrary: fc.constantFrom("fe80::1", "fe80::2"), weight: 1 },
  );
}

function routesBy(hops: fc.Arbitrary<string>): fc.Arbitrary<readonly RouteConfig[]> {
  const route = fc
    .record({ destination, gateway: hops, metric })
    .filter((fields) => fields.destination.includes(":") === fields.gateway.includes(":"))
    .map((fields) => given<RouteConfig>(fields));
  return fc.array(route, { maxLength: 4 });
}

type Addressing = Pick<NetworkConfig, "ipConfig" | "routes" | "type">;
const defaultRoute = maybe(fc.constantFrom<"auto" | "never">("auto", "never"), 1);

const fixed: fc.Arbitrary<Addressing> = fc.array(host, { minLength: 1, maxLength: 3 }).chain((hosts) =>
  fc
    .record({
      addresses: fc.tuple(
        ...hosts.map((own) => prefix(own).map((length) => `${neighbour(own, 0)}/${length}`)),
      ),
      gateway: maybe(hop(hosts)),
      defaultRoute,
      routes: routesBy(hop(hosts)),
    })
    .map(({ routes, ...ipConfig }) => ({ ipConfig: given<IpConfig>(ipConfig), routes })),
);

const dhcp = (index: number): fc.Arbitrary<Addressing> =>
  fc
    .record({
      defaultRoute,
      routes: routesBy(fc.constantFrom(`${leaseSubnet(index)}.253`, "fe80::1")),
    })
    .map(({ routes, ...ipConfig }) => ({ ipConfig: given<IpConfig>({ mode: "dhcp", ...ipConfig }), routes }));

function network(index: number, isPod: boolean): fc.Arbitrary<NetworkConfig> {
  const addressing: fc.Arbitrary<Addressing> = isPod
    ? fc.constant({ type: "pod" as const })
    : fc.oneof({ arbitrary: fixed, weight: 4 }, { arbitrary: dhcp(index), weight: 1 });
  return fc
    .record({
      addressing,
      primary: maybe(fc.constant(index === 1), 1),
      priority: maybe(fc.integer({ min: -5, max: 5 }), 1),
      mtu: isPod ? fc.constant(undefined) : maybe(fc.constantFrom(1000, 1280, 1500, 9000), 1),
      linkState: fc.constantFrom(undefined, undefined, undefined, undefined, "up" as const, "down" as const),
    })
    .map(({ addressing: addressed, ...fields }) =>
      given<NetworkConfig>({ name: `nic${index}`, ...fields, ...addressed }),
    );
}

/** 1 to 5 NICs, in a third of the cases with source-based rules. */
export const arbitraryRouting: fc.Arbitrary<VmSpec> = fc
  .record({
    count: fc.integer({ min: 1, max: 5 }),
    pod: fc.integer({ min: 0, max: 12 }),
    policy: fc.constantFrom(true, false, false),
  })
  .chain(({ count, pod, policy }) =>
    fc
      .tuple(...Array.from({ length: count }, (_, index) => network(index, index === pod)))
      .map((networks) => ({
        namespace: "shop",
        name: "web",
        ...(policy ? { guest: { renderer: "netplan" as const }, routing: "policy" as const } : {}),
        networks,
      })),
  );
