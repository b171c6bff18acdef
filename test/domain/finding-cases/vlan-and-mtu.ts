// Findings on VLAN and MTU.
import { type SpecCase, nic } from "./case.ts";
import { bridgeNetwork } from "./world.ts";
import { nad, nads } from "../../support/objects.ts";

export const vlanAndMtuCases: readonly SpecCase[] = [
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
    fix: true,
  },
  {
    code: "VLAN_FIXED_BY_NAD",
    when: "the NAD is on a VLAN, and the NIC is to be untagged",
    spec: nic({ nadName: "net", vlanId: 0 }),
    facts: { nads: nads(nad("net", { type: "bridge", vlan: 5 })) },
    field: "networks[0].vlanId",
    fix: true,
  },
  {
    code: "VLAN_FIXED_BY_NAD",
    when: "the device plugin resource of a macvtap NAD is of another VLAN",
    spec: nic({ type: "macvlan", nadName: "net", vlanId: 7 }),
    facts: {
      nads: nads(
        nad("net", { cniVersion: "0.3.1", type: "macvtap" }, "macvtap.network.kubevirt.io/uplink.100"),
      ),
    },
    field: "networks[0].vlanId",
    fix: true,
  },
  {
    code: "NAD_VLAN_UNKNOWN",
    when: "multinic does not know the CNI plugin of the NAD",
    spec: nic({ nadName: "net", vlanId: 7 }),
    facts: { nads: nads(nad("net", { cniVersion: "0.3.1", type: "kube-ovn" })) },
    field: "networks[0].vlanId",
    fix: true,
  },
  {
    code: "MTU_INVALID",
    when: "the MTU is 500",
    spec: nic({ mtu: 500 }),
    field: "networks[0].mtu",
    fix: true,
  },
  {
    code: "MTU_INVALID",
    when: "the MTU is 1279 with IPv6",
    spec: nic({ mtu: 1279, ipConfig: { address: "2001:db8::10/64" } }),
    field: "networks[0].mtu",
    fix: true,
  },
  {
    code: "MTU_INVALID",
    when: "the MTU is 70000",
    spec: nic({ mtu: 70_000 }),
    field: "networks[0].mtu",
    fix: true,
  },
  {
    code: "MTU_TOO_LARGE",
    when: "the MTU is above the network's",
    spec: nic({ mtu: 9001 }),
    field: "networks[0].mtu",
    fix: true,
  },
  {
    code: "MTU_TOO_LARGE",
    when: "the MTU is above the NAD's",
    spec: nic({ nadName: "net", mtu: 9000 }),
    facts: { nads: nads(nad("net", { type: "bridge", mtu: 1500 })) },
    field: "networks[0].mtu",
    fix: true,
  },
  {
    code: "MTU_TOO_LARGE",
    when: "an SR-IOV NIC has a larger MTU than the card",
    spec: nic({ type: "sriov", mtu: 9001 }),
    field: "networks[0].mtu",
    fix: true,
  },
  {
    code: "VLAN_NOT_ALLOWED",
    when: "the physical network does not carry the VLAN",
    spec: nic({ vlanId: 300 }),
    catalogue: bridgeNetwork({ vlans: [{ first: 100, last: 199 }] }),
    field: "networks[0].vlanId",
  },
  {
    code: "VLAN_RESERVED",
    when: "the VLAN is reserved for storage",
    spec: nic({ vlanId: 150 }),
    catalogue: bridgeNetwork({ reservedVlans: [{ first: 150, last: 150 }] }),
    field: "networks[0].vlanId",
  },
];
