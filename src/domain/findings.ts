// Every finding the product knows: one row, one meaning, the same in the API, the CLI and the log.
import type { Fix } from "./fix.ts";

export type Severity = "error" | "warning" | "info";

/** Something wrong, or worth knowing, at a field of the input. */
export interface Finding {
  readonly code: FindingCode;
  readonly severity: Severity;
  /** Path as in the input, such as networks[1].ipConfig.address; empty for the input as a whole. */
  readonly field: string;
  readonly message: string;
  readonly fix?: Fix;
  /** Paths of other fields that take part. */
  readonly related?: readonly string[];
}

/** The values a row's message names. */
export type FindingValues = Readonly<Record<string, string | number>>;

interface Row {
  readonly severity: Severity;
  readonly message: (values: FindingValues) => string;
  /** Why it cannot work, or why it is worth a word; with its source. */
  readonly why: string;
}

const row = (severity: Severity, message: (values: FindingValues) => string, why: string): Row => ({
  severity,
  message,
  why,
});
const error = (message: Row["message"], why: string): Row => row("error", message, why);
const warning = (message: Row["message"], why: string): Row => row("warning", message, why);

/** The table. Rows are grouped by what they speak of. */
export const findingTable = {
  // the document
  DOCUMENT_INVALID: error((v) => `${v["problem"]}`, "The input must be one YAML or JSON mapping."),
  UNKNOWN_FIELD: error(
    (v) => `there is no field ${v["name"]}${v["known"] ? `; known are ${v["known"]}` : ""}`,
    "A misspelt field would be dropped in silence.",
  ),
  WRONG_TYPE: error((v) => `must be ${v["expected"]}, not ${v["given"]}`, "The field has another type."),
  VALUE_UNKNOWN: error(
    (v) => `${v["given"]} is not one of ${v["known"]}`,
    "The field takes one of a few words.",
  ),
  FIELD_REQUIRED: error((v) => `${v["name"]} is required`, "Nothing sensible can be assumed."),

  // the machine
  VM_NAME_INVALID: error(
    (v) => `${v["given"]} is not a DNS label of at most 63 lower-case letters, digits and hyphens`,
    "The name becomes a label of the VM's pod (Kubernetes label values end at 63 characters) and the guest's host name.",
  ),
  NAMESPACE_INVALID: error((v) => `${v["given"]} is not a DNS label`, "Kubernetes refuses such a namespace."),
  NAMESPACE_NOT_FOUND: error(
    (v) => `namespace ${v["namespace"]} does not exist; make it first`,
    "Namespaces carry rights and quotas; they are never made on the way.",
  ),
  CPU_INVALID: error(
    (v) => `${v["given"]} is not a number of CPUs from 1 to ${v["max"]}`,
    "KubeVirt needs at least one core.",
  ),
  MEMORY_INVALID: error(
    (v) => `${v["given"]} is not an amount of memory such as 4Gi or 512Mi`,
    "Kubernetes reads a quantity here; below 1Mi no guest starts.",
  ),
  DISK_SOURCE_INVALID: error(
    (v) =>
      `a disk needs exactly one of containerImage, persistentVolumeClaim, dataVolume; there are ${v["count"]}`,
    "KubeVirt: volumes[i] must have exactly one source type set.",
  ),
  DISK_NAME_INVALID: error(
    (v) => `${v["given"]} is not a DNS label, or is taken by another disk`,
    "KubeVirt: disk and volume names are unique; cloudinitdisk is the name of the cloud-init disk.",
  ),
  OBJECT_NAME_INVALID: error(
    (v) =>
      `${v["given"]} is not a name of a Kubernetes object: at most 253 lower-case letters, digits, - and .`,
    "No such object can exist, so the VM would wait for it for ever.",
  ),
  USER_DATA_SOURCE_INVALID: error(
    (v) => `user-data needs exactly one of text, secretName; there are ${v["count"]}`,
    "KubeVirt: must have only one userdatasource set.",
  ),
  USER_DATA_KEEPS_FIRST_NETWORK: warning(
    () =>
      "this user-data does not say updates.network.when: [boot], so the guest keeps the networks of its first boot",
    "cloud-init applies a network-config again only with that policy (cloudinit/stages.py apply_network_config).",
  ),
  USER_DATA_UNREAD: row(
    "info",
    (v) =>
      `Secret ${v["name"]} is not read; for later changes to reach the guest it must say updates.network.when: [boot]`,
    "Secrets of others are never read.",
  ),
  NMSTATE_NEEDS_USER_DATA: error(
    (v) =>
      `guestConfig: nmstate reaches the guest by user-data, and ${v["by"]} has taken its place; give the user-data as text, which both can share`,
    "KubeVirt gives a guest one user-data, from one Secret, and what belongs to others is never changed.",
  ),
  USER_DATA_IGNORED: warning(
    (v) => `cloud-init takes nothing of this user-data: ${v["problem"]}`,
    "cloud-init goes by the first line and drops what it cannot read (cloudinit/user_data.py, handlers/cloud_config.py).",
  ),
  USER_DATA_CONFIGURES_NETWORK: warning(
    (v) => `this user-data configures networks itself: ${v["what"]}`,
    "User-data cannot change an instance's network configuration (cloud-init network-config.rst), and files of its own fight with ours.",
  ),
  GUEST_CONFIG_UNREAD: warning(
    (v) =>
      `${v["guest"]} does not read cloud-init's network-config; set up ${v["nics"]} in the guest by hand`,
    "Addresses, routes, MTU and name servers reach the guest by cloud-init alone.",
  ),
  GUEST_LOSES_DEFAULT_ROUTE_NEVER: warning(
    (v) =>
      `${v["renderer"]} takes the routes that DHCP offers all the same (cloud-init, ${v["versions"]}); keep the default route from the DHCP server, or give the NIC a static address`,
    "cloud-init hands use-routes on to netplan and networkd alone (cloudinit/net/network_state.py).",
  ),
  GUEST_LOSES_NAME_SERVERS: warning(
    (v) => `${v["renderer"]} drops ${v["what"]} (cloud-init, ${v["versions"]})`,
    "The renderer writes name servers beside addresses of their family alone.",
  ),
  GUEST_LOSES_METRIC: warning(
    (v) => `${v["renderer"]} drops the metric of ${v["what"]} (cloud-init, ${v["versions"]})`,
    "The renderer has one metric for all default routes of a NIC.",
  ),
  GUEST_LOSES_NETWORKS: error(
    (v) =>
      `${v["renderer"]} cannot hold ${v["what"]} (cloud-init, ${v["versions"]}): no NIC at all would be configured; put it on a NIC of its own`,
    "cloud-init's network-manager renderer fails with KeyError before it has written anything.",
  ),
  GUEST_NEEDS_CLOUD_INIT: row(
    "info",
    (v) => `with ${v["renderer"]}, cloud-init before ${v["version"]} loses ${v["what"]}`,
    "Measured with cloud-init's releases from 22.4 to 26.2; see docs/guest-config.md.",
  ),
  NAME_TAKEN: error(
    (v) => `${v["kind"]} ${v["name"]} exists and was not made for this VM`,
    "Objects of others are never overwritten.",
  ),

  // the NIC
  NETWORKS_EMPTY: error(() => "a VM needs at least one network", "Without NICs there is nothing to do here."),
  NIC_NAME_INVALID: error(
    (v) =>
      `${v["given"]} is not a NIC name: 1 to 15 lower-case letters, digits and hyphens, a letter or digit first and last`,
    "It becomes the interface name in the guest (Linux IFNAMSIZ, 15 characters) and the alias in libvirt.",
  ),
  NIC_NAME_RESERVED: error(
    (v) => `${v["given"]} cannot be the name of an interface; the kernel has its own use for it`,
    "lo is the loopback device; all and default are the kernel's settings of every interface (/proc/sys/net/ipv4/conf).",
  ),
  NIC_NAME_DUPLICATE: error(
    (v) => `${v["name"]} is also the name of networks[${v["first"]}]`,
    "KubeVirt: every network must have a unique name.",
  ),
  LIMIT_EXCEEDED: error(
    (v) => `${v["count"]} ${v["what"]}, at most ${v["max"]} work`,
    "The q35 machine has 32 PCI slots (KubeVirt docs/pci-topology.md), a Secret 1 MiB, all annotations 256 KiB.",
  ),
  PRIMARY_AMBIGUOUS: error(
    (v) => `networks[${v["first"]}] is primary too; a VM has one primary NIC`,
    "Two NICs cannot both have the best default route.",
  ),
  LINK_STATE_UNSUPPORTED: error(
    () => "an SR-IOV NIC cannot be set down",
    "KubeVirt: interface state is not supported for SR-IOV NICs (pkg/network/admitter/admit.go).",
  ),
  POD_NETWORK_DUPLICATE: error(
    (v) => `networks[${v["first"]}] is on the pod network already`,
    "KubeVirt: more than one interface is connected to a pod network.",
  ),
  POD_FIELD_UNSUPPORTED: error(
    (v) => `a NIC on the pod network takes no ${v["name"]}`,
    "The pod network gives the guest one address by KubeVirt's own DHCP server behind masquerade.",
  ),

  // MAC
  MAC_INVALID: error(
    (v) => `${v["given"]} is not a MAC address such as 02:00:5e:10:00:01`,
    "KubeVirt: malformed MAC address.",
  ),
  MAC_MULTICAST: error(
    (v) => `${v["mac"]} is a multicast address; the unicast one is ${v["unicast"]}`,
    "A source address with the group bit set is dropped (IEEE 802).",
  ),
  MAC_RESERVED: error(
    (v) => `${v["mac"]} is reserved`,
    "All zeros is no address; 02:00:00:00:00:00 belongs to KubeVirt's in-pod bridge.",
  ),
  MAC_DUPLICATE_IN_VM: error(
    (v) => `${v["mac"]} is also the address of networks[${v["first"]}]`,
    "Two NICs with one address cannot be told apart, not even by cloud-init.",
  ),
  MAC_IN_USE: error(
    (v) => `${v["mac"]} is the address of ${v["whose"]} on the same network`,
    "Two stations with one address on one network take each other's frames; stopped VMs will start again.",
  ),

  // what it attaches to
  NETWORK_NOT_FOUND: error(
    (v) => `NetworkAttachmentDefinition ${v["nad"]} does not exist`,
    "Multus: cannot find a network-attachment-definition; the pod would never start.",
  ),
  NETWORK_NAME_INVALID: error(
    (v) => `${v["given"]} is not NAME or NAMESPACE/NAME`,
    "KubeVirt splits networkName at the first slash.",
  ),
  NETWORK_NOT_ALLOWED: error(
    (v) => `namespace ${v["namespace"]} may not use ${v["network"]}`,
    "A network of another namespace must be listed as shared in the configuration.",
  ),
  NETWORK_UNREADABLE: error(
    (v) => `NetworkAttachmentDefinition ${v["nad"]} holds no CNI configuration: ${v["problem"]}`,
    "Multus: failed to unmarshal Spec.Config; the pod would never start.",
  ),
  NAD_CONFIG_ON_NODES: warning(
    (v) => `${v["nad"]} holds no CNI configuration; the VM starts only on nodes that have a file for it`,
    "Multus then reads the network of that name in /etc/cni/multus/net.d of the node (GetCNIConfigFromFile: No networks found).",
  ),
  NAD_REFUSED_BY_PLUGIN: error(
    (v) => `the CNI plugin ${v["cni"]} refuses ${v["nad"]}: ${v["problem"]}`,
    "Read in the plugins' source and seen by running them: bridge and sriov fail at ADD, Open vSwitch refuses the port; the pod would never start.",
  ),
  NAD_CNI_VERSION: error(
    (v) => `${v["nad"]} ${v["problem"]}`,
    "Without cniVersion the result is of version 0.1.0, which cannot be without an address (cannot convert: no valid IP addresses); another than its own a plugin refuses: incompatible CNI versions.",
  ),
  NAD_RESOURCE_NAME_MISSING: error(
    (v) => `${v["nad"]} has no annotation k8s.v1.cni.cncf.io/resourceName, which ${v["cni"]} needs`,
    "Nothing asks for a device then (sriov-cni: LoadConf(): VF pci addr is required); the pod would never start.",
  ),
  NAD_VLAN_IGNORED: warning(
    (v) => `${v["nad"]} has a trunk, so that ovs-cni does not look at its VLAN ${v["vlan"]}`,
    "ovs-cni makes a trunk port without native VLAN (pkg/common).",
  ),
  IPAM_UNSUPPORTED: error(
    (v) => `${v["nad"]} has both ipam ${v["ipam"]} and disableContainerInterface`,
    "The bridge plugin: cannot use IPAM when DisableContainerInterface flag is set (plugins/main/bridge/bridge.go); the pod would never start.",
  ),
  IPAM_WITHOUT_EFFECT: warning(
    (v) =>
      `the guest never gets the addresses of ${v["nad"]}'s ipam ${v["ipam"]}: ${v["cni"]} hands the device over without them`,
    "A VF under vfio and a macvtap device have no address in the pod that KubeVirt could pass on.",
  ),
  IPAM_CONFLICT: warning(
    (v) => `${v["nad"]} gives an address by ipam ${v["ipam"]} too; of the two, only this one will be used`,
    "KubeVirt then reports the CNI's address, not the guest's, and the other one stays taken.",
  ),
  IPAM_PER_NODE: warning(
    (v) => `${v["nad"]}'s ipam ${v["ipam"]} counts on each node by itself; two VMs may get one address`,
    "host-local keeps its leases in files of the node.",
  ),
  TYPE_NAD_MISMATCH: error(
    (v) =>
      `type ${v["type"]} does not fit ${v["nad"]}, whose CNI type is ${v["cni"]}; it fits type ${v["fits"]}`,
    "The binding and the device would not match; KubeVirt notices nothing.",
  ),
  BINDING_UNSUPPORTED: error(
    (v) =>
      `${v["cni"]} cannot carry a VM: frames for the guest's MAC address are not delivered; ${v["instead"]}`,
    "KubeVirt user guide, invalid CNIs for secondary networks; kubevirt#5483, #7001.",
  ),
  BINDING_PLUGIN_MISSING: error(
    (v) =>
      `KubeVirt has no binding plugin ${v["plugin"]}; register it in the KubeVirt resource under spec.configuration.network.binding, or give the physical network implementation: bridge`,
    "virt-controller: couldn't find configuration for network binding; the pod is never made.",
  ),
  NODE_NETWORK_MISSING: error(
    (v) => `no node that takes VMs has the ${v["kind"]} ${v["bridge"]}`,
    "ovs-cni: failed to find bridge; the bridge plugin makes an empty bridge that leads nowhere.",
  ),
  NODE_NETWORK_PARTIAL: warning(
    (v) =>
      `the ${v["kind"]} ${v["bridge"]} is missing on ${v["where"]}; a VM there is cut off or does not start`,
    "Nothing keeps the VM away from such a node, unless the bridge's mark is asked for as a resource.",
  ),
  NODE_DEVICE_MISSING: error(
    (v) => `no node that takes VMs offers a device ${v["resource"]}`,
    "The scheduler: Insufficient RESOURCE; the pod stays Pending.",
  ),
  PHYSICAL_NETWORK_NOT_FOUND: error(
    (v) => `there is no physical network ${v["name"]}; known are ${v["known"]}`,
    "Physical networks are those of the service's configuration.",
  ),
  PHYSICAL_NETWORK_MISSING: error(
    (v) => `no physical network of type ${v["type"]} is configured as the default; name one, or a NAD`,
    "Without one nothing says which bridge or device of the node is meant.",
  ),
  PHYSICAL_NETWORK_TYPE_MISMATCH: error(
    (v) => `physical network ${v["name"]} is of type ${v["has"]}, not ${v["type"]}`,
    "The NIC would be attached in another way than asked for.",
  ),
  NETWORK_SOURCE_CONFLICT: error(
    () => "physicalNetwork and nadName exclude each other",
    "A given NAD already says where it attaches.",
  ),

  // VLAN and MTU
  VLAN_INVALID: error(
    (v) => `${v["given"]} is not a VLAN from 1 to 4094, or 0 for untagged`,
    "IEEE 802.1Q reserves 4095.",
  ),
  VLAN_NOT_ALLOWED: error(
    (v) => `physical network ${v["network"]} carries VLANs ${v["allowed"]}, not ${v["vlan"]}`,
    "The trunk to the node does not carry it, or it belongs to somebody else.",
  ),
  VLAN_RESERVED: error(
    (v) => `VLAN ${v["vlan"]} of physical network ${v["network"]} is reserved; it carries ${v["allowed"]}`,
    "The configuration keeps it for something else, such as storage; a VM in it would be among that traffic.",
  ),
  VLAN_FIXED_BY_NAD: error(
    (v) => `${v["nad"]} is on VLAN ${v["has"]}; a given NAD is never changed`,
    "The VLAN stands in the NAD's CNI configuration.",
  ),
  MTU_INVALID: error(
    (v) => `${v["given"]} is not an MTU from ${v["min"]} to 65535`,
    "RFC 791: every host takes 576 bytes, which answers of DHCP and DNS rely on; RFC 8200: every link carries 1280 with IPv6.",
  ),
  MTU_TOO_LARGE: error(
    (v) => `${v["network"]} carries frames up to ${v["max"]} bytes, not ${v["given"]}`,
    "Larger packets vanish without a word.",
  ),
  MTU_ABOVE_NODE: warning(
    (v) =>
      `bridge ${v["bridge"]} of node ${v["node"]} carries frames up to ${v["max"]} bytes, not ${v["given"]}`,
    "A bridge drops frames above its MTU, without a word.",
  ),

  // addresses
  IPMODE_CONFLICT: error(
    (v) => `mode ${v["mode"]} ${v["problem"]}`,
    "A NIC is either configured by hand or by DHCP.",
  ),
  ADDRESS_INVALID: error(
    (v) => `${v["given"]} is not an address with prefix length such as 10.0.1.100/24: ${v["problem"]}`,
    "netplan refuses the whole file.",
  ),
  ADDRESS_IS_NETWORK: error(
    (v) =>
      `${v["given"]} is the network itself, or its broadcast address; hosts are ${v["first"]} to ${v["last"]}`,
    "RFC 1122 3.2.1.3: neither may be a host's address.",
  ),
  ADDRESS_DUPLICATE_IN_VM: error(
    (v) => `${v["address"]} is also an address of networks[${v["first"]}]`,
    "One address on two NICs answers on one of them.",
  ),
  ADDRESS_IN_USE: error(
    (v) => `${v["address"]} is the address of ${v["whose"]} on the same network`,
    "Two stations with one address answer for each other (RFC 5227); stopped VMs will start again.",
  ),
  ADDRESS_IN_USE_ELSEWHERE: warning(
    (v) => `${v["address"]} is also the address of a VM of another namespace on the same network`,
    "Two stations with one address answer for each other (RFC 5227).",
  ),
  ADDRESS_CLUSTER_OVERLAP: warning(
    (v) => `${v["subnet"]} overlaps ${v["cluster"]}, ${v["what"]}; the guest cannot reach that any more`,
    "The guest has a NIC on the pod network too, and the more direct route wins.",
  ),
  SUBNET_OVERLAP: warning(
    (v) =>
      `${v["subnet"]} overlaps ${v["other"]} of networks[${v["first"]}]; what is in both leaves by ${v["winner"]}`,
    "The kernel takes the longest prefix, then the lowest metric (ARP flux).",
  ),
  GATEWAY_INVALID: error(
    (v) => `${v["given"]} is not an address such as 10.0.1.1: ${v["problem"]}`,
    "netplan refuses the whole file.",
  ),
  GATEWAY_UNREACHABLE: error(
    (v) => `${v["gateway"]} is outside ${v["subnets"]}`,
    "A next hop must be on the link (Linux: Nexthop has invalid gateway).",
  ),
  GATEWAY_IS_SELF: error(
    (v) => `${v["gateway"]} is the NIC's own address`,
    "A host is not its own next hop.",
  ),
  DEFAULT_ROUTE_CONFLICT: error(
    (v) => `networks[${v["first"]}] has a default route of metric ${v["metric"]} too`,
    "Which one wins is left to chance; netplan warns of conflicting default routes (src/validation.c).",
  ),
  DNS_INVALID: error(
    (v) => `${v["given"]} is not an IP address: ${v["problem"]}`,
    "A name server is named by its address.",
  ),
  DNS_TOO_MANY: warning(
    (v) => `${v["count"]} name servers; resolvers use three`,
    "resolv.conf(5): MAXNS is 3.",
  ),
  SEARCH_DOMAIN_INVALID: error(
    (v) => `${v["given"]} is not a domain name`,
    "RFC 1123: labels of letters, digits and hyphens, at most 253 characters; a resolver drops anything else.",
  ),
  SEARCH_DOMAINS_WITHOUT_SERVERS: warning(
    () => "search domains reach the guest together with dnsServers only; there are none",
    "cloud-init refuses a whole network-config with nameservers.search and no nameservers.addresses (cloudinit/net/network_state.py).",
  ),

  // routes
  ROUTE_DESTINATION_INVALID: error(
    (v) => `${v["given"]} is not a network such as 192.168.0.0/16: ${v["problem"]}`,
    "netplan refuses the whole file.",
  ),
  ROUTE_HOST_BITS: error(
    (v) => `${v["given"]} has host bits set; the network address is ${v["network"]}`,
    "Linux refuses such a route, and netplan then refuses every NIC of the file.",
  ),
  ROUTE_FAMILY_MISMATCH: error(
    (v) => `${v["destination"]} and ${v["gateway"]} are of different families`,
    "An IPv4 route needs an IPv4 next hop.",
  ),
  ROUTE_GATEWAY_UNREACHABLE: error(
    (v) => `${v["gateway"]} is outside ${v["subnets"]}`,
    "A next hop must be on the link (Linux: Nexthop has invalid gateway).",
  ),
  ROUTE_METRIC_INVALID: error(
    (v) => `${v["given"]} is not a metric from 0 to 4294967295`,
    "The kernel's metric has 32 bits.",
  ),
  ROUTE_DUPLICATE: error(
    (v) => `networks[${v["nic"]}].routes[${v["first"]}] has the same destination and metric`,
    "The kernel keeps one of them (RTNETLINK answers: File exists).",
  ),
  ROUTE_GATEWAY_INDIRECT: error(
    (v) =>
      `${v["gateway"]} would itself be reached by ${v["via"]}, because of the route to ${v["destination"]}`,
    "Linux refuses such an IPv6 route (net/ipv6/route.c ip6_route_check_nh: No route to host).",
  ),
  ROUTE_INSIDE_SUBNET: warning(
    (v) => `${v["destination"]} is on the link of ${v["nic"]} (${v["subnet"]}): ${v["effect"]}`,
    "The kernel takes the longest prefix, then the lowest metric: 0 for an IPv4 subnet, 256 for an IPv6 one.",
  ),
  REPLY_ASYMMETRIC: warning(
    (v) =>
      `traffic that arrives on ${v["nic"]} from ${v["from"]} leaves by ${v["winner"]}, whose route has metric ${v["metric"]}, not ${v["own"]}`,
    "Firewalls and strict reverse-path filters drop replies by another NIC; never mended unasked, since rules broke users (cloud-init#5249).",
  ),

  // source-based rules
  ROUTING_POLICY_UNSUPPORTED: error(
    (v) => `routing: policy needs netplan or nmstate in the guest; ${v["problem"]}`,
    "The other renderers drop rules, and put the routes of other tables into the main one (cloud-init#4862; measured with cloud-init devel net-convert).",
  ),
  ROUTING_POLICY_SKIPS_DHCP: row(
    "info",
    (v) =>
      `${v["nic"]} gets no rule, since DHCP tells its address only later; replies beyond its subnet leave by ${v["winner"]}`,
    "A rule names a source address; netplan has no table for what DHCP offers.",
  ),
  ROUTING_POLICY_EMPTY: row(
    "info",
    () => "routing: policy changes nothing: no NIC has both a static address and a gateway or a route",
    "Rules are for NICs that lead beyond their own subnets.",
  ),

  // a VM that exists
  RECORD_UNREADABLE: warning(
    (v) =>
      `the record of what was asked of this VM cannot be read (${v["problem"]}); the VM is read from its objects instead, and applying it writes the record again`,
    "Whoever may edit the VM may edit its annotation multinic.novasphere.dev/spec. What no object shows, such as a priority or a DNS domain without a server, is lost with the record.",
  ),

  // a VM that somebody else made
  ADOPTED_MACHINE_DIFFERS: error(
    (v) => `of a VM that was not made here only the NICs can be taken over; this is ${v["has"]}`,
    "The rest belongs to whoever made the VM: it is left out of the request, or as it is.",
  ),
  ADOPTED_CONFIG_DRIVE: error(
    () => "this VM's cloud-init comes on a config drive; make it cloudInitNoCloud first",
    "KubeVirt writes a config drive's network data as OpenStack's network_data.json, which is no network-config of version 2.",
  ),
  ADOPTION_ADDS_CLOUD_INIT: warning(
    () =>
      "this VM has no cloud-init; a disk with it is added, and a guest that runs cloud-init takes itself for a new instance at its next start",
    "A new instance-id makes cloud-init run its per-instance modules, such as new SSH host keys (cloud-init, boot stages).",
  ),
  ADOPTION_CHANGES_GUEST: warning(
    (v) => `${v["note"]}`,
    "The network-config is written anew from the NICs; what no field says is not in it any more.",
  ),

  // judges further on
  REFUSED_BY_CLUSTER: error(
    (v) => `${v["message"]}`,
    "The API server or KubeVirt's admission refused the object in a dry run.",
  ),
} as const satisfies Record<string, Row>;

export type FindingCode = keyof typeof findingTable;

/** A finding of that code at that field. */
export function finding(
  code: FindingCode,
  field: string,
  values: FindingValues = {},
  more: { readonly fix?: Fix; readonly related?: readonly string[] } = {},
): Finding {
  const { severity, message } = findingTable[code];
  return { code, severity, field, message: message(values), ...more };
}

/**
 * What could not be read of the input, then what its check found, where these two meet: a finding at a field that could
 * not be read, or below one, is a consequence of that and left out.
 */
export function withUnread<F extends Pick<Finding, "field">>(
  unread: readonly F[],
  found: readonly F[],
): readonly F[] {
  const isConsequence = ({ field }: F): boolean =>
    unread.some((one) => field === one.field || field.startsWith(`${one.field}.`));
  return [...unread, ...found.filter((one) => !isConsequence(one))];
}

/** True when one of them stops the writing. */
export function hasErrors(findings: readonly Finding[]): boolean {
  return findings.some(({ severity }) => severity === "error");
}
