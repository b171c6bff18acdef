// Generated specs: mostly sensible, now and then wrong in one way, over every type of NIC and every field.
import * as fc from "fast-check";
import type { Labels } from "../../src/domain/labels.ts";
import type { IpConfig, NetworkConfig, RouteConfig, UserDataSpec, VmSpec } from "../../src/domain/spec.ts";

const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined, freq: 3 });

/** Mostly the sensible one. */
const mostly = <T>(good: fc.Arbitrary<T>, bad: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.oneof({ arbitrary: good, weight: 99 }, { arbitrary: bad, weight: 1 });

/** Without fields that are undefined, as a document would have it. */
function given<T extends object>(fields: { readonly [Key in keyof T]: T[Key] | undefined }): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}

const byte = fc.integer({ min: 1, max: 250 });

/** An address in a separate subnet for each NIC, with a gateway and next hops inside. */
function ipConfig(index: number): fc.Arbitrary<IpConfig> {
  const subnet = `10.${index}.7`;
  const dhcp = fc
    .record({
      defaultRoute: maybe(fc.constantFrom("auto", "never")),
      dnsServers: maybe(fc.constant(["192.0.2.53"])),
    })
    .map((fields) => given<IpConfig>({ mode: "dhcp", ...fields }));
  const fixed = fc
    .record({
      mode: maybe(fc.constant("static" as const)),
      host: byte,
      prefix: mostly(fc.integer({ min: 8, max: 30 }), fc.constantFrom(0, 31, 32, 33)),
      gateway: maybe(
        mostly(fc.constant(`${subnet}.254`), fc.constantFrom("192.0.2.1", "nonsense", "2001:db8::1")),
      ),
      ipv6: fc.boolean(),
      defaultRoute: maybe(fc.constantFrom("auto", "never")),
      searchDomains: maybe(fc.constantFrom(["example.org"], ["a.b", "c"])),
      dnsServers: maybe(fc.constantFrom(["192.0.2.53"], ["2001:db8::53", "192.0.2.54"])),
    })
    .map(({ host, prefix, ipv6, ...fields }) =>
      given<IpConfig>({
        ...fields,
        address: `${subnet}.${host}/${prefix}`,
        addresses: ipv6 ? [`2001:db8:${index}::${host.toString(16)}/64`] : undefined,
      }),
    );
  return fc.oneof(dhcp, fixed);
}

function routes(index: number): fc.Arbitrary<readonly RouteConfig[]> {
  const route = fc
    .record({
      third: byte,
      gateway: mostly(fc.constant(`10.${index}.7.253`), fc.constantFrom("203.0.113.1", "")),
      metric: maybe(mostly(fc.integer({ min: 0, max: 5_000 }), fc.constantFrom(-1, 2 ** 32))),
      hostBits: mostly(fc.constant(false), fc.constant(true)),
    })
    .map(({ third, gateway, metric, hostBits }) =>
      given<RouteConfig>({ destination: `198.51.${third}.${hostBits ? 1 : 0}/24`, gateway, metric }),
    );
  return fc.array(route, { maxLength: 3 });
}

function network(index: number): fc.Arbitrary<NetworkConfig> {
  return fc
    .record({
      name: mostly(fc.constant(`eth${index}`), fc.constantFrom("eth0", "", "Eth", "a".repeat(16))),
      type: maybe(fc.constantFrom("bridge", "macvlan", "sriov", "ovs", "pod")),
      nadName: maybe(mostly(fc.constantFrom("net-a", "net-b"), fc.constantFrom("a/b/c", "other/net"))),
      vlanId: maybe(mostly(fc.integer({ min: 0, max: 4094 }), fc.constantFrom(-1, 4095))),
      ipConfig: maybe(ipConfig(index)),
      primary: maybe(fc.constant(index === 1)),
      priority: maybe(fc.integer({ min: -5, max: 5 })),
      mtu: maybe(mostly(fc.integer({ min: 1280, max: 9000 }), fc.constantFrom(0, 575, 9001, 70_000))),
      routes: maybe(routes(index)),
      physicalNetwork: mostly(fc.constant(undefined), fc.constantFrom("brigde", "ovs", "none")),
      macAddress: maybe(
        mostly(
          fc.constant(`02:00:5E:10:00:${index.toString(16).padStart(2, "0")}`),
          fc.constantFrom("02-00-5e-10-00-99", "0200.5e10.0088", "02005e100077", "03:00:00:00:00:01", "x"),
        ),
      ),
      linkState: maybe(fc.constantFrom("up", "down")),
      fits: mostly(fc.constant(true), fc.constant(false)),
    })
    .map(({ fits, ...fields }) => given<NetworkConfig>(fits ? fitting(fields) : fields));
}

type Fields = { readonly [Key in keyof NetworkConfig]: NetworkConfig[Key] | undefined };

/** Without what the type does not take. */
function fitting(fields: Fields): Fields {
  if (fields.type === "sriov") return { ...fields, linkState: undefined, mtu: undefined };
  if (fields.type !== "pod") return fields;
  const none = {
    nadName: undefined,
    vlanId: undefined,
    mtu: undefined,
    ipConfig: undefined,
    routes: undefined,
  };
  return { ...fields, ...none };
}

export const arbitrarySpec: fc.Arbitrary<VmSpec> = fc
  .record({
    namespace: fc.constant("shop"),
    name: mostly(
      fc.stringMatching(/^[a-z][a-z0-9-]{0,20}[a-z0-9]$/),
      fc.constantFrom("Web", "a.b", "a".repeat(64)),
    ),
    cpu: maybe(mostly(fc.integer({ min: 1, max: 16 }), fc.constantFrom(0, -1, 1.5))),
    memory: maybe(
      mostly(fc.constantFrom("1Gi", "512Mi", "2G", "1.5Gi"), fc.constantFrom("lots", "0", "4GiB")),
    ),
    bootDisk: maybe(
      fc.constantFrom(
        { containerImage: "guest:1" },
        { persistentVolumeClaim: "root" },
        { name: "sys", dataVolume: "dv" },
      ),
    ),
    disks: maybe(
      fc.constantFrom([], [{ dataVolume: "data" }], [{ name: "rootdisk", containerImage: "twice:1" }]),
    ),
    userData: maybe(
      mostly(
        fc.constantFrom<UserDataSpec[]>(
          { text: "#cloud-config\n" },
          { secretName: "theirs" },
          { text: "#!/bin/sh\ncp x /etc/netplan/y.yaml\n" },
        ),
        fc.constantFrom<UserDataSpec[]>(
          { text: "users: []\n" },
          { text: "#cloud-config\n[\n" },
          { secretName: "Theirs" },
        ),
      ),
    ),
    runStrategy: maybe(fc.constantFrom("Always", "Halted", "Manual", "RerunOnFailure", "Once")),
    labels: maybe(
      mostly(
        fc.constantFrom<Labels[]>({}, { app: "web" }, { "example.org/team": "a.b", canary: "" }),
        fc.constantFrom<Labels[]>({ "my app": "web" }, { "kubevirt.io/vm": "x" }, { app: "a/b" }),
      ),
    ),
    networks: fc
      .integer({ min: 0, max: 40 })
      .map((number) => Math.ceil(number / 10))
      .chain((count) => fc.tuple(...Array.from({ length: count }, (_, index) => network(index)))),
  })
  .map((fields) => given<VmSpec>(fields as VmSpec));
