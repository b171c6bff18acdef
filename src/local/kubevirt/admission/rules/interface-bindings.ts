// How a NIC is bound to its network, and its state (up, down, absent): binding.go, passt.go, discontinued.go and admit.go
// of pkg/network/admitter.
import { invalid } from "../cause.ts";
import { gateEnabled, permitsBridgeOnPodNetwork } from "../../configuration.ts";
import { reservedMacAddress } from "../addresses.ts";
import { type InterfaceRule, type SpecRule, forEachInterface, networksOf } from "../rule.ts";

/** Exactly one binding; discontinued ones do not count. */
const exactlyOneBinding: InterfaceRule = ({ at, nic }) => {
  const bindings = [nic.bridge, nic.masquerade, nic.sriov, nic.passtBinding, nic.binding];
  return bindings.filter((binding) => binding !== undefined).length === 1
    ? undefined
    : invalid(at, `logical ${nic.name} interface must have exactly one binding method or binding plugin`);
};

const masqueradeOnPodNetwork: InterfaceRule = ({ at, nic, network }) =>
  nic.masquerade !== undefined && network?.pod === undefined
    ? invalid(at.child("name"), "Masquerade interface only implemented with pod network")
    : undefined;

/** Compared as text: the same address in another spelling is accepted. */
const masqueradeWithoutReservedMac: InterfaceRule = ({ at, nic }) => {
  if (nic.masquerade === undefined || nic.macAddress !== reservedMacAddress) return undefined;
  const message = "The requested MAC address is reserved for the in-pod bridge. Please choose another one.";
  return invalid(at.child("macAddress"), message);
};

const bridgeOnPodNetworkPermitted: InterfaceRule = ({ at, nic, network, configuration }) =>
  nic.bridge !== undefined && network?.pod !== undefined && !permitsBridgeOnPodNetwork(configuration)
    ? invalid(at.child("name"), "Bridge on pod network configuration is not enabled under kubevirt-config")
    : undefined;

const passtEnabled: InterfaceRule = ({ at, nic, configuration }) =>
  nic.passtBinding !== undefined && !gateEnabled("PasstBinding", configuration)
    ? invalid(at.child("name"), "PasstBinding feature gate is not enabled")
    : undefined;

const passtOnPodNetwork: InterfaceRule = ({ at, nic, network }) =>
  nic.passtBinding !== undefined && network?.pod === undefined
    ? invalid(at.child("name"), "PasstBinding interface only implemented with pod network")
    : undefined;

export const interfaceBindings: SpecRule = forEachInterface([
  exactlyOneBinding,
  masqueradeOnPodNetwork,
  masqueradeWithoutReservedMac,
  bridgeOnPodNetworkPermitted,
  passtEnabled,
  passtOnPodNetwork,
]);

const discontinued = {
  slirp: "Slirp interface support has been discontinued since v1.3",
  passt: "Passt network binding has been discontinued since v1.3",
  macvtap: "Macvtap network binding has been discontinued since v1.3",
};

/** Checked on CREATE only, before every other rule. */
export const discontinuedBindings: SpecRule = forEachInterface([
  ({ at, nic }) =>
    (["slirp", "passt", "macvtap"] as const)
      .filter((binding) => nic[binding] !== undefined)
      .map((binding) => invalid(at.child(binding), discontinued[binding])),
]);

const stateIsKnown: InterfaceRule = ({ at, nic }) =>
  ["", "absent", "down", "up"].includes(nic.state ?? "")
    ? undefined
    : invalid(at.child("state"), `logical ${nic.name} interface state value is unsupported: ${nic.state}`);

/** libvirt cannot set the link state of a passthrough device. */
const linkStateNotOnSriov: InterfaceRule = ({ at, nic }) => {
  if (nic.sriov === undefined || (nic.state !== "down" && nic.state !== "up")) return undefined;
  const name = JSON.stringify(nic.name);
  const message = `${name} interface's state "${nic.state}" is not supported for SR-IOV NICs`;
  return invalid(at.child("state"), message);
};

const absentOnlyOnBridge: InterfaceRule = ({ at, nic }) => {
  if (nic.state !== "absent" || nic.bridge !== undefined) return undefined;
  const message = `${JSON.stringify(nic.name)} interface's state "absent" is supported only for bridge binding`;
  return invalid(at.child("state"), message);
};

/** A pod keeps its default network: the first pod network or Multus default network. */
const absentNotOnDefaultNetwork: InterfaceRule = ({ at, nic, spec }) => {
  const isDefault = networksOf(spec).find(({ pod, multus }) => pod !== undefined || multus?.default === true);
  if (nic.state !== "absent" || isDefault?.name !== nic.name) return undefined;
  const message = `${JSON.stringify(nic.name)} interface's state "absent" is not supported on default networks`;
  return invalid(at.child("state"), message);
};

export const interfaceState: SpecRule = forEachInterface([
  stateIsKnown,
  linkStateNotOnSriov,
  absentOnlyOnBridge,
  absentNotOnDefaultNetwork,
]);
