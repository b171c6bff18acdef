// How a NIC is tied to its network: pkg/network/admitter/binding.go, passt.go and discontinued.go.
import { type Cause, invalid } from "../cause.ts";
import { gateEnabled, permitsBridgeOnPodNetwork } from "../../configuration.ts";
import { reservedMacAddress } from "../addresses.ts";
import { type InterfaceRule, type SpecRule, forEachInterface } from "../rule.ts";

/** Exactly one of the bindings in force. The discontinued ones do not count. */
const exactlyOneBinding: InterfaceRule = ({ at, nic }) => {
  const bindings = [nic.bridge, nic.masquerade, nic.sriov, nic.passtBinding, nic.binding];
  return bindings.filter((binding) => binding !== undefined).length === 1
    ? []
    : [invalid(at, `logical ${nic.name} interface must have exactly one binding method or binding plugin`)];
};

const masqueradeOnPodNetwork: InterfaceRule = ({ at, nic, network }) =>
  nic.masquerade !== undefined && network?.pod === undefined
    ? [invalid(at.child("name"), "Masquerade interface only implemented with pod network")]
    : [];

/** Compared as text: the same address in another spelling passes. */
const masqueradeWithoutReservedMac: InterfaceRule = ({ at, nic }) =>
  nic.masquerade !== undefined && nic.macAddress === reservedMacAddress
    ? [
        invalid(
          at.child("macAddress"),
          "The requested MAC address is reserved for the in-pod bridge. Please choose another one.",
        ),
      ]
    : [];

const bridgeOnPodNetworkPermitted: InterfaceRule = ({ at, nic, network, configuration }) =>
  nic.bridge !== undefined && network?.pod !== undefined && !permitsBridgeOnPodNetwork(configuration)
    ? [invalid(at.child("name"), "Bridge on pod network configuration is not enabled under kubevirt-config")]
    : [];

const passtEnabled: InterfaceRule = ({ at, nic, configuration }) =>
  nic.passtBinding !== undefined && !gateEnabled("PasstBinding", configuration)
    ? [invalid(at.child("name"), "PasstBinding feature gate is not enabled")]
    : [];

const passtOnPodNetwork: InterfaceRule = ({ at, nic, network }) =>
  nic.passtBinding !== undefined && network?.pod === undefined
    ? [invalid(at.child("name"), "PasstBinding interface only implemented with pod network")]
    : [];

export const interfaceBindings: SpecRule = forEachInterface([
  exactlyOneBinding,
  masqueradeOnPodNetwork,
  masqueradeWithoutReservedMac,
  bridgeOnPodNetworkPermitted,
  passtEnabled,
  passtOnPodNetwork,
]);

/** Bindings given up in 1.3. Asked on CREATE alone, before everything else. */
export const discontinuedBindings: SpecRule = forEachInterface([
  ({ at, nic }): readonly Cause[] => [
    ...(nic.slirp === undefined
      ? []
      : [invalid(at.child("slirp"), "Slirp interface support has been discontinued since v1.3")]),
    ...(nic.passt === undefined
      ? []
      : [invalid(at.child("passt"), "Passt network binding has been discontinued since v1.3")]),
    ...(nic.macvtap === undefined
      ? []
      : [invalid(at.child("macvtap"), "Macvtap network binding has been discontinued since v1.3")]),
  ],
]);
