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

interface Row<V> {
  readonly severity: Severity;
  readonly message: (values: V) => string;
  /** Why it cannot work, or why the caller should know; with its source. */
  readonly why: string;
}

/** The values of a message without any. */
type NoValues = Readonly<Record<string, never>>;

const row =
  (severity: Severity) =>
  <V = NoValues>(message: (values: Readonly<V>) => string, why: string): Row<Readonly<V>> => ({
    severity,
    message,
    why,
  });
const error = row("error");
const warning = row("warning");
const info = row("info");

/** An empty text would leave a message without its subject. */
const shown = (given: string): string => (given === "" ? '""' : given);

/** The table: severity, message with its values, reason. Rows are grouped by subject. */
export const findingTable = {
  // the document
  DOCUMENT_INVALID: error<{ problem: string }>(
    (v) => v.problem,
    "The input must be one YAML or JSON mapping.",
  ),
  UNKNOWN_FIELD: error<{ name: string; known: string }>(
    (v) => `unknown field ${v.name}${v.known === "" ? "" : `; known fields are ${v.known}`}`,
    "A misspelt field would otherwise be ignored silently.",
  ),
  WRONG_TYPE: error<{ expected: string; given: string }>(
    (v) => `must be ${v.expected}, not ${v.given}`,
    "The value is not of the field's type.",
  ),
  VALUE_UNKNOWN: error<{ given: string; known: string }>(
    (v) => `${v.given} is not one of ${v.known}`,
    "The field takes one of a fixed set of values.",
  ),
  FIELD_REQUIRED: error<{ name: string }>((v) => `${v.name} is required`, "There is no sensible default."),

  // the machine
  VM_NAME_INVALID: error<{ given: string }>(
    (v) => `${shown(v.given)} is not a DNS label of at most 63 lower-case letters, digits and hyphens`,
    "The name becomes a label of the VM's pod (a Kubernetes label value has at most 63 characters) and the guest's host name.",
  ),
  NAMESPACE_INVALID: error<{ given: string }>(
    (v) => `${shown(v.given)} is not a DNS label`,
    "Kubernetes rejects such a name.",
  ),
  NAMESPACE_NOT_FOUND: error<{ namespace: string }>(
    (v) => `namespace ${v.namespace} does not exist; create it first`,
    "Permissions and quotas depend on the namespace, so multinic never creates one.",
  ),
  CPU_INVALID: error<{ given: number; max: number }>(
    (v) => `${v.given} is not a number of CPUs from 1 to ${v.max}`,
    "KubeVirt needs at least one core.",
  ),
  MEMORY_INVALID: error<{ given: string }>(
    (v) =>
      `${shown(v.given)} is not a Kubernetes quantity of whole bytes, at least 1Mi, such as 4Gi or 512Mi`,
    "KubeVirt takes the memory as a Kubernetes quantity; no guest starts with less than 1Mi.",
  ),
  DISK_SOURCE_INVALID: error<{ count: number }>(
    (v) =>
      `a disk needs exactly one of containerImage, persistentVolumeClaim and dataVolume; this one has ${v.count}`,
    "KubeVirt: volumes[i] must have exactly one source type set.",
  ),
  DISK_NAME_INVALID: error<{ given: string }>(
    (v) => `${shown(v.given)} is not a DNS label, or is the name of another disk`,
    "KubeVirt: disk and volume names are unique; cloudinitdisk is the name of the cloud-init disk.",
  ),
  OBJECT_NAME_INVALID: error<{ given: string }>(
    (v) =>
      `${shown(v.given)} is not a valid name of a Kubernetes object: at most 253 lower-case letters, digits, - and .`,
    "Such an object cannot exist, so the VM would wait for it forever.",
  ),
  USER_DATA_SOURCE_INVALID: error<{ count: number }>(
    (v) => `user-data needs exactly one of text and secretName; it has ${v.count}`,
    "KubeVirt: must have only one userdatasource set.",
  ),
  USER_DATA_KEEPS_FIRST_NETWORK: warning(
    () =>
      "this user-data does not set updates.network.when: [boot], so the guest keeps the network configuration of its first boot",
    "After the first boot, cloud-init applies a network-config only with that policy (cloudinit/stages.py apply_network_config).",
  ),
  USER_DATA_UNREAD: info<{ name: string }>(
    (v) =>
      `multinic does not read Secret ${v.name}; later network changes reach the guest only if the user-data in it sets updates.network.when: [boot]`,
    "multinic never reads a Secret that it did not create.",
  ),
  NMSTATE_NEEDS_USER_DATA: error<{ source: string }>(
    (v) =>
      `NMState configuration is passed in the user-data, which comes from ${v.source}, so multinic cannot add to it; use userData.text, or leave out guestConfig`,
    "KubeVirt gives a guest one user-data, from one Secret, and multinic never changes an object that it did not create.",
  ),
  USER_DATA_IGNORED: warning<{ problem: string }>(
    (v) => `cloud-init ignores this user-data: ${v.problem}`,
    "cloud-init determines the kind of user-data from its first line, and drops what it cannot read (cloudinit/user_data.py, handlers/cloud_config.py).",
  ),
  USER_DATA_UNCHECKED: warning<{ problem: string }>(
    (v) => `multinic did not check this user-data: ${v.problem}`,
    "It may configure networks, or keep the guest from applying a later network configuration. The limits bound the time of a check; user-data of that size is rare.",
  ),
  USER_DATA_CONFIGURES_NETWORK: warning<{ what: string }>(
    (v) => `this user-data also configures networks: ${v.what}`,
    "User-data cannot change an instance's network configuration (cloud-init network-config.rst), and network files that it writes conflict with those from multinic.",
  ),
  GUEST_CONFIG_UNREAD: warning<{ guest: string; nics: string }>(
    (v) => `${v.guest} does not read cloud-init's network-config; configure ${v.nics} inside the guest`,
    "Addresses, routes, MTU and DNS servers reach the guest only through cloud-init.",
  ),
  GUEST_LOSES_DEFAULT_ROUTE_NEVER: warning<{ renderer: string; versions: string }>(
    (v) =>
      `${v.renderer} always uses the routes that DHCP offers (${v.versions}); configure the DHCP server not to offer a default route, or give the NIC a static address`,
    "cloud-init passes use-routes only to netplan and networkd (cloudinit/net/network_state.py).",
  ),
  GUEST_LOSES_NAME_SERVERS: warning<{ renderer: string; what: string; versions: string }>(
    (v) => `${v.renderer} drops ${v.what} (${v.versions})`,
    "The renderer writes DNS servers only next to addresses of the same family.",
  ),
  GUEST_LOSES_METRIC: warning<{ renderer: string; what: string; versions: string }>(
    (v) => `${v.renderer} drops the metric of ${v.what} (${v.versions})`,
    "The renderer has one metric for all default routes of a NIC.",
  ),
  GUEST_LOSES_NETWORKS: error<{ renderer: string; what: string; versions: string }>(
    (v) =>
      `${v.renderer} cannot configure ${v.what} (${v.versions}), and then configures no NIC at all; put that route on a separate NIC`,
    "cloud-init's network-manager renderer fails with KeyError before it has written anything.",
  ),
  GUEST_NEEDS_CLOUD_INIT: info<{ renderer: string; version: string; what: string }>(
    (v) => `with ${v.renderer}, cloud-init before ${v.version} drops ${v.what}`,
    "Measured with cloud-init releases from 22.4 to 26.2; see docs/guest-config.md.",
  ),
  LABEL_INVALID: error<{ given: string; problem: string }>(
    (v) => `${shown(v.given)} is not valid in a label: ${v.problem}`,
    "The API server rejects an object with such a label (apimachinery IsQualifiedName, IsValidLabelValue).",
  ),
  LABEL_RESERVED: error<{ key: string }>(
    (v) => `${v.key} is reserved; choose a key below a domain of your own, or one without a domain`,
    "Kubernetes reserves kubernetes.io and k8s.io for its own components, KubeVirt acts on labels below kubevirt.io, and multinic recognises its objects by its own labels and by app.kubernetes.io/managed-by.",
  ),
  NAME_TAKEN: error<{ kind: string; name: string }>(
    (v) => `${v.kind} ${v.name} already exists and was not created for this VM`,
    "multinic never overwrites an object that it did not create.",
  ),

  // the NIC
  NETWORKS_EMPTY: error(
    () => "a VM needs at least one NIC",
    "Without NICs multinic has nothing to configure.",
  ),
  NIC_NAME_INVALID: error<{ given: string }>(
    (v) =>
      `${shown(v.given)} is not a NIC name: 1 to 15 lower-case letters, digits and hyphens, with a letter or digit first and last`,
    "It becomes the interface name in the guest (Linux IFNAMSIZ, 15 characters) and the alias in libvirt.",
  ),
  NIC_NAME_RESERVED: error<{ given: string }>(
    (v) => `${v.given} cannot be the name of an interface; the kernel reserves it`,
    "lo is the loopback device; all and default name the kernel's settings for all interfaces (/proc/sys/net/ipv4/conf).",
  ),
  NIC_NAME_DUPLICATE: error<{ name: string; first: number }>(
    (v) => `${v.name} is also the name of networks[${v.first}]`,
    "KubeVirt: every network must have a unique name.",
  ),
  LIMIT_EXCEEDED: error<{ count: number; what: string; max: number }>(
    (v) => `${v.count} ${v.what}; the maximum is ${v.max}`,
    "The q35 machine has 32 PCI slots (KubeVirt docs/pci-topology.md), a Secret holds 1 MiB, and all annotations of an object together 256 KiB. systemd-resolved takes 256 DNS servers and 256 search domains of a link (resolved-link.h LINK_DNS_SERVERS_MAX, LINK_SEARCH_DOMAINS_MAX). Routes, addresses and rules are limited to far more than a VM needs, so that no input keeps the service busy.",
  ),
  PRIMARY_AMBIGUOUS: error<{ first: number }>(
    (v) => `networks[${v.first}] is also primary; a VM has one primary NIC`,
    "Only one NIC can have the default route with the lowest metric.",
  ),
  LINK_STATE_UNSUPPORTED: error(
    () => "the link of an SR-IOV NIC cannot be set down",
    "KubeVirt: interface state is not supported for SR-IOV NICs (pkg/network/admitter/admit.go).",
  ),
  POD_NETWORK_DUPLICATE: error<{ first: number }>(
    (v) => `networks[${v.first}] is already on the pod network`,
    "KubeVirt: more than one interface is connected to a pod network.",
  ),
  POD_FIELD_UNSUPPORTED: error<{ name: string }>(
    (v) => `${v.name} cannot be set for a NIC on the pod network`,
    "On the pod network the guest gets one address from KubeVirt's own DHCP server, behind masquerade.",
  ),

  // MAC
  MAC_INVALID: error<{ given: string }>(
    (v) => `${shown(v.given)} is not a MAC address such as 02:00:5e:10:00:01`,
    "KubeVirt: malformed MAC address.",
  ),
  MAC_MULTICAST: error<{ mac: string; unicast: string }>(
    (v) => `${v.mac} is a multicast address; the unicast address is ${v.unicast}`,
    "Frames whose source address has the group bit set are dropped (IEEE 802).",
  ),
  MAC_RESERVED: error<{ mac: string }>(
    (v) => `${v.mac} is reserved`,
    "00:00:00:00:00:00 is not a valid address; 02:00:00:00:00:00 belongs to KubeVirt's in-pod bridge.",
  ),
  MAC_DUPLICATE_IN_VM: error<{ mac: string; first: number }>(
    (v) => `${v.mac} is also the MAC address of networks[${v.first}]`,
    "The guest's configuration identifies NICs by their MAC addresses, so it cannot distinguish these two.",
  ),
  MAC_IN_USE: error<{ mac: string; whose: string }>(
    (v) => `${v.mac} is the MAC address of ${v.whose} on the same network`,
    "Two hosts with the same MAC address on one network receive each other's frames; a VM that is stopped now may start later.",
  ),

  // what it attaches to
  NETWORK_NOT_FOUND: error<{ nad: string }>(
    (v) => `NetworkAttachmentDefinition ${v.nad} does not exist`,
    "Multus: cannot find a network-attachment-definition; the pod would never start.",
  ),
  NETWORK_NAME_INVALID: error<{ given: string }>(
    (v) => `${shown(v.given)} is not NAME or NAMESPACE/NAME`,
    "KubeVirt splits networkName at the first slash.",
  ),
  NETWORK_NOT_ALLOWED: error<{ namespace: string; network: string }>(
    (v) => `namespace ${v.namespace} may not use ${v.network}`,
    "A NAD of another namespace can be used only if the catalogue lists it in sharedNads; the catalogue may also limit a physical network to some namespaces.",
  ),
  NETWORK_UNREADABLE: error<{ nad: string; problem: string }>(
    (v) => `NetworkAttachmentDefinition ${v.nad} has no valid CNI configuration: ${v.problem}`,
    "Multus: failed to unmarshal Spec.Config; the pod would never start.",
  ),
  NAD_CONFIG_ON_NODES: warning<{ nad: string }>(
    (v) => `${v.nad} contains no CNI configuration; the VM starts only on nodes that have it in a file`,
    "Multus then reads the network of that name from /etc/cni/multus/net.d on the node (without it, GetCNIConfigFromFile: No networks found).",
  ),
  NAD_REFUSED_BY_PLUGIN: error<{ cni: string; nad: string; problem: string }>(
    (v) => `the CNI plugin ${v.cni} rejects ${v.nad}: ${v.problem}`,
    "From the plugins' source, and confirmed by running them: bridge and sriov fail at ADD, Open vSwitch rejects the port; the pod would never start.",
  ),
  NAD_CNI_VERSION: error<{ nad: string; problem: string }>(
    (v) => `${v.nad} ${v.problem}`,
    "Without cniVersion the result has version 0.1.0, which requires an address (cannot convert: no valid IP addresses); a plugin rejects a version that it does not support (incompatible CNI versions).",
  ),
  NAD_RESOURCE_NAME_MISSING: error<{ nad: string; cni: string }>(
    (v) => `${v.nad} has no annotation k8s.v1.cni.cncf.io/resourceName, which ${v.cni} needs`,
    "Without it nothing requests a device (sriov-cni: LoadConf(): VF pci addr is required); the pod would never start.",
  ),
  NAD_VLAN_IGNORED: warning<{ nad: string; vlan: number }>(
    (v) => `${v.nad} has a trunk, so ovs-cni ignores its VLAN ${v.vlan}`,
    "ovs-cni creates a trunk port without a native VLAN (pkg/common).",
  ),
  IPAM_UNSUPPORTED: error<{ nad: string; ipam: string }>(
    (v) => `${v.nad} has both ipam ${v.ipam} and disableContainerInterface, which the bridge plugin rejects`,
    "The bridge plugin: cannot use IPAM when DisableContainerInterface flag is set (plugins/main/bridge/bridge.go); the pod would never start.",
  ),
  IPAM_WITHOUT_EFFECT: warning<{ nad: string; ipam: string; cni: string }>(
    (v) =>
      `ipam ${v.ipam} of ${v.nad} has no effect: ${v.cni} gives the guest the device without its addresses`,
    "A VF under vfio and a macvtap device have no address in the pod that KubeVirt could pass on.",
  ),
  IPAM_CONFLICT: warning<{ nad: string; ipam: string }>(
    (v) => `ipam ${v.ipam} of ${v.nad} also assigns an address; the guest uses only the one given here`,
    "KubeVirt then reports the address from the CNI plugin, not the guest's, and the unused address stays allocated.",
  ),
  IPAM_PER_NODE: warning<{ nad: string; ipam: string }>(
    (v) =>
      `ipam ${v.ipam} of ${v.nad} assigns addresses on each node separately; two VMs may get the same address`,
    "host-local keeps its leases in files on the node.",
  ),
  TYPE_NAD_MISMATCH: error<{ type: string; nad: string; cni: string; fits: string }>(
    (v) => `type ${v.type} does not fit ${v.nad}, whose CNI type is ${v.cni}; use type ${v.fits}`,
    "The binding would not match the device, and KubeVirt does not check it.",
  ),
  BINDING_UNSUPPORTED: error<{ cni: string; instead: string }>(
    (v) => `${v.cni} cannot carry a VM: frames for the guest's MAC address are not delivered; ${v.instead}`,
    "KubeVirt user guide, invalid CNIs for secondary networks; kubevirt#5483, #7001.",
  ),
  BINDING_PLUGIN_MISSING: error<{ plugin: string }>(
    (v) =>
      `KubeVirt has no binding plugin ${v.plugin}; register it in the KubeVirt resource under spec.configuration.network.binding, or set implementation: bridge for the physical network`,
    "virt-controller: couldn't find configuration for network binding; the pod is never created.",
  ),
  NODE_NETWORK_MISSING: error<{ kind: string; bridge: string }>(
    (v) => `no node that can run VMs has the ${v.kind} ${v.bridge}`,
    "ovs-cni: failed to find bridge; the bridge plugin creates a bridge that is not connected to anything.",
  ),
  NODE_NETWORK_PARTIAL: warning<{ kind: string; bridge: string; where: string }>(
    (v) =>
      `the ${v.kind} ${v.bridge} is missing on ${v.where}; a VM there has no connection or does not start`,
    "Nothing keeps the VM away from such a node, unless the pod requests the bridge's marker as a resource.",
  ),
  NODE_DEVICE_MISSING: error<{ resource: string }>(
    (v) => `no node that can run VMs offers the device resource ${v.resource}`,
    "The scheduler: Insufficient RESOURCE; the pod stays Pending.",
  ),
  PHYSICAL_NETWORK_NOT_FOUND: error<{ name: string; known: string }>(
    (v) => `there is no physical network ${v.name}; the catalogue has ${v.known}`,
    "Physical networks are defined in the service's catalogue.",
  ),
  PHYSICAL_NETWORK_MISSING: error<{ type: string }>(
    (v) => `the catalogue has no default physical network of type ${v.type}; set physicalNetwork or nadName`,
    "Without one, multinic cannot know which bridge or device of the node to use.",
  ),
  PHYSICAL_NETWORK_TYPE_MISMATCH: error<{ name: string; has: string; type: string }>(
    (v) => `physical network ${v.name} is of type ${v.has}, not ${v.type}`,
    "The NIC would be attached in another way than its type says.",
  ),
  NETWORK_SOURCE_CONFLICT: error(
    () => "physicalNetwork and nadName cannot be combined",
    "The NAD already defines what the NIC is attached to.",
  ),

  // VLAN and MTU
  VLAN_INVALID: error<{ given: number }>(
    (v) => `${v.given} is not a VLAN from 1 to 4094, or 0 for untagged`,
    "IEEE 802.1Q reserves 4095.",
  ),
  VLAN_NOT_ALLOWED: error<{ network: string; allowed: string; vlan: number }>(
    (v) => `physical network ${v.network} carries VLANs ${v.allowed}, not ${v.vlan}`,
    "The catalogue does not list this VLAN: the trunk to the node does not carry it, or it is assigned to others.",
  ),
  VLAN_RESERVED: error<{ vlan: number; network: string; allowed: string }>(
    (v) => `VLAN ${v.vlan} of physical network ${v.network} is reserved; NICs may use ${v.allowed}`,
    "The catalogue reserves it for another purpose, such as storage; a VM on it could see and disturb that traffic.",
  ),
  VLAN_FIXED_BY_NAD: error<{ nad: string; has: number }>(
    (v) =>
      `${v.nad} is ${v.has === 0 ? "untagged" : `on VLAN ${v.has}`}, and multinic never changes an existing NAD`,
    "The VLAN is part of the NAD's CNI configuration.",
  ),
  NAD_VLAN_UNKNOWN: warning<{ nad: string; cni: string; given: number }>(
    (v) =>
      `${v.nad} may be on any VLAN: its ${v.cni} configuration does not show one that multinic reads, so ${v.given} has no effect`,
    "multinic never changes an existing NAD. The VLAN of a macvtap NAD is that of its device plugin resource, if a physical network of the catalogue names it.",
  ),
  MTU_INVALID: error<{ given: number; min: number }>(
    (v) => `${v.given} is not an MTU from ${v.min} to 65535`,
    "RFC 791: every host accepts 576 bytes, which DHCP and DNS responses rely on; RFC 8200: every link with IPv6 carries 1280.",
  ),
  MTU_TOO_LARGE: error<{ network: string; max: number; given: number }>(
    (v) => `${v.network} carries packets of up to ${v.max} bytes, not ${v.given}`,
    "Larger packets are dropped silently.",
  ),
  MTU_ABOVE_NODE: warning<{ bridge: string; node: string; max: number; given: number }>(
    (v) => `bridge ${v.bridge} on node ${v.node} carries packets of up to ${v.max} bytes, not ${v.given}`,
    "A bridge silently drops packets that are larger than its MTU.",
  ),

  // addresses
  IPMODE_CONFLICT: error<{ mode: string; problem: string }>(
    (v) => `mode ${v.mode} ${v.problem}`,
    "A NIC is configured either statically or by DHCP.",
  ),
  ADDRESS_INVALID: error<{ given: string; problem: string }>(
    (v) => `${shown(v.given)} is not an address with prefix length such as 10.0.1.100/24: ${v.problem}`,
    "netplan rejects the whole file.",
  ),
  ADDRESS_IS_NETWORK: error<{ given: string; first: string; last: string }>(
    (v) =>
      `${v.given} is the network or broadcast address of its subnet; host addresses are ${v.first} to ${v.last}`,
    "RFC 1122 3.2.1.3: neither may be the address of a host.",
  ),
  ADDRESS_IS_BROADCAST: error<{ address: string; subnet: string; index: number }>(
    (v) => `${v.address} is the broadcast address of ${v.subnet}, a subnet of networks[${v.index}]`,
    "Linux accepts no route whose source is a broadcast address (fib_valid_prefsrc in net/ipv4/fib_semantics.c), so the address's own subnet gets no route.",
  ),
  ADDRESS_DUPLICATE_IN_VM: error<{ address: string; first: number }>(
    (v) => `${v.address} is also an address of networks[${v.first}]`,
    "An address on two NICs works on only one of them.",
  ),
  ADDRESS_IN_USE: error<{ address: string; whose: string }>(
    (v) => `${v.address} is the address of ${v.whose} on the same network`,
    "Two hosts with the same address answer for each other (RFC 5227); a VM that is stopped now may start later.",
  ),
  ADDRESS_IN_USE_ELSEWHERE: warning<{ address: string }>(
    (v) => `${v.address} is also the address of a VM in another namespace on the same network`,
    "Two hosts with the same address answer for each other (RFC 5227).",
  ),
  ADDRESS_CLUSTER_OVERLAP: warning<{ subnet: string; cluster: string; what: string }>(
    (v) => `${v.subnet} overlaps ${v.cluster}, ${v.what}; the guest cannot reach all of ${v.cluster}`,
    "The guest also has a NIC on the pod network, and the more specific route wins.",
  ),
  SUBNET_OVERLAP: warning<{ subnet: string; other: string; first: number; winner: string }>(
    (v) =>
      `${v.subnet} overlaps ${v.other} of networks[${v.first}]; traffic to addresses in both leaves through ${v.winner}`,
    "The kernel takes the longest prefix, then the lowest metric (ARP flux).",
  ),
  GATEWAY_INVALID: error<{ given: string; problem: string }>(
    (v) => `${shown(v.given)} is not a gateway address such as 10.0.1.1: ${v.problem}`,
    "netplan rejects the whole file.",
  ),
  GATEWAY_UNREACHABLE: error<{ gateway: string; subnets: string }>(
    (v) => `${v.gateway} is outside ${v.subnets}`,
    "A next hop must be on the link (Linux: Nexthop has invalid gateway).",
  ),
  GATEWAY_IS_SELF: error<{ gateway: string }>(
    (v) => `${v.gateway} is the NIC's own address`,
    "A host cannot be its own next hop.",
  ),
  DEFAULT_ROUTE_CONFLICT: error<{ first: number; metric: number }>(
    (v) => `networks[${v.first}] also has a default route with metric ${v.metric}`,
    "Which one wins is undefined; netplan warns of conflicting default routes (src/validation.c).",
  ),
  DNS_INVALID: error<{ given: string; problem: string }>(
    (v) => `${shown(v.given)} is not an IP address: ${v.problem}`,
    "A DNS server is given by its address.",
  ),
  DNS_TOO_MANY: warning<{ count: number }>(
    (v) => `${v.count} DNS servers; resolvers use the first three`,
    "resolv.conf(5): MAXNS is 3.",
  ),
  SEARCH_DOMAIN_INVALID: error<{ given: string }>(
    (v) => `${shown(v.given)} is not a domain name`,
    "RFC 1123: labels of letters, digits and hyphens, at most 253 characters; a resolver drops anything else.",
  ),
  SEARCH_DOMAINS_WITHOUT_SERVERS: warning(
    () => "search domains reach the guest only together with dnsServers, and there are none",
    "cloud-init rejects a whole network-config that has nameservers.search without nameservers.addresses (cloudinit/net/network_state.py).",
  ),

  // routes
  ROUTE_DESTINATION_INVALID: error<{ given: string; problem: string }>(
    (v) => `${shown(v.given)} is not a network such as 192.168.0.0/16: ${v.problem}`,
    "netplan rejects the whole file.",
  ),
  ROUTE_HOST_BITS: error<{ given: string; network: string }>(
    (v) => `${v.given} has host bits set; the network address is ${v.network}`,
    "Linux rejects such a route, and netplan then rejects the whole file, with every NIC in it.",
  ),
  ROUTE_FAMILY_MISMATCH: error<{ destination: string; gateway: string }>(
    (v) => `${v.destination} and ${v.gateway} are of different address families`,
    "An IPv4 route needs an IPv4 next hop.",
  ),
  ROUTE_GATEWAY_UNREACHABLE: error<{ gateway: string; subnets: string }>(
    (v) => `${v.gateway} is outside ${v.subnets}`,
    "A next hop must be on the link (Linux: Nexthop has invalid gateway).",
  ),
  ROUTE_METRIC_INVALID: error<{ given: number }>(
    (v) => `${v.given} is not a metric from 0 to 4294967295`,
    "The kernel's metric has 32 bits.",
  ),
  ROUTE_DUPLICATE: error<{ first: string }>(
    (v) => `${v.first} has the same destination and metric`,
    "The kernel keeps only one of them (RTNETLINK answers: File exists).",
  ),
  ROUTE_GATEWAY_INDIRECT: error<{ gateway: string; via: string; destination: string }>(
    (v) => `the route to ${v.destination} would make ${v.gateway} itself reachable only through ${v.via}`,
    "Linux rejects such an IPv6 route (net/ipv6/route.c ip6_route_check_nh: No route to host).",
  ),
  ROUTE_INSIDE_SUBNET: warning<{ destination: string; nic: string; subnet: string; effect: string }>(
    (v) => `${v.destination} is in the subnet of ${v.nic} (${v.subnet}): ${v.effect}`,
    "The kernel takes the longest prefix, then the lowest metric: 0 for an IPv4 subnet, 256 for an IPv6 one.",
  ),
  REPLY_ASYMMETRIC: warning<{ nic: string; from: string; winner: string; metric: number; own: number }>(
    (v) =>
      `replies to traffic that arrives on ${v.nic} from ${v.from} leave through ${v.winner}, whose route has the lower metric (${v.metric}, not ${v.own})`,
    "Firewalls and strict reverse-path filters drop replies that leave through another NIC; multinic adds rules only on request, because automatic rules have broken users' networks (cloud-init#5249).",
  ),

  // source-based rules
  ROUTING_POLICY_UNSUPPORTED: error<{ problem: string }>(
    (v) => `routing: policy needs guest.renderer netplan or guestConfig nmstate; ${v.problem}`,
    "The other renderers drop rules, and put the routes of other tables into the main table (cloud-init#4862; measured with cloud-init devel net-convert).",
  ),
  ROUTING_POLICY_SKIPS_DHCP: info<{ nic: string; winner: string }>(
    (v) =>
      `${v.nic} gets no rule, because its address is known only after DHCP; replies to addresses beyond its subnet leave through ${v.winner}`,
    "A rule needs a source address, and netplan cannot put the routes that DHCP offers into another table.",
  ),
  ROUTING_POLICY_EMPTY: info(
    () => "routing: policy has no effect: no NIC has both a static address and a gateway or a route",
    "Only NICs with routes beyond their own subnets need rules.",
  ),

  // a VM that exists
  RECORD_UNREADABLE: warning<{ problem: string }>(
    (v) =>
      `the record of this VM's requested configuration cannot be read (${v.problem}); until the next apply writes it again, the configuration is read from the VM's objects`,
    "Anyone who may edit the VM can edit the record, its annotation multinic.novasphere.dev/spec. Settings that no object shows, such as a priority or a search domain without a DNS server, are lost with it.",
  ),

  MACHINE_RESET: warning<{ name: string; was: string | number; becomes: string | number }>(
    (v) =>
      `${v.name} is absent, so it is reset from ${v.was} to the default, ${v.becomes}; give the value, or name the fields to apply in updateMask`,
    "Without an update mask, an apply replaces the whole requested configuration, so a caller that owns only the NICs would reset the machine unnoticed.",
  ),

  // a VM that multinic did not create
  ADOPTED_MACHINE_DIFFERS: error<{ has: string }>(
    (v) =>
      `multinic manages only the NICs of a VM that it did not create; this field is ${v.has} and cannot be changed`,
    "Everything else belongs to the VM's creator: leave the field out, or set it to the VM's value.",
  ),
  ADOPTED_CONFIG_DRIVE: error(
    () => "this VM's cloud-init data is on a config drive; change it to cloudInitNoCloud first",
    "KubeVirt writes the network data of a config drive as OpenStack's network_data.json, which is not a version 2 network-config.",
  ),
  ADOPTION_ADDS_CLOUD_INIT: warning(
    () =>
      "this VM has no cloud-init disk; multinic adds one, and a guest that runs cloud-init then starts as a new instance",
    "A new instance-id makes cloud-init run its per-instance modules, which for example create new SSH host keys (cloud-init, boot stages).",
  ),
  ADOPTION_CHANGES_GUEST: warning<{ note: string }>(
    (v) => v.note,
    "multinic writes a new network-config from the NICs; settings that no field describes are not in it.",
  ),

  // the cluster's own checks
  REFUSED_BY_CLUSTER: error<{ message: string }>(
    (v) => v.message,
    "The API server or an admission webhook, such as KubeVirt's, rejected the object in a dry run.",
  ),
} as const satisfies Record<string, Row<never>>;

