// Every code of the table: a case that produces it at the right field, and its fix, where it has one, removes it.
import { describe, it } from "vitest";
import type { Facts } from "../../src/domain/facts.ts";
import { type FindingCode, findingTable } from "../../src/domain/findings.ts";
import { applyFix } from "../../src/domain/fix.ts";
import type { NetworkConfig, VmSpec } from "../../src/domain/spec.ts";
import { dhcpNic, findingsOf, nad, nads, staticNic, vmSpec } from "./specs.ts";

interface Case {
  readonly code: FindingCode;
  readonly when: string;
  readonly spec: VmSpec;
  readonly field: string;
  readonly facts?: Partial<Facts>;
  /** Cannot be mended by a change of the input. */
  readonly unfixable?: true;
}

const nic = (change: Partial<NetworkConfig>): VmSpec => vmSpec([{ ...staticNic, ...change }]);
const two = (first: Partial<NetworkConfig>, second: Partial<NetworkConfig>): VmSpec =>
  vmSpec([
    { ...staticNic, ...first },
    { name: "eth1", ipConfig: { mode: "static", address: "198.51.100.10/24" }, ...second },
  ]);
const ip = (change: NonNullable<NetworkConfig["ipConfig"]>): VmSpec =>
  nic({ ipConfig: { mode: "static", address: "192.0.2.10/24", ...change } });
const route = (destination: string, gateway = "192.0.2.1", metric?: number): VmSpec =>
  nic({ routes: [{ destination, gateway, ...(metric === undefined ? {} : { metric }) }] });

