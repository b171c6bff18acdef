// Findings on addresses that other VMs or the cluster have.
import { builtInCatalogue } from "../../../src/domain/catalogue.ts";
import { indexNodes } from "../../../src/domain/network/nodes.ts";
import { nad, nads, storedVm } from "../../support/objects.ts";
import { staticNic, vmSpec } from "../specs.ts";
import { ip, nic, type SpecCase, two } from "./case.ts";
import { inUse, node, untaggedBridge } from "./world.ts";

const withPodNic = (address: string) =>
  vmSpec([
    { name: "eth0", type: "pod" },
    { name: "eth1", ipConfig: { address } },
  ]);

export const inUseCases: readonly SpecCase[] = [
  {
    code: "MAC_IN_USE",
    when: "a VM on the same network has the MAC address",
    spec: nic({ macAddress: "02:00:5E:10:00:01" }),
    facts: { macsInUse: inUse("02:00:5e:10:00:01") },
    field: "networks[0].macAddress",
    fix: true,
  },
  {
    code: "MAC_IN_USE",
    when: "a VM on another NAD over the same bridge and VLAN has the MAC address",
    spec: nic({ macAddress: "02:00:5e:10:00:01", nadName: "net" }),
    facts: {
      nads: nads(nad("net", { cniVersion: "0.3.1", type: "bridge", bridge: "br5", vlan: 9 })),
      macsInUse: inUse("02:00:5e:10:00:01", { segment: "linux bridge br5 vlan 9" }),
    },
    field: "networks[0].macAddress",
    fix: true,
  },
  {
    code: "MAC_IN_USE",
    when: "another VM was created with the MAC address that this VM already had",
    spec: nic({}),
    facts: {
      vm: storedVm([{ name: "eth0", bridge: {}, macAddress: "02:00:5e:10:00:01" }]),
      macsInUse: inUse("02:00:5e:10:00:01", { namespace: "team-b", vm: "web" }),
    },
    field: "networks[0].macAddress",
    fix: true,
  },
  {
    code: "ADDRESS_IN_USE",
    when: "a VM on the same network has the address",
    spec: ip({}),
    facts: { addressesInUse: inUse("192.0.2.10") },
    field: "networks[0].ipConfig.address",
  },
  {
    code: "ADDRESS_IN_USE",
    when: "a VM on the same network has the IPv6 address in another spelling",
    spec: ip({ addresses: ["2001:DB8:0::10/64"] }),
    facts: { addressesInUse: inUse("2001:db8::10", { segment: untaggedBridge }) },
    field: "networks[0].ipConfig.addresses[0]",
  },
  {
    code: "ADDRESS_IN_USE_ELSEWHERE",
    when: "a VM in another namespace on the same network has the address",
    spec: ip({}),
    facts: { addressesInUse: inUse("192.0.2.10", { namespace: "team-b" }) },
    field: "networks[0].ipConfig.address",
  },
  {
    code: "ADDRESS_CLUSTER_OVERLAP",
    when: "the subnet is part of a node's pod network",
    spec: withPodNic("10.244.1.9/24"),
    facts: { nodes: indexNodes([node("node-1", { podCidrs: ["10.244.0.0/23"] })]) },
    field: "networks[1].ipConfig.address",
  },
  {
    code: "ADDRESS_CLUSTER_OVERLAP",
    when: "the subnet contains the Service network",
    spec: withPodNic("10.96.0.9/8"),
    facts: { serviceCidrs: ["10.96.0.0/12"] },
    field: "networks[1].ipConfig.address",
  },
  {
    code: "ADDRESS_CLUSTER_OVERLAP",
    when: "the subnet contains a node's own address",
    spec: withPodNic("198.51.100.9/24"),
    facts: { nodes: indexNodes([node("node-1", { addresses: ["198.51.100.200"] })]) },
    field: "networks[1].ipConfig.address",
  },
  {
    code: "ADDRESS_CLUSTER_OVERLAP",
    when: "the catalogue names the network",
    spec: withPodNic("172.20.0.9/24"),
    catalogue: { ...builtInCatalogue(), clusterCidrs: ["172.20.0.0/14"] },
    field: "networks[1].ipConfig.address",
  },
  {
    code: "ADDRESS_CLUSTER_OVERLAP",
    when: "the subnet is KubeVirt's own between guest and pod",
    spec: withPodNic("10.0.2.9/24"),
    field: "networks[1].ipConfig.address",
  },
];

