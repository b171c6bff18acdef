// The wanted state of a NIC, up, down or absent, and where it may be wanted: pkg/network/admitter/admit.go.
import { invalid } from "../cause.ts";
import { type InterfaceRule, type SpecRule, forEachInterface, networksOf } from "../rule.ts";

const stateIsKnown: InterfaceRule = ({ at, nic }) =>
  ["", "absent", "down", "up"].includes(nic.state ?? "")
    ? []
    : [invalid(at.child("state"), `logical ${nic.name} interface state value is unsupported: ${nic.state}`)];

/** libvirt cannot set the link of a passed-through device. */
const linkStateNotOnSriov: InterfaceRule = ({ at, nic }) =>
  nic.sriov !== undefined && (nic.state === "down" || nic.state === "up")
    ? [
        invalid(
          at.child("state"),
          `${JSON.stringify(nic.name)} interface's state "${nic.state}" is not supported for SR-IOV NICs`,
        ),
      ]
    : [];

const absentOnlyOnBridge: InterfaceRule = ({ at, nic }) =>
  nic.state === "absent" && nic.bridge === undefined
    ? [
        invalid(
          at.child("state"),
          `${JSON.stringify(nic.name)} interface's state "absent" is supported only for bridge binding`,
        ),
      ]
    : [];

/** The pod keeps its default network for life: the first that is the pod's or Multus' default. */
const absentNotOnDefaultNetwork: InterfaceRule = ({ at, nic, spec }) => {
  const isDefault = networksOf(spec).find(({ pod, multus }) => pod !== undefined || multus?.default === true);
  return nic.state === "absent" && isDefault?.name === nic.name
    ? [
        invalid(
          at.child("state"),
          `${JSON.stringify(nic.name)} interface's state "absent" is not supported on default networks`,
        ),
      ]
    : [];
};

export const interfaceState: SpecRule = forEachInterface([
  stateIsKnown,
  linkStateNotOnSriov,
  absentOnlyOnBridge,
  absentNotOnDefaultNetwork,
]);