const cases: readonly Case[] = [
  // the machine
  {
    code: "VM_NAME_INVALID",
    when: "the name has capitals",
    spec: vmSpec([dhcpNic], { name: "Web" }),
    field: "name",
  },
  {
    code: "VM_NAME_INVALID",
    when: "the name has 64 characters",
    spec: vmSpec([dhcpNic], { name: "a".repeat(64) }),
    field: "name",
  },
  {
    code: "NAMESPACE_INVALID",
    when: "the namespace has a dot",
    spec: vmSpec([dhcpNic], { namespace: "a.b" }),
    field: "namespace",
  },
  {
    code: "NAMESPACE_NOT_FOUND",
    when: "there is no such namespace",
    spec: vmSpec([dhcpNic]),
    facts: { namespaceExists: false },
    field: "namespace",
  },
  { code: "CPU_INVALID", when: "there are no CPUs", spec: vmSpec([dhcpNic], { cpu: 0 }), field: "cpu" },
  {
    code: "MEMORY_INVALID",
    when: "memory is no quantity",
    spec: vmSpec([dhcpNic], { memory: "4 gigs" }),
    field: "memory",
  },
  {
    code: "MEMORY_INVALID",
    when: "memory is a few bytes",
    spec: vmSpec([dhcpNic], { memory: "4" }),
    field: "memory",
  },
  {
    code: "DISK_SOURCE_INVALID",
    when: "a disk has two sources",
    spec: vmSpec([dhcpNic], { bootDisk: { containerImage: "a", dataVolume: "b" } }),
    field: "bootDisk",
  },
  {
    code: "DISK_SOURCE_INVALID",
    when: "a further disk has no source",
    spec: vmSpec([dhcpNic], { disks: [{}] }),
    field: "disks[0]",
  },
  {
    code: "DISK_NAME_INVALID",
    when: "two disks share a name",
    spec: vmSpec([dhcpNic], { disks: [{ name: "rootdisk", dataVolume: "b" }] }),
    field: "disks[0].name",
  },
  {
    code: "DISK_NAME_INVALID",
    when: "the boot disk is called like the cloud-init disk",
    spec: vmSpec([dhcpNic], { bootDisk: { name: "cloudinitdisk", dataVolume: "b" } }),
    field: "bootDisk.name",
  },
  {
    code: "USER_DATA_SOURCE_INVALID",
    when: "user-data has two sources",
    spec: vmSpec([dhcpNic], { userData: { text: "#cloud-config", secretName: "s" } }),
    field: "userData",
  },
  {
    code: "USER_DATA_KEEPS_FIRST_NETWORK",
    when: "user-data lacks the update policy",
    spec: vmSpec([dhcpNic], { userData: { text: "#cloud-config\nusers: []\n" } }),
    field: "userData.text",
  },
  {
    code: "USER_DATA_KEEPS_FIRST_NETWORK",
    when: "user-data is a script",
    spec: vmSpec([dhcpNic], { userData: { text: "#!/bin/sh\n" } }),
    field: "userData.text",
  },
  {
    code: "USER_DATA_UNREAD",
    when: "user-data is in a Secret",
    spec: vmSpec([dhcpNic], { userData: { secretName: "s" } }),
    field: "userData.secretName",
  },
  {
    code: "NAME_TAKEN",
    when: "somebody else's Secret has the name",
    spec: vmSpec([dhcpNic]),
    facts: { secret: { owned: false } },
    field: "name",
  },
  { code: "NETWORKS_EMPTY", when: "there are no networks", spec: vmSpec([]), field: "networks" },
  {
    code: "LIMIT_EXCEEDED",
    when: "there are 40 NICs",
    spec: vmSpec(Array.from({ length: 40 }, (_, index) => ({ name: `eth${index}` }))),
    field: "networks",
  },
  // the NIC
  {
    code: "NIC_NAME_INVALID",
    when: "the name has 16 characters",
    spec: nic({ name: "a".repeat(16) }),
    field: "networks[0].name",
  },
  { code: "NIC_NAME_INVALID", when: "the name is empty", spec: nic({ name: "" }), field: "networks[0].name" },
  {
    code: "NIC_NAME_DUPLICATE",
    when: "two NICs share a name",
    spec: two({}, { name: "eth0" }),
    field: "networks[1].name",
  },
  {
    code: "PRIMARY_AMBIGUOUS",
    when: "two NICs are primary",
    spec: two({ primary: true }, { primary: true }),
    field: "networks[1].primary",
  },
  {
    code: "LINK_STATE_UNSUPPORTED",
    when: "an SR-IOV NIC is to be down",
    spec: nic({ type: "sriov", linkState: "down" }),
    field: "networks[0].linkState",
  },
  {
    code: "POD_NETWORK_DUPLICATE",
    when: "two NICs are on the pod network",
    spec: vmSpec([
      { name: "eth0", type: "pod" },
      { name: "eth1", type: "pod" },
    ]),
    field: "networks[1].type",
    unfixable: true,
  },
  {
    code: "POD_FIELD_UNSUPPORTED",
    when: "the pod NIC has a VLAN",
    spec: vmSpec([{ name: "eth0", type: "pod", vlanId: 5 }]),
    field: "networks[0].vlanId",
  },
  // MAC
  {
    code: "MAC_INVALID",
    when: "the MAC has five parts",
    spec: nic({ macAddress: "02:00:5e:10:00" }),
    field: "networks[0].macAddress",
  },
  {
    code: "MAC_MULTICAST",
    when: "the group bit is set",
    spec: nic({ macAddress: "03:00:5e:10:00:01" }),
    field: "networks[0].macAddress",
  },
  {
    code: "MAC_RESERVED",
    when: "the MAC is all zeros",
    spec: nic({ macAddress: "00:00:00:00:00:00" }),
    field: "networks[0].macAddress",
  },
  {
    code: "MAC_RESERVED",
    when: "the pod NIC has the in-pod bridge's MAC",
    spec: vmSpec([{ name: "eth0", type: "pod", macAddress: "02:00:00:00:00:00" }]),
    field: "networks[0].macAddress",
  },
  {
    code: "MAC_DUPLICATE_IN_VM",
    when: "two NICs share a MAC in other spellings",
    spec: two({ macAddress: "02:00:5e:10:00:01" }, { macAddress: "0200.5E10.0001" }),
    field: "networks[1].macAddress",
  },
  {
    code: "MAC_IN_USE",
    when: "another VM has the MAC",
    spec: nic({ macAddress: "02:00:5e:10:00:01" }),
    facts: { macsInUse: [{ mac: "02:00:5e:10:00:01", namespace: "shop", vm: "db", nic: "eth0" }] },
    field: "networks[0].macAddress",
  },
  // attachment
  {
    code: "NETWORK_NOT_FOUND",
    when: "the NAD does not exist",
    spec: nic({ nadName: "none" }),
    facts: { nads: nads() },
    field: "networks[0].nadName",
    unfixable: true,
  },
  {
    code: "NETWORK_NAME_INVALID",
    when: "the NAD's name has two slashes",
    spec: nic({ nadName: "a/b/c" }),
    field: "networks[0].nadName",
  },
  {
    code: "NETWORK_NOT_ALLOWED",
    when: "the NAD is another namespace's",
    spec: nic({ nadName: "other/net" }),
    field: "networks[0].nadName",
  },
  {
    code: "NETWORK_UNREADABLE",
    when: "the NAD holds broken JSON",
    spec: nic({ nadName: "net" }),
    facts: { nads: nads(nad("net", "{")) },
    field: "networks[0].nadName",
  },
  {
    code: "NETWORK_UNREADABLE",
    when: "the NAD is empty",
    spec: nic({ nadName: "net" }),
    facts: { nads: nads(nad("net", "")) },
    field: "networks[0].nadName",
  },
  {
    code: "NETWORK_UNREADABLE",
    when: "the NAD names no plugin",
    spec: nic({ nadName: "net" }),
    facts: { nads: nads(nad("net", [])) },
    field: "networks[0].nadName",
  },
  {
    code: "TYPE_NAD_MISMATCH",
    when: "a bridge NIC is on an SR-IOV NAD",
    spec: nic({ nadName: "net" }),
    facts: { nads: nads(nad("net", { type: "sriov" })) },
    field: "networks[0].type",
  },
  {
    code: "TYPE_NAD_MISMATCH",
    when: "the first plugin of a chain decides",
    spec: nic({ nadName: "net" }),
    facts: { nads: nads(nad("net", { plugins: [{ type: "ovs" }, { type: "tuning" }] })) },
    field: "networks[0].type",
  },
  {
    code: "BINDING_UNSUPPORTED",
    when: "the NAD is a macvlan one",
    spec: nic({ nadName: "net", type: "macvlan" }),
    facts: { nads: nads(nad("net", { type: "macvlan" })) },
    field: "networks[0].nadName",
  },
  {
    code: "BINDING_PLUGIN_MISSING",
    when: "macvtap is not registered",
    spec: nic({ type: "macvlan" }),
    facts: { bindingPlugins: [] },
    field: "networks[0].type",
  },
  {
    code: "PHYSICAL_NETWORK_NOT_FOUND",
    when: "the physical network is unknown",
    spec: nic({ physicalNetwork: "none" }),
    field: "networks[0].physicalNetwork",
  },
  {
    code: "PHYSICAL_NETWORK_TYPE_MISMATCH",
    when: "a bridge NIC names an OVS network",
    spec: nic({ physicalNetwork: "ovs" }),
    field: "networks[0].physicalNetwork",
  },
  {
    code: "NETWORK_SOURCE_CONFLICT",
    when: "a NAD and a physical network are given",
    spec: nic({ nadName: "net", physicalNetwork: "bridge" }),
    field: "networks[0].physicalNetwork",
  },
  // VLAN, MTU
  {
    code: "VLAN_INVALID",
    when: "the VLAN is 4095",
    spec: nic({ vlanId: 4095 }),
    field: "networks[0].vlanId",
  },
  {
    code: "VLAN_INVALID",
    when: "the VLAN is negative",
    spec: nic({ vlanId: -1 }),
    field: "networks[0].vlanId",
  },
  {
    code: "VLAN_FIXED_BY_NAD",
    when: "the NAD is on another VLAN",
    spec: nic({ nadName: "net", vlanId: 7 }),
    facts: { nads: nads(nad("net", { type: "bridge", vlan: 5 })) },
    field: "networks[0].vlanId",
  },
  { code: "MTU_INVALID", when: "the MTU is 500", spec: nic({ mtu: 500 }), field: "networks[0].mtu" },
  {
    code: "MTU_INVALID",
    when: "the MTU is 1279 with IPv6",
    spec: nic({ mtu: 1279, ipConfig: { address: "2001:db8::10/64" } }),
    field: "networks[0].mtu",
  },
  { code: "MTU_INVALID", when: "the MTU is 70000", spec: nic({ mtu: 70_000 }), field: "networks[0].mtu" },
  {
    code: "MTU_TOO_LARGE",
    when: "the MTU is above the network's",
    spec: nic({ mtu: 9001 }),
    field: "networks[0].mtu",
  },
  {
    code: "MTU_TOO_LARGE",
    when: "the MTU is above the NAD's",
    spec: nic({ nadName: "net", mtu: 9000 }),
    facts: { nads: nads(nad("net", { type: "bridge", mtu: 1500 })) },
    field: "networks[0].mtu",
  },
  {
    code: "MTU_NOT_SETTABLE",
    when: "an SR-IOV NIC has another MTU than the card",
    spec: nic({ type: "sriov", mtu: 1500 }),
    field: "networks[0].mtu",
  },
  // addresses
  {
    code: "IPMODE_CONFLICT",
    when: "static has no address",
    spec: nic({ ipConfig: { mode: "static" } }),
    field: "networks[0].ipConfig.address",
  },
  {
    code: "IPMODE_CONFLICT",
    when: "DHCP has an address",
    spec: nic({ ipConfig: { mode: "dhcp", address: "192.0.2.10/24" } }),
    field: "networks[0].ipConfig.address",
  },
  {
    code: "IPMODE_CONFLICT",
    when: "DHCP has further addresses",
    spec: nic({ ipConfig: { mode: "dhcp", addresses: ["192.0.2.10/24"] } }),
    field: "networks[0].ipConfig.addresses",
  },
  {
    code: "IPMODE_CONFLICT",
    when: "DHCP has a gateway",
    spec: nic({ ipConfig: { mode: "dhcp", gateway: "192.0.2.1" } }),
    field: "networks[0].ipConfig.gateway",
  },
  {
    code: "IPMODE_CONFLICT",
    when: "the pod NIC is static",
    spec: vmSpec([{ name: "eth0", type: "pod", ipConfig: { address: "10.0.2.9/24" } }]),
    field: "networks[0].ipConfig.mode",
  },
  {
    code: "ADDRESS_INVALID",
    when: "the prefix length is missing",
    spec: ip({ address: "192.0.2.10" }),
    field: "networks[0].ipConfig.address",
  },
  {
    code: "ADDRESS_INVALID",
    when: "the address has a leading zero",
    spec: ip({ address: "192.0.02.10/24" }),
    field: "networks[0].ipConfig.address",
  },
  {
    code: "ADDRESS_INVALID",
    when: "the prefix length is 33",
    spec: ip({ addresses: ["192.0.2.10/33"] }),
    field: "networks[0].ipConfig.addresses[0]",
  },
  {
    code: "ADDRESS_INVALID",
    when: "the address is a mapped one",
    spec: ip({ address: "::ffff:192.0.2.10/120" }),
    field: "networks[0].ipConfig.address",
  },
  {
    code: "ADDRESS_INVALID",
    when: "the address has a zone",
    spec: ip({ address: "fe80::1%eth0/64" }),
    field: "networks[0].ipConfig.address",
  },
  {
    code: "ADDRESS_IS_NETWORK",
    when: "the host part is zero",
    spec: ip({ address: "192.0.2.0/24" }),
    field: "networks[0].ipConfig.address",
  },
  {
    code: "ADDRESS_IS_NETWORK",
    when: "the address is the broadcast address",
    spec: ip({ address: "192.0.2.255/24" }),
    field: "networks[0].ipConfig.address",
  },
  {
    code: "ADDRESS_DUPLICATE_IN_VM",
    when: "two NICs share an address",
    spec: two({}, { ipConfig: { address: "192.0.2.10/24" } }),
    field: "networks[1].ipConfig.address",
  },
  {
    code: "SUBNET_OVERLAP",
    when: "two NICs are in one subnet",
    spec: two({}, { ipConfig: { address: "192.0.2.11/25" } }),
    field: "networks[1].ipConfig.address",
  },
  {
    code: "GATEWAY_INVALID",
    when: "the gateway has a prefix",
    spec: ip({ gateway: "192.0.2.1/24" }),
    field: "networks[0].ipConfig.gateway",
  },
  {
    code: "GATEWAY_INVALID",
    when: "a route's gateway is empty",
    spec: route("198.51.100.0/24", ""),
    field: "networks[0].routes[0].gateway",
  },
  {
    code: "GATEWAY_UNREACHABLE",
    when: "the gateway is off-link",
    spec: ip({ gateway: "198.51.100.1" }),
    field: "networks[0].ipConfig.gateway",
  },
  {
    code: "GATEWAY_UNREACHABLE",
    when: "the gateway is of the other family",
    spec: ip({ gateway: "2001:db8::1" }),
    field: "networks[0].ipConfig.gateway",
  },
  {
    code: "GATEWAY_IS_SELF",
    when: "the gateway is the NIC itself",
    spec: ip({ gateway: "192.0.2.10" }),
    field: "networks[0].ipConfig.gateway",
  },
  {
    code: "GATEWAY_IS_SELF",
    when: "a route goes by the NIC itself",
    spec: route("198.51.100.0/24", "192.0.2.10"),
    field: "networks[0].routes[0].gateway",
  },
  {
    code: "DNS_INVALID",
    when: "a name server is a name",
    spec: ip({ dnsServers: ["dns.example"] }),
    field: "networks[0].ipConfig.dnsServers[0]",
  },
  {
    code: "DNS_TOO_MANY",
    when: "there are four name servers",
    spec: ip({ dnsServers: ["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"] }),
    field: "networks[0].ipConfig.dnsServers",
  },
  {
    code: "SEARCH_DOMAIN_INVALID",
    when: "a search domain has a space",
    spec: ip({ searchDomains: ["a b"] }),
    field: "networks[0].ipConfig.searchDomains[0]",
  },
  // routes
  {
    code: "ROUTE_DESTINATION_INVALID",
    when: "the destination has no prefix",
    spec: route("198.51.100.0"),
    field: "networks[0].routes[0].destination",
  },
  {
    code: "ROUTE_HOST_BITS",
    when: "the destination has host bits",
    spec: route("198.51.100.1/24"),
    field: "networks[0].routes[0].destination",
  },
  {
    code: "ROUTE_FAMILY_MISMATCH",
    when: "an IPv6 route has an IPv4 next hop",
    spec: route("2001:db8:1::/48"),
    field: "networks[0].routes[0].gateway",
  },
  {
    code: "ROUTE_GATEWAY_UNREACHABLE",
    when: "the next hop is off-link",
    spec: route("203.0.113.0/24", "198.51.100.1"),
    field: "networks[0].routes[0].gateway",
  },
  {
    code: "ROUTE_GATEWAY_UNREACHABLE",
    when: "an IPv6-only NIC has an IPv4 route",
    spec: nic({
      ipConfig: { address: "2001:db8::10/64" },
      routes: [{ destination: "203.0.113.0/24", gateway: "192.0.2.1" }],
    }),
    field: "networks[0].routes[0].gateway",
  },
  {
    code: "ROUTE_METRIC_INVALID",
    when: "the metric is negative",
    spec: route("198.51.100.0/24", "192.0.2.1", -1),
    field: "networks[0].routes[0].metric",
  },
  {
    code: "ROUTE_DUPLICATE",
    when: "a route stands twice",
    spec: nic({
      routes: [
        { destination: "203.0.113.0/24", gateway: "192.0.2.1" },
        { destination: "203.0.113.0/24", gateway: "192.0.2.2" },
      ],
    }),
    field: "networks[0].routes[1]",
  },
  {
    code: "DEFAULT_ROUTE_CONFLICT",
    when: "a written default route ties with DHCP's",
    spec: vmSpec([
      dhcpNic,
      {
        name: "eth1",
        ipConfig: { address: "198.51.100.10/24" },
        routes: [{ destination: "0.0.0.0/0", gateway: "198.51.100.1", metric: 100 }],
      },
    ]),
    field: "networks[1].routes[0].metric",
  },
  {
    code: "DEFAULT_ROUTE_CONFLICT",
    when: "a gateway ties with an earlier written default route",
    spec: two(
      { routes: [{ destination: "0.0.0.0/0", gateway: "192.0.2.1", metric: 200 }] },
      { ipConfig: { address: "198.51.100.10/24", gateway: "198.51.100.1" } },
    ),
    field: "networks[1].ipConfig.gateway",
  },
];