/** The same in other worlds, where nothing is wrong with it. */
export const harmlessCases: readonly SpecCase[] = [
  {
    code: "MAC_IN_USE",
    when: "the VM with the MAC address is on another VLAN",
    spec: nic({ macAddress: "02:00:5e:10:00:01" }),
    facts: { macsInUse: inUse("02:00:5e:10:00:01", { segment: "linux bridge br0 vlan 5" }) },
    field: "networks[0].macAddress",
  },
  {
    code: "MAC_IN_USE",
    when: "the VM with the MAC address is this one",
    spec: nic({ macAddress: "02:00:5e:10:00:01" }),
    facts: { macsInUse: inUse("02:00:5e:10:00:01", { vm: "web", nic: "old" }) },
    field: "networks[0].macAddress",
  },
  {
    code: "ADDRESS_IN_USE",
    when: "the VM with the address is on another network",
    spec: ip({}),
    facts: { addressesInUse: inUse("192.0.2.10", { segment: "nad shop/other" }) },
    field: "networks[0].ipConfig.address",
  },
  {
    code: "ADDRESS_CLUSTER_OVERLAP",
    when: "the guest is not on the pod network",
    spec: vmSpec([{ ...staticNic, ipConfig: { address: "10.244.1.9/24" } }]),
    facts: { nodes: indexNodes([node("node-1", { podCidrs: ["10.244.0.0/16"] })]) },
    field: "networks[0].ipConfig.address",
  },
  {
    code: "NODE_NETWORK_MISSING",
    when: "nothing reports the bridges of the nodes",
    spec: nic({}),
    facts: { nodes: indexNodes([node("node-1"), node("node-2")]) },
    field: "networks[0].type",
  },
  {
    code: "ADDRESS_IS_BROADCAST",
    when: "the other NIC's subnet is a /31, which has no broadcast address",
    spec: two({ ipConfig: { address: "192.0.2.254/31" } }, { ipConfig: { address: "192.0.2.255/16" } }),
    field: "networks[1].ipConfig.address",
  },
  {
    code: "NODE_DEVICE_MISSING",
    when: "one of two nodes offers the device",
    spec: vmSpec([{ name: "eth0", type: "sriov" }]),
    facts: {
      nodes: indexNodes([node("node-1"), node("node-2", { allocatable: { "sriov.network/uplink": "8" } })]),
    },
    field: "networks[0].type",
  },
  {
    code: "NAD_CNI_VERSION",
    when: "the CNI plugin is unknown",
    spec: nic({ nadName: "net" }),
    facts: { nads: nads(nad("net", { type: "ovn-k8s-cni-overlay" })) },
    field: "networks[0].nadName",
  },
  {
    code: "MTU_TOO_LARGE",
    when: "an SR-IOV NIC has a smaller MTU than the card",
    spec: nic({ type: "sriov", mtu: 1500 }),
    field: "networks[0].mtu",
  },
  {
    code: "IPAM_CONFLICT",
    when: "the guest gets the NAD's address by DHCP",
    spec: vmSpec([{ name: "eth0", nadName: "net" }]),
    facts: {
      nads: nads(
        nad("net", { cniVersion: "0.3.1", type: "bridge", bridge: "br0", ipam: { type: "whereabouts" } }),
      ),
    },
    field: "networks[0].ipConfig.address",
  },
  {
    code: "LINK_STATE_UNSUPPORTED",
    when: "the link of an SR-IOV NIC is up, which is the default",
    spec: nic({ type: "sriov", linkState: "up" }),
    field: "networks[0].linkState",
  },
];
