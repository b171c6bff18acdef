// The content of the cloud-init disk: network-config and user-data, depending on guestConfig.
import { stringify } from "yaml";
import { callersPart, nmstateBoothook, withBoothook, withoutBoothook } from "../guest/boothook.ts";
import type { GuestVersions } from "../compare/guest-record.ts";
import { compileNmstate, nmstateText } from "../guest/nmstate.ts";
import type { ResolvedVm } from "../nic.ts";
import { secretText } from "../objects/cloud-init.ts";
import type { Secret } from "../objects/kubernetes.ts";
import { userDataAnnotation } from "../objects/ownership.ts";
import { guestConfigDigest, networkConfigText, ownUserData } from "./network-config.ts";

export interface GuestData extends GuestVersions {
  readonly networkData: string;
  /** undefined if it is in a Secret of the caller. */
  readonly userData: string | undefined;
}

/**
 * With nmstate, cloud-init is told to leave the network alone (`config: disabled`, cloud-init network-config.rst
 * "Disabling network configuration"): without network-config it would set up DHCP on one NIC, and any network-config
 * would leave profiles that conflict with those of nmstate at the next boot. So NICs keep the kernel's names.
 */
const noNetworkConfig = stringify({ config: "disabled" });

/** `stored`: the Secret at the API server, undefined for a new one. */
export function compileGuestData(vm: ResolvedVm, stored: Secret | undefined): GuestData {
  const texts = guestTexts(vm);
  return { ...texts, userDataVersion: userDataVersion(texts.userData, stored) };
}

function guestTexts(vm: ResolvedVm): Omit<GuestData, "userDataVersion"> {
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
  const networkData = networkConfigText(vm.nics, vm.routing);
  return {
    networkData,
    userData: vm.userData?.secretName === undefined ? (theirs ?? ownUserData) : undefined,
    digest: guestConfigDigest(networkData),
  };
}

/** The text of user-data that the caller gave, from multinic's Secret; undefined if there was none. */
export function givenUserData(stored: Secret): string | undefined {
  const text = secretText(stored, "userdata");
  const theirs = text === undefined ? undefined : withoutBoothook(text);
  return theirs === ownUserData ? undefined : theirs;
}

/**
 * Identifies the user-data that an instance booted with: undefined at first, after a change the resourceVersion of the
 * Secret before it. With a digest, anyone who may read the VM could guess passwords.
 */
function userDataVersion(text: string | undefined, stored: Secret | undefined): string | undefined {
  if (text === undefined || stored === undefined) return undefined;
  return callersPart(secretText(stored, "userdata") ?? "") === callersPart(text)
    ? stored.metadata.annotations?.[userDataAnnotation]
    : stored.metadata.resourceVersion;
}
