// Findings on one NIC and its sisters.
import { type SpecCase, nic, two } from "./case.ts";
import { vmSpec } from "../specs.ts";

export const nicCases: readonly SpecCase[] = [
  {
    code: "NIC_NAME_INVALID",
    when: "the name has 16 characters",
    spec: nic({ name: "a".repeat(16) }),
    field: "networks[0].name",
    fix: true,
  },
  {
    code: "NIC_NAME_INVALID",
    when: "the name is empty",
    spec: nic({ name: "" }),
    field: "networks[0].name",
    fix: true,
  },
  {
    code: "NIC_NAME_RESERVED",
    when: "the name is that of the loopback device",
    spec: nic({ name: "lo" }),
    field: "networks[0].name",
    fix: true,
  },
  {
    code: "NIC_NAME_DUPLICATE",
    when: "two NICs have the same name",
    spec: two({}, { name: "eth0" }),
    field: "networks[1].name",
    fix: true,
  },
  {
    code: "PRIMARY_AMBIGUOUS",
    when: "two NICs are primary",
    spec: two({ primary: true }, { primary: true }),
    field: "networks[1].primary",
    fix: true,
  },
  {
    code: "LINK_STATE_UNSUPPORTED",
    when: "the link of an SR-IOV NIC is down",
    spec: nic({ type: "sriov", linkState: "down" }),
    field: "networks[0].linkState",
    fix: true,
  },
  {
    code: "POD_NETWORK_DUPLICATE",
    when: "two NICs are on the pod network",
    spec: vmSpec([
      { name: "eth0", type: "pod" },
      { name: "eth1", type: "pod" },
    ]),
    field: "networks[1].type",
  },
  {
    code: "POD_FIELD_UNSUPPORTED",
    when: "the pod NIC has a VLAN",
    spec: vmSpec([{ name: "eth0", type: "pod", vlanId: 5 }]),
    field: "networks[0].vlanId",
    fix: true,
  },
  {
    code: "NIC_NAME_INVALID",
    when: "the name has capitals and a dot",
    spec: nic({ name: "Storage.Fast" }),
    field: "networks[0].name",
    fix: true,
  },
];
