// Requests that are as large as the service accepts, each of a shape that some check has to work hard for.
import {
  create,
  type DescMessage,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import {
  GuestConfig,
  GuestRenderer,
  RoutingMode,
  type VirtualMachineSchema,
} from "../../gen/multinic/v1/virtual_machine_pb.ts";
import {
  DefaultRoute,
  type IpConfigSchema,
  IpMode,
  LinkState,
  type NetworkConfigSchema,
  NetworkType,
  type RouteConfigSchema,
} from "../../gen/multinic/v1/network_pb.ts";
import { ValidateNetworksRequestSchema } from "../../gen/multinic/v1/network_service_pb.ts";

/** The fields of a message that are set. */
type Fields<Desc extends DescMessage> = Exclude<MessageInitShape<Desc>, MessageShape<Desc>>;
type Request = Fields<typeof ValidateNetworksRequestSchema>;
type Vm = Fields<typeof VirtualMachineSchema>;
type Network = Fields<typeof NetworkConfigSchema>;
type IpConfig = Fields<typeof IpConfigSchema>;
type Route = Fields<typeof RouteConfigSchema>;

/** A request that grows with a number: of addresses, routes, keys, letters. */
export interface Shape {
  readonly name: string;
  readonly build: (count: number) => Request;
  /** The largest number that the service checks in full; beyond it there is a limit. */
  readonly most?: number;
}

/** The largest message that the service reads. */
export const largestMessage = 256 * 1024;

const list = <T>(count: number, item: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => item(index));

const vm = (fields: Vm): Request => ({
  virtualMachine: {
    namespace: "shop",
    name: "web",
    networks: [{ name: "eth0", type: NetworkType.BRIDGE }],
    ...fields,
  },
});
const nics = (networks: Network[], fields: Vm = {}): Request => vm({ ...fields, networks });
const nic = (fields: Network, index = 0): Network => ({
  name: `eth${index}`,
  type: NetworkType.BRIDGE,
  ...fields,
});

/** The same NIC on 31 networks, which is what a VM can have, with `count` items shared out among them. */
const spread = (
  count: number,
  of: (from: number, to: number, index: number) => Network,
  fields: Vm = {},
): Request =>
  nics(
    list(31, (index) => {
      const from = Math.floor((count * index) / 31);
      return nic({ vlanId: index + 1, ...of(from, Math.floor((count * (index + 1)) / 31), index) }, index);
    }),
    fields,
  );
const range = <T>(from: number, to: number, item: (index: number) => T): T[] =>
  list(to - from, (index) => item(from + index));

/** Distinct addresses, `step` apart, from 10.0.0.0 on. */
const v4 = (index: number, step = 1): string => {
  const value = (0x0a00_0000 + index * step) >>> 0;
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join(".");
};
const v6 = (index: number): string =>
  `2001:db8:${(index >> 16).toString(16)}:${(index & 0xffff).toString(16)}::`;

const staticNic = (ipConfig: IpConfig): Network => ({ ipConfig: { mode: IpMode.STATIC, ...ipConfig } });
const addresses =
  (address: (index: number) => string) =>
  (count: number): Request =>
    nics([nic(staticNic({ addresses: list(count, address) }))]);
const routes =
  (route: (index: number) => Route, ipConfig: IpConfig = { address: "10.0.0.1/8" }) =>
  (count: number): Request =>
    nics([nic({ ...staticNic(ipConfig), routes: list(count, route) })]);
const policy: Vm = { routing: RoutingMode.POLICY, guest: { renderer: GuestRenderer.NETPLAN } };
const letters = (count: number): string => "x".repeat(count);
const userData =
  (text: (count: number) => string) =>
  (count: number): Request =>
    vm({ userData: { source: { case: "text", value: `#cloud-config\n${text(count)}` } } });
const lines = (count: number, line: (index: number) => string): string => list(count, line).join("\n");

export const shapes: readonly Shape[] = (
  [
    // NICs
    ["NICs without any field", (n) => nics(list(n, () => ({})))],
    ["NICs of an unknown type", (n) => nics(list(n, () => ({ type: 99 as NetworkType })))],
    [
      "NICs with the same name and MAC address",
      (n) => nics(list(n, () => nic({ macAddress: "02:00:5e:00:00:01" }))),
    ],
    [
      "NICs with two enums and an MTU that are unknown",
      (n) =>
        nics(
          list(n, () => ({
            type: 98 as NetworkType,
            linkState: 77 as LinkState,
            mtu: 1,
            ipConfig: { mode: 66 as IpMode },
          })),
        ),
    ],
    ["NICs on NADs of other namespaces", (n) => nics(list(n, (i) => nic({ nadName: `n${i}/x` }, i)))],
    [
      "NICs with a field that is unknown",
      (n) =>
        nics(
          list(
            n,
            () => ({ $unknown: [{ no: 99, wireType: 0, data: new Uint8Array([1]) }] }) as unknown as Network,
          ),
        ),
    ],
    // addresses
    ["addresses in one subnet", addresses((i) => `${v4(i + 1)}/8`)],
    ["addresses in subnets of their own", addresses((i) => `${v4(i, 4)}/30`)],
    ["addresses in IPv6 subnets of their own", addresses((i) => `${v6(i)}1/64`)],
    ["addresses of every prefix length", addresses((i) => `${v4(i, 7)}/${(i % 31) + 1}`)],
    ["one address many times", addresses(() => "10.0.0.1/8")],
    ["addresses that are none", addresses(() => "")],
    ["addresses that are the network's", addresses((i) => `${v4(i, 4)}/30`)],
    [
      "addresses of many NICs",
      (n) => spread(n, (a, b) => staticNic({ addresses: range(a, b, (i) => `${v4(i, 4)}/30`) })),
    ],
    [
      "addresses of many NICs that all overlap",
      (n) => spread(n, (a, b) => staticNic({ addresses: range(a, b, (i) => `${v4(i)}/8`) })),
    ],
    [
      "addresses of many NICs in IPv6",
      (n) => spread(n, (a, b) => staticNic({ addresses: range(a, b, (i) => `${v6(i)}1/${(i % 60) + 64}`) })),
    ],
    [
      "addresses with rules",
      (n) =>
        nics([nic(staticNic({ addresses: list(n, (i) => `${v4(i, 4)}/30`), gateway: "10.0.0.2" }))], policy),
    ],
    [
      "addresses with rules on many NICs",
      (n) =>
        spread(
          n,
          (a, b) => staticNic({ addresses: range(a, b, (i) => `${v4(i, 4)}/30`), gateway: v4(a * 4 + 1) }),
          policy,
        ),
    ],
    [
      "addresses with rules in IPv6",
      (n) =>
        nics([nic(staticNic({ addresses: list(n, (i) => `${v6(i)}1/64`), gateway: "2001:db8::2" }))], policy),
    ],
    [
      "addresses for NMState",
      (n) =>
        spread(n, (a, b) => staticNic({ addresses: range(a, b, (i) => `${v4(i, 4)}/30`) }), {
          guestConfig: GuestConfig.NMSTATE,
        }),
    ],
    // routes
    ["routes", routes((i) => ({ destination: `${v4(i << 8)}/24`, gateway: "10.0.0.2" }))],
    [
      "routes of the shortest text",
      routes((i) => ({ destination: `${i % 250}.0.0.0/8`, gateway: "10.0.0.2" })),
    ],
    ["routes that are equal", routes(() => ({ destination: "192.0.2.0/24", gateway: "10.0.0.2" }))],
    [
      "routes without a subnet for the next hop",
      routes((i) => ({ destination: `${v4(i << 8)}/24`, gateway: "192.0.2.1" })),
    ],
    [
      "routes to a next hop that is the NIC",
      routes((i) => ({ destination: `${v4(i << 8)}/24`, gateway: "10.0.0.1" })),
    ],
    ["routes with host bits", routes((i) => ({ destination: `${v4(i)}/8`, gateway: "10.0.0.2" }))],
    ["routes that are none", routes(() => ({}))],
    ["default routes", routes((i) => ({ destination: "0.0.0.0/0", gateway: "10.0.0.2", metric: i }))],
    [
      "default routes of one metric",
      routes(() => ({ destination: "0.0.0.0/0", gateway: "10.0.0.2", metric: 7 })),
    ],
    [
      "routes in IPv6 over each other",
      routes((i) => ({ destination: `2001:db8::/${(i % 60) + 64}`, gateway: "2001:db8::2", metric: i }), {
        address: "2001:db8::1/64",
      }),
    ],
    [
      "routes in IPv6",
      routes((i) => ({ destination: `${v6(i)}/64`, gateway: "2001:db8::2" }), { address: "2001:db8::1/32" }),
    ],
    [
      "routes of many NICs",
      (n) =>
        spread(n, (a, b, at) => ({
          ...staticNic({ address: `${v4((at << 16) + 1)}/16` }),
          routes: range(a, b, (i) => ({ destination: `${v4(i << 8)}/24`, gateway: v4((at << 16) + 2) })),
        })),
    ],
    [
      "the same routes on many NICs",
      (n) =>
        spread(n, (a, b, at) => ({
          ...staticNic({ address: `${v4((at << 16) + 1)}/16` }),
          routes: range(a, b, (i) => ({
            destination: `${v4((i - a) << 8)}/24`,
            gateway: v4((at << 16) + 2),
            metric: at,
          })),
        })),
    ],
    [
      "routes with rules on many NICs",
      (n) =>
        spread(
          n,
          (a, b, at) => ({
            ...staticNic({ address: `${v4((at << 16) + 1)}/16` }),
            routes: range(a, b, (i) => ({ destination: `${v4(i << 8)}/24`, gateway: v4((at << 16) + 2) })),
          }),
          policy,
        ),
    ],
    [
      "routes and addresses",
      (n) =>
        nics([
          nic({
            ...staticNic({ addresses: list(n, (i) => `${v4(i, 4)}/30`) }),
            routes: list(n, (i) => ({ destination: `${v4(i << 8)}/24`, gateway: v4(4 * i + 2) })),
          }),
        ]),
    ],
    [
      "routes and addresses that do not fit",
      (n) =>
        nics([
          nic({
            ...staticNic({ addresses: list(n, (i) => `${v4(i, 4)}/30`) }),
            routes: list(n, (i) => ({ destination: `${v4(i, 4)}/30`, gateway: "192.0.2.1" })),
          }),
        ]),
    ],
    [
      "routes and addresses in IPv6",
      (n) =>
        nics([
          nic({
            ...staticNic({ addresses: list(n, (i) => `${v6(i)}1/64`) }),
            routes: list(n, (i) => ({ destination: `${v6(i)}/64`, gateway: `${v6(i)}2` })),
          }),
        ]),
    ],
    [
      "routes on a NIC with a long name",
      (n) =>
        nics([
          nic({
            ...staticNic({ address: "10.0.0.1/8" }),
            name: letters(100_000),
            routes: list(n, (i) => ({ destination: `${v4(i << 8)}/24`, gateway: "192.0.2.1" })),
          }),
        ]),
    ],
    [
      "routes to look up",
      (n) => ({
        ...routes((i) => ({ destination: `${v4(i << 8)}/24`, gateway: "10.0.0.2" }))(n),
        routeTo: list(100, (i) => v4(i << 8)),
      }),
    ],
    [
      "routes and rules to look up",
      (n) => ({
        ...spread(
          n,
          (a, b) => staticNic({ addresses: range(a, b, (i) => `${v4(i, 4)}/30`), gateway: v4(a * 4 + 1) }),
          policy,
        ),
        routeTo: list(100, (i) => v4(i << 12)),
        routeFrom: "10.0.0.1",
      }),
    ],
    [
      "routes and addresses in IPv6 to look up",
      (n) => ({
        ...nics([
          nic({
            ...staticNic({ addresses: list(n, (i) => `${v6(i)}1/64`) }),
            routes: list(n, (i) => ({ destination: `${v6(i)}/64`, gateway: `${v6(i)}2` })),
          }),
        ]),
        routeTo: list(100, (i) => `2001:db9::${i}`),
      }),
    ],
    // the rest of a NIC
    ["DNS servers", (n) => nics([nic({ ipConfig: { dnsServers: list(n, (i) => v4(i)) } })])],
    ["DNS servers that are none", (n) => nics([nic({ ipConfig: { dnsServers: list(n, () => "") } })])],
    [
      "DNS servers for a renderer that drops them",
      (n) =>
        nics([nic({ ipConfig: { dnsServers: list(n, (i) => v6(i)) } })], {
          guest: { renderer: GuestRenderer.NETWORK_MANAGER },
        }),
    ],
    [
      "search domains",
      (n) => nics([nic({ ipConfig: { dnsServers: ["10.0.0.1"], searchDomains: list(n, (i) => `d${i}`) } })]),
    ],
    ["search domains that are none", (n) => nics([nic({ ipConfig: { searchDomains: list(n, () => "") } })])],
    ["a search domain of many labels", (n) => nics([nic({ ipConfig: { searchDomains: ["a.".repeat(n)] } })])],
    // the machine
    ["disks", (n) => vm({ disks: list(n, (i) => ({ source: { case: "containerImage", value: `i${i}` } })) })],
    ["disks without a source", (n) => vm({ disks: list(n, () => ({})) })],
    [
      "disks of one name",
      (n) => vm({ disks: list(n, () => ({ name: "d", source: { case: "dataVolume", value: "d" } })) }),
    ],
    [
      "disks with names that are none",
      (n) => vm({ disks: list(n, () => ({ name: "D", source: { case: "dataVolume", value: "D" } })) }),
    ],
    // text
    ["a long name of a NIC", (n) => nics([nic({ name: letters(n) })])],
    ["a long name of a NIC of hyphens", (n) => nics([nic({ name: "-".repeat(n) })])],
    ["a long name of a VM", (n) => vm({ name: letters(n) })],
    ["a long namespace", (n) => vm({ namespace: letters(n) })],
    ["a long amount of memory", (n) => vm({ memory: "1".repeat(n) })],
    ["a long MAC address", (n) => nics([nic({ macAddress: "00:".repeat(n) })])],
    ["a long name of a NAD", (n) => nics([nic({ nadName: "a-".repeat(n) })])],
    ["a long name of a physical network", (n) => nics([nic({ physicalNetwork: letters(n) })])],
    ["a long address", (n) => nics([nic(staticNic({ address: "1:".repeat(n) }))])],
    ["a long address of zeros", (n) => nics([nic(staticNic({ address: `${"0".repeat(n)}::1/64` }))])],
    [
      "a long destination",
      (n) =>
        nics([
          nic({
            ...staticNic({ address: "10.0.0.1/8" }),
            routes: [{ destination: `::${"0".repeat(n)}`, gateway: "10.0.0.2" }],
          }),
        ]),
    ],
    [
      "a long name of an image",
      (n) => vm({ bootDisk: { source: { case: "containerImage", value: "win".repeat(n) } } }),
    ],
    [
      "a long name of a PVC",
      (n) => vm({ bootDisk: { source: { case: "persistentVolumeClaim", value: "a-.".repeat(n) } } }),
    ],
    [
      "a long name of a Secret",
      (n) => vm({ userData: { source: { case: "secretName", value: "a-".repeat(n) } } }),
    ],
    [
      "long texts on every NIC",
      (n) =>
        nics(
          list(31, (i) =>
            nic(
              { name: letters(n), nadName: letters(n), macAddress: letters(n), physicalNetwork: letters(n) },
              i,
            ),
          ),
        ),
    ],
    ["addresses to ask about", (n) => ({ ...vm({}), routeTo: list(n, () => "") })],
    [
      "a defaultRoute that is unknown on many NICs",
      (n) => nics(list(n, () => ({ ipConfig: { defaultRoute: 55 as DefaultRoute } }))),
    ],
    // user-data
    ["user-data of keys", userData((n) => lines(n, (i) => `k${i}: 1`))],
    ["user-data of keys of one letter", userData((n) => lines(n, (i) => `${i.toString(36)}:`))],
    ["user-data of one key many times", userData((n) => lines(n, () => "a: 1"))],
    ["user-data of keys on one line", userData((n) => `{${list(n, (i) => `k${i}: 1`).join(", ")}}`)],
    ["user-data of list items", userData((n) => `a:\n${lines(n, () => "- 1")}`)],
    ["user-data of anchors", userData((n) => `a:\n${lines(n, (i) => `- &a${i} 1`)}`)],
    ["user-data of anchors and aliases", userData((n) => `a:\n${lines(n, (i) => `- &a${i} 1\n- *a${i}`)}`)],
    ["user-data of aliases", userData((n) => `b: &b 1\na:\n${lines(n, () => "- *b")}`)],
    [
      "user-data of aliases of aliases",
      userData((n) => lines(n, (i) => `k${i}: &k${i} [${i === 0 ? "1" : `*k${i - 1}, *k${i - 1}`}]`)),
    ],
    ["user-data of merge keys", userData((n) => `a: &a {b: 1}\n${lines(n, (i) => `k${i}: {<<: *a}`)}`)],
    ["user-data of brackets", userData((n) => `a: ${"[".repeat(n)}`)],
    ["user-data of nested lists", userData((n) => `a:\n${"- ".repeat(n)}`)],
    ["user-data of nested mappings", userData((n) => lines(Math.min(n, 700), (i) => `${" ".repeat(i)}a:`))],
    ["user-data of question marks", userData((n) => "? ".repeat(n))],
    ["user-data of a long text", userData((n) => `a: ${letters(n)}`)],
    ["user-data of a long quoted text", userData((n) => `a: "${"\\n".repeat(n)}"`)],
    ["user-data of lines of a text", userData((n) => `a: |\n${lines(n, () => " x")}`)],
    ["user-data of lines of a folded text", userData((n) => `a: >\n${lines(n, () => " x")}`)],
    ["user-data of a plain text on lines", userData((n) => `a: x\n${lines(n, () => " x")}`)],
    ["user-data of comments", userData((n) => lines(n, () => "#"))],
    ["user-data of tags", userData((n) => `a:\n${lines(n, (i) => `- !t${i} 1`)}`)],
    ["user-data of errors", userData((n) => lines(n, () => "a: b: c"))],
    ["user-data of tabs", userData((n) => lines(n, () => "\ta"))],
    ["user-data of documents", userData((n) => lines(n, () => "---"))],
    ["user-data of numbers", userData((n) => `a:\n${lines(n, () => "- 0.1e9")}`)],
    ["user-data of digits", userData((n) => `a: ${"1".repeat(n)}`)],
    ["user-data of quotes", userData((n) => `a: ${"'".repeat(n)}`)],
    ["user-data of spaces", userData((n) => `a:${" ".repeat(n)}b`)],
    ["user-data of directives", userData((n) => lines(n, () => "%TAG ! x"))],
    ["user-data of network paths", userData((n) => "/etc/netplan".repeat(n))],
    ["user-data of half a network path", userData((n) => "/etc/network/".repeat(n))],
    [
      "user-data for NMState",
      (n) =>
        vm({
          guestConfig: GuestConfig.NMSTATE,
          userData: { source: { case: "text", value: `#cloud-config\n${lines(n, (i) => `k${i}: 1`)}` } },
        }),
    ],
  ] satisfies (readonly [string, (count: number) => Request])[]
).map(([name, build]) => ({ name, build }));

const builderOf = (wanted: string): Shape["build"] => {
  const found = shapes.find(({ name }) => name === wanted);
  if (found === undefined) throw new Error(`there is no shape ${wanted}`);
  return found.build;
};

/** The same with as many as are checked in full. */
export const shapesAtLimits: readonly Shape[] = (
  [
    ["addresses of many NICs", 1_024],
    ["addresses of many NICs that all overlap", 1_024],
    ["addresses in IPv6 subnets of their own", 1_024],
    ["addresses for NMState", 1_024],
    ["addresses with rules", 63],
    ["addresses with rules on many NICs", 340],
    ["routes", 1_024],
    ["default routes", 1_024],
    ["default routes of one metric", 1_024],
    ["routes in IPv6", 1_024],
    ["routes in IPv6 over each other", 1_024],
    ["routes with rules on many NICs", 1_024],
    ["the same routes on many NICs", 1_024],
    ["routes and addresses", 1_024],
    ["routes and addresses that do not fit", 1_024],
    ["routes and addresses in IPv6 to look up", 1_024],
    ["search domains", 256],
    ["user-data of keys", 2_850],
    ["user-data of aliases", 4_990],
    ["user-data of tags", 2_850],
    ["user-data of errors", 1_800],
    ["user-data of comments", 9_900],
  ] as const
).map(([name, most]) => ({ name: `${name}, at the limit`, build: builderOf(name), most }));

const encode = (request: Request): Uint8Array =>
  toBinary(ValidateNetworksRequestSchema, create(ValidateNetworksRequestSchema, request));

/** The request of that shape with the largest number that fits into `bytes`; 0 objects included. */
export function encodeWithin(
  { build, most = Infinity }: Shape,
  bytes: number,
): { readonly count: number; readonly message: Uint8Array } {
  let [fits, tooMany] = [0, 2];
  const sized = (count: number): Uint8Array => encode({ ...build(count), includeObjects: true });
  if (most < bytes && sized(most).length <= bytes) return { count: most, message: sized(most) };
  while (sized(tooMany).length <= bytes && tooMany < bytes) [fits, tooMany] = [tooMany, tooMany * 2];
  while (tooMany - fits > Math.max(1, fits >> 6)) {
    const middle = (fits + tooMany) >> 1;
    if (sized(middle).length <= bytes) fits = middle;
    else tooMany = middle;
  }
  return { count: fits, message: sized(fits) };
}
