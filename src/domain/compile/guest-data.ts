// What the guest finds on its cloud-init disk: network-config and user-data, by the way that the caller chose.
import { stringify } from "yaml";
import { nmstateBoothook, withBoothook } from "../guest/boothook.ts";
import { compileNmstate, nmstateText } from "../guest/nmstate.ts";
import type { ResolvedVm } from "../nic.ts";
import { compileNetworkConfig, guestConfigDigest, networkConfigText, ownUserData } from "./network-config.ts";

export interface GuestData {
  readonly networkData: string;
  /** undefined where a Secret of the caller's carries it. */
  readonly userData: string | undefined;
  /** guestConfigDigest of what configures the networks. */
  readonly digest: string;
}

/**
 * With nmstate, cloud-init is told to leave the network alone (`config: disabled`, cloud-init network-config.rst
 * "Disabling network configuration"): without network-config it would set up DHCP on one NIC, and any network-config
 * would leave profiles of its own, which compete with nmstate's at the next boot. So NICs keep the kernel's names.
 */
const noNetworkConfig = stringify({ config: "disabled" });

export function compileGuestData(vm: ResolvedVm): GuestData {
  const theirs = vm.userData?.text;
  if (vm.guestConfig === "nmstate") {
    const document = nmstateText(compileNmstate(vm.nics, vm.routing));
    const boothook = nmstateBoothook(document);
    return {
      networkData: noNetworkConfig,
      userData: theirs === undefined ? boothook : withBoothook(theirs, boothook),
      digest: guestConfigDigest(document),
    };
  }
  const networkData = networkConfigText(compileNetworkConfig(vm.nics, vm.routing));
  return {
    networkData,
    userData: vm.userData?.secretName === undefined ? (theirs ?? ownUserData) : undefined,
    digest: guestConfigDigest(networkData),
  };
}
