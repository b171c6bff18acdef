// Findings on a NAD that the NIC names.
import { nad, nads } from "../../support/objects.ts";
import { vmSpec } from "../specs.ts";
import { nic, type SpecCase } from "./case.ts";

const bridge = { cniVersion: "0.3.1", type: "bridge", bridge: "br0" };
const onNad = nic({ nadName: "net" });
const dhcpOnNad = vmSpec([{ name: "eth0", nadName: "net" }]);

export const nadCases: readonly SpecCase[] = [
  {
    code: "NAD_REFUSED_BY_PLUGIN",
    when: "the bridge's name has 16 characters",
    spec: onNad,
    facts: { nads: nads(nad("net", { ...bridge, bridge: "br-1234567890123" })) },
    field: "networks[0].nadName",
  },
  {
    code: "NAD_REFUSED_BY_PLUGIN",
    when: "a bridge has hairpin mode and promiscuous mode",
    spec: onNad,
    facts: { nads: nads(nad("net", { ...bridge, hairpinMode: true, promiscMode: true })) },
    field: "networks[0].nadName",
  },
  {
    code: "NAD_REFUSED_BY_PLUGIN",
    when: "the NAD's VLAN is 4095",
    spec: onNad,
    facts: { nads: nads(nad("net", { ...bridge, vlan: 4095 })) },
    field: "networks[0].nadName",
  },
  {
    code: "NAD_REFUSED_BY_PLUGIN",
    when: "an Open vSwitch NAD does not name a bridge",
    spec: nic({ type: "ovs", nadName: "net" }),
    facts: { nads: nads(nad("net", { cniVersion: "0.4.0", type: "ovs" })) },
    field: "networks[0].nadName",
  },
  {
    code: "NAD_REFUSED_BY_PLUGIN",
    when: "an Open vSwitch NAD is on VLAN 4096",
    spec: nic({ type: "ovs", nadName: "net" }),
    facts: { nads: nads(nad("net", { cniVersion: "0.4.0", type: "ovs", bridge: "br1", vlan: 4096 })) },
    field: "networks[0].nadName",
  },
  {
    code: "NAD_REFUSED_BY_PLUGIN",
    when: "an SR-IOV NAD has an unknown link state",
    spec: nic({ type: "sriov", nadName: "net" }),
    facts: { nads: nads(nad("net", { cniVersion: "0.3.1", type: "sriov", link_state: "on" }, "acme/vf")) },
    field: "networks[0].nadName",
  },
  {
    code: "NAD_CONFIG_ON_NODES",
    when: "the NAD's configuration is empty",
    spec: onNad,
    facts: { nads: nads(nad("net", "")) },
    field: "networks[0].nadName",
  },
  {
    code: "NAD_REFUSED_BY_PLUGIN",
    when: "the NAD's VLAN is text",
    spec: onNad,
    facts: { nads: nads(nad("net", { ...bridge, vlan: "100" })) },
    field: "networks[0].nadName",
  },
  {
    code: "NAD_REFUSED_BY_PLUGIN",
    when: "the NAD of a bridge has a larger MTU than its ports can have",
    spec: onNad,
    facts: { nads: nads(nad("net", { ...bridge, mtu: 70_000 })) },
    field: "networks[0].nadName",
  },
  {
    code: "NAD_REFUSED_BY_PLUGIN",
    when: "the CNI configuration's name has a space",
    spec: onNad,
    facts: { nads: nads(nad("net", { ...bridge, name: "a b" })) },
    field: "networks[0].nadName",
  },
  {
    code: "NAD_CNI_VERSION",
    when: "the NAD has no cniVersion",
    spec: onNad,
    facts: { nads: nads(nad("net", { type: "bridge", bridge: "br0" })) },
    field: "networks[0].nadName",
  },
  {
    code: "NAD_CNI_VERSION",
    when: "a macvtap NAD has a CNI version that macvtap-cni does not support",
    spec: nic({ type: "macvlan", nadName: "net" }),
    facts: {
      nads: nads(nad("net", { cniVersion: "1.0.0", type: "macvtap" }, "macvtap.network.kubevirt.io/eth1")),
    },
    field: "networks[0].nadName",
  },
  {
    code: "NAD_CNI_VERSION",
    when: "the NAD has a cniVersion that does not exist",
    spec: onNad,
    facts: { nads: nads(nad("net", { ...bridge, cniVersion: "9.9.9" })) },
    field: "networks[0].nadName",
  },
  {
    code: "NAD_RESOURCE_NAME_MISSING",
    when: "an SR-IOV NAD has no annotation with its resource",
    spec: nic({ type: "sriov", nadName: "net" }),
    facts: { nads: nads(nad("net", { cniVersion: "0.3.1", type: "sriov" })) },
    field: "networks[0].nadName",
  },
  {
    code: "NAD_VLAN_IGNORED",
    when: "an Open vSwitch NAD has a VLAN and a trunk",
    spec: nic({ type: "ovs", nadName: "net" }),
    facts: {
      nads: nads(
        nad("net", { cniVersion: "0.4.0", type: "ovs", bridge: "br1", vlan: 5, trunk: [{ id: 7 }] }),
      ),
    },
    field: "networks[0].nadName",
  },
  {
    code: "IPAM_UNSUPPORTED",
    when: "a bridge has ipam and no interface in the pod",
    spec: dhcpOnNad,
    facts: {
      nads: nads(nad("net", { ...bridge, disableContainerInterface: true, ipam: { type: "whereabouts" } })),
    },
    field: "networks[0].nadName",
  },
  {
    code: "IPAM_WITHOUT_EFFECT",
    when: "an SR-IOV NAD has ipam",
    spec: vmSpec([{ name: "eth0", type: "sriov", nadName: "net" }]),
    facts: {
      nads: nads(
        nad("net", { cniVersion: "0.3.1", type: "sriov", ipam: { type: "whereabouts" } }, "acme/vf"),
      ),
    },
    field: "networks[0].nadName",
  },
  {
    code: "IPAM_CONFLICT",
    when: "the NIC is static and the NAD gives an address",
    spec: onNad,
    facts: { nads: nads(nad("net", { ...bridge, ipam: { type: "whereabouts" } })) },
    field: "networks[0].ipConfig.address",
  },
  {
    code: "IPAM_PER_NODE",
    when: "each node keeps its own address leases",
    spec: dhcpOnNad,
    facts: { nads: nads(nad("net", { ...bridge, ipam: { type: "host-local" } })) },
    field: "networks[0].nadName",
  },
];
