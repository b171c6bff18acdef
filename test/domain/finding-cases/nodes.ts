// Findings on what the nodes have.
import { nad, nads } from "../../support/objects.ts";
import { vmSpec } from "../specs.ts";
import { indexNodes } from "../../../src/domain/network/nodes.ts";
import { nic, type SpecCase } from "./case.ts";
import { node } from "./world.ts";

const marked = { "bridge.network.kubevirt.io/br0": "1k" };
const otherMark = { "bridge.network.kubevirt.io/br9": "1k" };
const br0 = { kind: "linux", name: "br0", mtu: 1500 } as const;

export const nodeCases: readonly SpecCase[] = [
  {
    code: "NODE_NETWORK_MISSING",
    when: "bridge-marker reports the bridge on no node",
    spec: nic({}),
    facts: { nodes: indexNodes([node("node-1", { allocatable: otherMark }), node("node-2")]) },
    field: "networks[0].type",
  },
  {
    code: "NODE_NETWORK_MISSING",
    when: "NMState reports the bridge on no node",
    spec: nic({ physicalNetwork: "bridge" }),
    facts: { nodes: indexNodes([node("node-1", { bridges: [] })]) },
    field: "networks[0].physicalNetwork",
  },
  {
    code: "NODE_NETWORK_MISSING",
    when: "no node that can run VMs has the Open vSwitch bridge",
    spec: nic({ type: "ovs", nadName: "net" }),
    facts: {
      nads: nads(nad("net", { cniVersion: "0.4.0", type: "ovs", bridge: "br1" })),
      nodes: indexNodes([
        node("node-1", { bridges: [] }),
        node("node-2", { takesVms: false, bridges: [{ kind: "ovs", name: "br1", mtu: undefined }] }),
      ]),
    },
    field: "networks[0].nadName",
  },
  {
    code: "NODE_NETWORK_PARTIAL",
    when: "one of two nodes has no such bridge",
    spec: nic({}),
    facts: { nodes: indexNodes([node("node-1", { allocatable: marked }), node("node-2")]) },
    field: "networks[0].type",
  },
  {
    code: "NODE_NETWORK_PARTIAL",
    when: "no node has the bridge of the given NAD, and the plugin would create it",
    spec: nic({ nadName: "net" }),
    facts: {
      nads: nads(nad("net", { cniVersion: "0.3.1", type: "bridge", bridge: "br7" })),
      nodes: indexNodes([node("node-1", { allocatable: marked })]),
    },
    field: "networks[0].nadName",
  },
  {
    code: "NODE_DEVICE_MISSING",
    when: "no node offers the virtual functions",
    spec: vmSpec([{ name: "eth0", type: "sriov" }]),
    facts: { nodes: indexNodes([node("node-1")]) },
    field: "networks[0].type",
  },
  {
    code: "NODE_DEVICE_MISSING",
    when: "the device plugin has no device left to offer",
    spec: vmSpec([{ name: "eth0", type: "sriov", nadName: "net" }]),
    facts: {
      nads: nads(nad("net", { cniVersion: "0.3.1", type: "sriov" }, "acme/vf")),
      nodes: indexNodes([node("node-1", { allocatable: { "acme/vf": "0" } })]),
    },
    field: "networks[0].nadName",
  },
  {
    code: "NODE_DEVICE_MISSING",
    when: "the physical network has no macvtap device for the VLAN",
    spec: vmSpec([{ name: "eth0", type: "macvlan", vlanId: 7 }]),
    facts: {
      nodes: indexNodes([node("node-1", { allocatable: { "macvtap.network.kubevirt.io/uplink": "1k" } })]),
    },
    field: "networks[0].type",
  },
  {
    code: "MTU_ABOVE_NODE",
    when: "the bridge of one node has a smaller MTU",
    spec: nic({ mtu: 9000 }),
    facts: {
      nodes: indexNodes([
        node("node-1", { bridges: [{ ...br0, mtu: 9000 }] }),
        node("node-2", { bridges: [br0] }),
      ]),
    },
    field: "networks[0].mtu",
    fix: true,
  },
];
