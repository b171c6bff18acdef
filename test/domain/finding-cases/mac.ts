// Findings on MAC addresses.
import { type SpecCase, nic, two } from "./case.ts";
import { vmSpec } from "../specs.ts";

export const macCases: readonly SpecCase[] = [
  {
    code: "MAC_INVALID",
    when: "the MAC address has five parts",
    spec: nic({ macAddress: "02:00:5e:10:00" }),
    field: "networks[0].macAddress",
  },
  {
    code: "MAC_MULTICAST",
    when: "the group bit is set",
    spec: nic({ macAddress: "03:00:5e:10:00:01" }),
    field: "networks[0].macAddress",
    fix: true,
  },
  {
    code: "MAC_RESERVED",
    when: "the MAC address is all zeros",
    spec: nic({ macAddress: "00:00:00:00:00:00" }),
    field: "networks[0].macAddress",
    fix: true,
  },
  {
    code: "MAC_RESERVED",
    when: "the pod NIC has the in-pod bridge's MAC address",
    spec: vmSpec([{ name: "eth0", type: "pod", macAddress: "02:00:00:00:00:00" }]),
    field: "networks[0].macAddress",
    fix: true,
  },
  {
    code: "MAC_DUPLICATE_IN_VM",
    when: "two NICs have the same MAC address in different spellings",
    spec: two({ macAddress: "02:00:5e:10:00:01" }, { macAddress: "0200.5E10.0001" }),
    field: "networks[1].macAddress",
    fix: true,
  },
];
