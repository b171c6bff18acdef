// Checks whether the guest will read its configuration, judged by image and user-data.
import { type Finding, finding } from "../findings.ts";
import { removeField } from "../fix.ts";
import type { ResolvedVm } from "../nic.ts";
import { isManaged } from "../objects/ownership.ts";
import { readUserData } from "../guest/user-data.ts";
import type { VmCheck } from "./context.ts";

/**
 * A Secret is limited to 1 MiB (Kubernetes MaxSecretSize), which includes the network-config; with nmstate the text is in
 * base64.
 */
const maxUserDataBytes = { "cloud-init": 900 * 1024, nmstate: 650 * 1024 } as const;

/** Guests without cloud-init, by the usual names of their images. */
const imagesWithoutCloudInit: readonly (readonly [RegExp, string])[] = [
  [/(?:^|[^a-z])(?:windows|win(?:10|11|2k\d+|20\d\d))/i, "Windows"],
  [/(?:^|[^a-z])(?:fedora-coreos|fcos|rhcos|flatcar)/i, "an image that Ignition configures"],
  [/(?:^|[^a-z])talos/i, "Talos"],
  [/(?:^|[^a-z])cirros/i, "CirrOS"],
];

const userDataIsRead: VmCheck = ({ vm }) => {
  const { text, secretName } = vm.userData ?? {};
  if (secretName !== undefined && text === undefined) {
    if (vm.guestConfig === "nmstate") return nmstateKeptOut("userData.secretName", `Secret ${secretName}`);
    return finding("USER_DATA_UNREAD", "userData.secretName", { name: secretName });
  }
  if (text === undefined) return undefined;
  const field = "userData.text";
  const count = Buffer.byteLength(text);
  const max = maxUserDataBytes[vm.guestConfig];
  if (count > max) return finding("LIMIT_EXCEEDED", field, { count, what: "bytes of user-data", max });
  const reading = readUserData(text);
  if (reading.unread !== undefined) return finding("USER_DATA_UNCHECKED", field, { problem: reading.unread });
  return [
    reading.ignored === undefined
      ? undefined
      : finding("USER_DATA_IGNORED", field, { problem: reading.ignored }),
    reading.configuresNetwork === undefined
      ? undefined
      : finding("USER_DATA_CONFIGURES_NETWORK", field, { what: reading.configuresNetwork }),
    reading.forWindows ? configUnread(vm, field, "Windows (according to the user-data)") : undefined,
    vm.guestConfig === "nmstate" ||
    reading.followsNetwork ||
    reading.ignored !== undefined ||
    reading.forWindows
      ? undefined
      : finding("USER_DATA_KEEPS_FIRST_NETWORK", field, {}),
  ];
};

/** For a VM that it did not create, multinic writes only the network-config and not the user-data. */
const nmstateHasItsPlace: VmCheck = ({ vm, facts }) =>
  vm.guestConfig === "nmstate" && facts.vm !== undefined && !isManaged(facts.vm)
    ? nmstateKeptOut("guestConfig", "a VM that multinic did not create")
    : undefined;

function nmstateKeptOut(field: string, source: string): Finding {
  return finding("NMSTATE_NEEDS_USER_DATA", field, { source }, { fix: removeField("guestConfig") });
}

const imageReadsConfig: VmCheck = ({ vm }) => {
  const [boot] = vm.disks;
  if (boot?.source.kind !== "containerImage") return undefined;
  const name = boot.source.value.slice(boot.source.value.lastIndexOf("/") + 1);
  const guest = imagesWithoutCloudInit.find(([pattern]) => pattern.test(name))?.[1];
  return guest === undefined ? undefined : configUnread(vm, "bootDisk.containerImage", guest);
};

/** Only if a NIC needs more than an unconfigured guest does. */
function configUnread(vm: ResolvedVm, field: string, guest: string): Finding | undefined {
  const needing = vm.nics.filter(
    ({ mode, routes, mtu, dnsServers }) =>
      mode === "static" || routes.length > 0 || mtu !== undefined || dnsServers.length > 0,
  );
  if (needing.length === 0) return undefined;
  const nics = needing.map(({ name }) => name).join(", ");
  return finding("GUEST_CONFIG_UNREAD", field, { guest, nics }, { related: needing.map((nic) => nic.field) });
}

export const guestChecks: readonly VmCheck[] = [userDataIsRead, nmstateHasItsPlace, imageReadsConfig];