export type FindingCode = keyof typeof findingTable;

/** The values that the message of that code names. */
export type FindingValues<C extends FindingCode> = Parameters<(typeof findingTable)[C]["message"]>[0];

const rows: { readonly [C in FindingCode]: Row<FindingValues<C>> } = findingTable;

/** A finding of that code at that field. */
export function finding<C extends FindingCode>(
  code: C,
  field: string,
  values: FindingValues<C>,
  more: { readonly fix?: Fix; readonly related?: readonly string[] } = {},
): Finding {
  const { severity, message } = rows[code];
  return { code, severity, field, message: message(withShortTexts(values)), ...more };
}

const longestText = 500;

/** Values of the input may be as long as the input. */
function withShortTexts<V extends object>(values: V): V {
  const isLong = (value: unknown): value is string => typeof value === "string" && value.length > longestText;
  if (!Object.values(values).some(isLong)) return values;
  const short = Object.entries(values).map(([name, value]: [string, unknown]) => [
    name,
    isLong(value) ? `${value.slice(0, longestText)}…` : value,
  ]);
  return Object.fromEntries(short) as V;
}

/**
 * What could not be read of the input, then what its check found, without consequences: a finding at a field that could not be read, or
 * below one, is left out.
 */
export function withUnread<F extends Pick<Finding, "field">>(
  unread: readonly F[],
  found: readonly F[],
): readonly F[] {
  const fields = new Set(unread.map(({ field }) => field));
  const isConsequence = ({ field }: F): boolean => {
    for (let end = field.length; end !== -1; end = field.lastIndexOf(".", end - 1))
      if (fields.has(field.slice(0, end))) return true;
    return false;
  };
  return [...unread, ...found.filter((one) => !isConsequence(one))];
}