/** Produced elsewhere: by reading documents, by a catalogue without defaults, by the cluster's dry run, by facts of later checks. */
const producedElsewhere: readonly FindingCode[] = [
  "DOCUMENT_INVALID",
  "UNKNOWN_FIELD",
  "WRONG_TYPE",
  "VALUE_UNKNOWN",
  "FIELD_REQUIRED",
  "PHYSICAL_NETWORK_MISSING",
  "VLAN_NOT_ALLOWED",
  "REFUSED_BY_CLUSTER",
];

describe("a finding", () => {
  it.for(cases)("$code when $when", ({ code, spec, field, facts }, { expect }) => {
    const found = findingsOf(spec, facts).filter((finding) => finding.code === code);
    expect(found.map((finding) => finding.field)).toContain(field);
  });

  const fixable = cases.filter(({ spec, facts, code, field }) =>
    findingsOf(spec, facts).some((found) => found.code === code && found.field === field && found.fix),
  );
  it.for(fixable)("$code is gone after its fix when $when", ({ code, spec, field, facts }, { expect }) => {
    const found = findingsOf(spec, facts).find((finding) => finding.code === code && finding.field === field);
    const mended = applyFix(spec, found?.fix ?? { description: "", patches: [] });
    expect(findingsOf(mended, facts).filter((finding) => finding.code === code)).toEqual([]);
  });

  it("has a case for every code that a check of a spec can produce", ({ expect }) => {
    const covered = new Set([...cases.map(({ code }) => code), ...producedElsewhere]);
    expect(Object.keys(findingTable).filter((code) => !covered.has(code as FindingCode))).toEqual([]);
  });

  it("never has a message with undefined in it", ({ expect }) => {
    const messages = cases
      .flatMap(({ spec, facts }) => findingsOf(spec, facts))
      .map(({ message }) => message);
    expect(messages.filter((message) => message.includes("undefined"))).toEqual([]);
  });
});
