// For docs/reference.md: each field's default and rule, and which kind of change another value of it is.
import type { ChangeKind } from "../../src/domain/plan/effect-table.ts";

/** Why another value of this field does not change this VM. */
interface NoChange {
  readonly none: string;
}

export interface FieldText {
  /** Empty for required fields. */
  readonly default: string;
  readonly rule: string;
  /** The kind of change (src/domain/plan/effect-table.ts) that another value is; one for each case where it depends. */
  readonly change: ChangeKind | Readonly<Record<string, ChangeKind>> | NoChange;
}

/** Keyed by path; list elements are written `[]`. */
export const fieldTexts: Readonly<Record<string, FieldText>> = {
  namespace: {
    default: "the command's `--namespace`",
    rule: "a DNS label; must exist; in a Wukong: `metadata.namespace`",
    change: { none: "identifies another VM" },
  },
  name: {
    default: "",
    rule: "a DNS label of at most 63 characters; in a Wukong: `metadata.name`",
    change: { none: "identifies another VM" },
  },
  cpu: { default: "1", rule: "1 to 512", change: "cpu" },
  memory: {
    default: "1Gi",
    rule: "a Kubernetes quantity of at least 1Mi",
    change: { "up to the instance's `maxGuest`": "memory-plug", otherwise: "memory" },
  },
  bootDisk: {
    default: "the catalogue's `defaultImage` as a container disk",
    rule: "exactly one source",
    change: "disks",
  },
  disks: { default: "none", rule: "at most 31 NICs and disks in total", change: "disks" },
  ...diskTexts("bootDisk", "rootdisk"),
  ...diskTexts("disks[]", "disk-1, disk-2, …"),
  userData: {
    default: "user-data that applies network changes at the next boot",
    rule: "exactly one of `text` and `secretName`",
    change: "user-data",
  },
  "userData.text": {
    default: "none",
    rule: "at most 900 KiB (650 KiB with `guestConfig: nmstate`); stored in a Secret",
    change: "user-data",
  },
  "userData.secretName": {
    default: "none",
    rule: "a Secret in the namespace with the key `userdata`; multinic never reads its content",
    change: "user-data-secret",
  },
  runStrategy: { default: "Always", rule: "KubeVirt's run strategies", change: "run-strategy" },
  guest: {
    default: "unknown",
    rule: "properties of the guest's operating system",
    change: { none: "none: used only for checks" },
  },
  "guest.renderer": {
    default: "unknown",
    rule: "cloud-init's renderer in the guest; settings that it loses are reported",
    change: { none: "none: used only for checks" },
  },
  guestConfig: {
    default: "cloud-init",
    rule: "`nmstate` needs an image with nmstate.service; not with `userData.secretName` (`docs/guest-config.md`)",
    change: "guest",
  },
  routing: {
    default: "main",
    rule: "`policy` needs `guest.renderer: netplan` or `guestConfig: nmstate`",
    change: "guest",
  },
  labels: {
    default: "none",
    rule: "label keys and values of Kubernetes, for the VirtualMachine object; no keys below `kubevirt.io`, `kubernetes.io`, `k8s.io` and `multinic.novasphere.dev`, except the recommended `app.kubernetes.io/…`",
    change: "labels",
  },
  networks: {
    default: "",
    rule: "at least one; the guest sees the NICs in this order",
    change: { "a NIC added": "add-bridge", "a NIC removed": "remove", reordered: "reorder" },
  },
  "networks[].name": {
    default: "",
    rule: "1 to 15 lower-case letters, digits and hyphens; unique; also the name of the interface in the guest",
    change: { none: "the old NIC is removed, the new one added" },
  },
  "networks[].type": {
    default: "bridge",
    rule: "must fit the CNI type of `nadName`; at most one NIC of type `pod`",
    change: { "another binding": "binding", "the same binding": "network" },
  },
  "networks[].nadName": {
    default: "generated for the physical network",
    rule: "NAME or NAMESPACE/NAME; in another namespace only if listed in `sharedNads`; not with `physicalNetwork`",
    change: "network",
  },
  "networks[].physicalNetwork": {
    default: "the default network of the type",
    rule: "a physical network of the catalogue, of the same type and allowed for the namespace",
    change: "network",
  },
  "networks[].vlanId": {
    default: "the VLAN of the network; untagged on a physical network",
    rule: "0 to 4094; 0 is untagged; must be a VLAN of the physical network and not reserved; must be the VLAN of `nadName`",
    change: "network",
  },
  "networks[].macAddress": {
    default: "derived from namespace, VM and NIC; kept once written",
    rule: "any common notation; unicast; unique in the VM and on its network",
    change: "mac",
  },
  "networks[].linkState": {
    default: "up",
    rule: "`down` is not available for type `sriov`",
    change: "link-state",
  },
  "networks[].primary": {
    default: "the first NIC",
    rule: "at most one NIC; its default route has the lowest metric",
    change: "guest",
  },
  "networks[].priority": {
    default: "the position in the list",
    rule: "order of the other NICs' default routes: metrics 200, 300, …",
    change: "guest",
  },
  "networks[].mtu": {
    default: "the MTU of the network",
    rule: "576 to 65535, at least 1280 with IPv6; at most the MTU of the network, of the NAD and of the nodes",
    change: { "in the NAD": "network", "in the guest": "guest" },
  },
  "networks[].ipConfig": { default: "DHCP", rule: "type `pod` allows DHCP only", change: "guest" },
  "networks[].ipConfig.mode": {
    default: "static if an address is given, otherwise dhcp",
    rule: "static needs an address; dhcp allows neither address nor gateway",
    change: "guest",
  },
  "networks[].ipConfig.address": {
    default: "none",
    rule: "ADDRESS/PREFIX of a host; unique in the VM and on its network",
    change: "guest",
  },
  "networks[].ipConfig.addresses": {
    default: "none",
    rule: "additional addresses, IPv4 or IPv6; same rule as `address`",
    change: "guest",
  },
  "networks[].ipConfig.gateway": {
    default: "none",
    rule: "an address inside a subnet of the NIC, other than its own",
    change: "guest",
  },
  "networks[].ipConfig.dnsServers": {
    default: "none, or as offered by DHCP",
    rule: "addresses; resolvers use at most three",
    change: "guest",
  },
  "networks[].ipConfig.searchDomains": {
    default: "none, or as offered by DHCP",
    rule: "domain names; used only together with `dnsServers`",
    change: "guest",
  },
  "networks[].ipConfig.defaultRoute": {
    default: "auto",
    rule: "`never`: this NIC gets no default route",
    change: "guest",
  },
  "networks[].routes": {
    default: "none",
    rule: "each destination and metric only once in the VM",
    change: "guest",
  },
  "networks[].routes[].destination": {
    default: "",
    rule: "NETWORK/PREFIX without host bits",
    change: "guest",
  },
  "networks[].routes[].gateway": {
    default: "",
    rule: "an address inside a subnet of the NIC, other than its own, of the same family as the destination",
    change: "guest",
  },
  "networks[].routes[].metric": {
    default: "the metric of the NIC",
    rule: "0 to 4294967295",
    change: "guest",
  },
};

function diskTexts(path: string, name: string): Readonly<Record<string, FieldText>> {
  const change = "disks";
  return {
    [`${path}.name`]: { default: name, rule: "a DNS label; unique; not `cloudinitdisk`", change },
    [`${path}.containerImage`]: {
      default: "none",
      rule: "a container image; changes to the disk are lost when the VM is restarted",
      change,
    },
    [`${path}.persistentVolumeClaim`]: {
      default: "none",
      rule: "a PersistentVolumeClaim in the namespace",
      change,
    },
    [`${path}.dataVolume`]: { default: "none", rule: "a DataVolume in the namespace", change },
  };
}