/** Codes whose cause is the cluster's state: the same input may pass after the cluster has changed. */
const aboutCluster: ReadonlySet<FindingCode> = new Set<FindingCode>([
  "NAMESPACE_NOT_FOUND",
  "NAME_TAKEN",
  "MAC_IN_USE",
  "ADDRESS_IN_USE",
  "ADDRESS_IN_USE_ELSEWHERE",
  "NETWORK_NOT_FOUND",
  "NETWORK_UNREADABLE",
  "NAD_REFUSED_BY_PLUGIN",
  "NAD_CNI_VERSION",
  "NAD_RESOURCE_NAME_MISSING",
  "BINDING_PLUGIN_MISSING",
  "NODE_NETWORK_MISSING",
  "NODE_NETWORK_PARTIAL",
  "NODE_DEVICE_MISSING",
  "MTU_ABOVE_NODE",
  "RECORD_UNREADABLE",
  "ADOPTED_CONFIG_DRIVE",
  "ADOPTION_ADDS_CLOUD_INIT",
]);

/** False: the cause is the input alone, or the input together with the cluster. */
export function isAboutCluster(code: FindingCode): boolean {
  return aboutCluster.has(code);
}

/** True when one of them is an error, which stops the writing. */
export function hasErrors(findings: readonly Finding[]): boolean {
  return findings.some(({ severity }) => severity === "error");
}
