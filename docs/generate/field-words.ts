// What a person should know of each field besides its type: default, rule, and which kinds of change another value is.
import type { ChangeKind } from "../../src/domain/plan/effect-table.ts";

/** Another value is no change of this VM: why. */
interface NoChange {
  readonly none: string;
}

export interface FieldWords {
  /** Empty for a required field. */
  readonly default: string;
  readonly rule: string;
  /** The kind of change (src/domain/plan/effect-table.ts) that another value is; by case where it depends. */
  readonly change: ChangeKind | Readonly<Record<string, ChangeKind>> | NoChange;
}

/** By path, list elements as `[]`. */
export const fieldWords: Readonly<Record<string, FieldWords>> = {
  namespace: {
    default: "the caller's",
    rule: "a DNS label; must exist; of a Wukong: `metadata.namespace`",
    change: { none: "another VM" },
  },
  name: {
    default: "",
    rule: "a DNS label of at most 63 characters; of a Wukong: `metadata.name`",
    change: { none: "another VM" },
  },
  cpu: { default: "1", rule: "1 to 512", change: "cpu" },
  memory: {
    default: "1Gi",
    rule: "a Kubernetes quantity of at least 1Mi",
    change: { "up to what the instance may get": "memory-plug", otherwise: "memory" },
  },
  bootDisk: {
    default: "the container disk `defaultImage` of the configuration",
    rule: "exactly one source",
    change: "disks",
  },
  disks: { default: "none", rule: "NICs and disks together at most 31", change: "disks" },
  ...diskWords("bootDisk", "rootdisk"),
  ...diskWords("disks[]", "disk-1, disk-2, …"),
  userData: {
    default: "one that lets network changes apply at the next boot",
    rule: "exactly one of `text`, `secretName`",
    change: "user-data",
  },
  "userData.text": {
    default: "none",
    rule: "at most 900 KiB; kept in a Secret",
    change: "user-data",
  },
  "userData.secretName": {
    default: "none",
    rule: "a Secret of the namespace with the key `userdata`; never read",
    change: "user-data-secret",
  },
  runStrategy: { default: "Always", rule: "as KubeVirt's", change: "run-strategy" },
  guest: {
    default: "nothing known",
    rule: "what the caller knows of the guest",
    change: { none: "none, it tells what can be checked" },
  },
  "guest.renderer": {
    default: "unknown",
    rule: "what turns the network-config into the guest's own files; with it, what it loses is told",
    change: { none: "none, it tells what can be checked" },
  },
  guestConfig: {
    default: "cloud-init",
    rule: "`nmstate` for images that ship nmstate.service; not with `userData.secretName` (`docs/guest-config.md`)",
    change: "guest",
  },
  routing: {
    default: "main",
    rule: "`policy` needs `guest.renderer: netplan` or `guestConfig: nmstate`",
    change: "guest",
  },
  networks: {
    default: "",
    rule: "at least one; the order is that of the NICs in the guest",
    change: { "one more": "add-bridge", "one less": "remove", "another order": "reorder" },
  },
  "networks[].name": {
    default: "",
    rule: "1 to 15 lower-case letters, digits and hyphens; unique; the interface's name in the guest",
    change: { none: "another NIC: the old one goes, the new one comes" },
  },
  "networks[].type": {
    default: "bridge",
    rule: "must fit the CNI type of a given NAD; one NIC of type `pod`",
    change: { "another binding": "binding", "the same binding, so the network alone": "network" },
  },
  "networks[].nadName": {
    default: "one is made for the physical network",
    rule: "NAME or NAMESPACE/NAME; of another namespace only when listed in `sharedNads`; not with `physicalNetwork`",
    change: "network",
  },
  "networks[].physicalNetwork": {
    default: "the default one of the type",
    rule: "a name of the configuration, of the same type and open to the namespace",
    change: "network",
  },
  "networks[].vlanId": {
    default: "0, untagged",
    rule: "0 to 4094; carried by the physical network and not reserved; not on a given NAD with another one",
    change: "network",
  },
  "networks[].macAddress": {
    default: "derived from namespace, VM and NIC; stays once written",
    rule: "any usual spelling; unicast; unique in the VM and on its network",
    change: "mac",
  },
  "networks[].linkState": { default: "up", rule: "`down` not for type `sriov`", change: "link-state" },
  "networks[].primary": {
    default: "the first NIC",
    rule: "one NIC; its default route is the best",
    change: "guest",
  },
  "networks[].priority": {
    default: "the position",
    rule: "orders the default routes of the others: 200, 300, …",
    change: "guest",
  },
  "networks[].mtu": {
    default: "the network's",
    rule: "576 to 65535, from 1280 with IPv6; not above the network's, the NAD's or the nodes'",
    change: { "in the NAD": "network", "in the guest": "guest" },
  },
  "networks[].ipConfig": { default: "DHCP", rule: "not static for type `pod`", change: "guest" },
  "networks[].ipConfig.mode": {
    default: "static with an address, else dhcp",
    rule: "static needs an address; dhcp takes neither address nor gateway",
    change: "guest",
  },
  "networks[].ipConfig.address": {
    default: "none",
    rule: "ADDRESS/PREFIX; a host's; unique in the VM and on its network",
    change: "guest",
  },
  "networks[].ipConfig.addresses": {
    default: "none",
    rule: "further ones, IPv4 or IPv6, each as `address`",
    change: "guest",
  },
  "networks[].ipConfig.gateway": {
    default: "none",
    rule: "an address inside a subnet of the NIC, not its own",
    change: "guest",
  },
  "networks[].ipConfig.dnsServers": {
    default: "none, or DHCP's",
    rule: "addresses; resolvers use three",
    change: "guest",
  },
  "networks[].ipConfig.searchDomains": {
    default: "none, or DHCP's",
    rule: "domain names; take effect with `dnsServers` only",
    change: "guest",
  },
  "networks[].ipConfig.defaultRoute": {
    default: "auto",
    rule: "`never`: no default route by this NIC",
    change: "guest",
  },
  "networks[].routes": {
    default: "none",
    rule: "one destination with one metric goes one way",
    change: "guest",
  },
  "networks[].routes[].destination": {
    default: "",
    rule: "NETWORK/PREFIX without host bits",
    change: "guest",
  },
  "networks[].routes[].gateway": {
    default: "",
    rule: "an address of the destination's family inside a subnet of the NIC, not its own",
    change: "guest",
  },
  "networks[].routes[].metric": {
    default: "the NIC's",
    rule: "0 to 4294967295",
    change: "guest",
  },
};

function diskWords(path: string, name: string): Readonly<Record<string, FieldWords>> {
  const change = "disks";
  return {
    [`${path}.name`]: { default: name, rule: "a DNS label; unique; not `cloudinitdisk`", change },
    [`${path}.containerImage`]: { default: "none", rule: "an image; lost at a restart", change },
    [`${path}.persistentVolumeClaim`]: { default: "none", rule: "a claim of the namespace", change },
    [`${path}.dataVolume`]: { default: "none", rule: "a DataVolume of the namespace", change },
  };
}
