// The sightings whose interface status is recorded in test/vectors/netstat.
import {
  attached,
  guest,
  mac,
  nic,
  plugged,
  pluginNic,
  podNic,
  sighting,
  sriovNic,
  type Sighting,
} from "./sighting.ts";

const v4 = { podIP: "10.244.0.5", podIPs: ["10.244.0.5"] };
const dual = { podIP: "10.244.0.5", podIPs: ["10.244.0.5", "fd00:10:244::5"] };
const v6First = { podIP: "fd00:10:244::5", podIPs: ["fd00:10:244::5", "10.244.0.5"] };

/** Before and after the domain. */
const lifecycle: readonly Sighting[] = [
  sighting("no-domain", "without a domain the old status stands", {
    nics: [podNic("default"), nic("a")],
    before: [
      { name: "default", infoSource: "domain", mac: mac(1), linkState: "up", queueCount: 1 },
      attached("a"),
    ],
    domain: null,
    agent: [guest("eth0", mac(1), "192.0.2.9")],
    podCache: { default: v4 },
  }),
  sighting("no-domain-no-status", "without a domain and an old status there is none", {
    nics: [nic("a")],
    domain: null,
  }),
  sighting("empty-domain", "a domain without NICs: what was reported from it is gone", {
    nics: [nic("a"), nic("b")],
    before: [
      { name: "a", mac: mac(1), infoSource: "domain, guest-agent", interfaceName: "eth0", linkState: "up" },
    ],
  }),
  sighting("empty-domain-pod", "a pod NIC that was reported before keeps an entry", {
    nics: [podNic("default")],
    before: [
      { name: "default", mac: mac(1), podInterfaceName: "eth0", infoSource: "domain", linkState: "up" },
    ],
  }),
  sighting("empty-domain-pod-new", "a pod NIC that was never reported has no entry", {
    nics: [podNic("default")],
  }),
  sighting("nothing", "no NIC anywhere", {}),
  sighting("waits-for-domain", "attached by Multus, not in the domain yet", {
    nics: [podNic("default"), nic("a")],
    before: [{ name: "default", podInterfaceName: "eth0" }, attached("a")],
    domain: [plugged("default", mac(1))],
  }),
  sighting("plugged", "attached by Multus, now in the domain", {
    nics: [nic("a")],
    before: [attached("a")],
    domain: [plugged("a", mac(1))],
  }),
  sighting("plugged-agent", "attached by Multus, in the domain and in the guest", {
    nics: [nic("a")],
    before: [attached("a")],
    domain: [plugged("a", mac(1))],
    agent: [guest("eth0", mac(1), "192.0.2.9")],
  }),
  sighting("not-attached-yet", "in the spec only: no entry", {
    nics: [nic("a"), nic("b")],
    domain: [plugged("a", mac(1))],
  }),
  sighting("left-domain", "gone from the domain, still attached to the pod", {
    nics: [nic("a")],
    before: [
      { ...attached("a"), mac: mac(1), infoSource: "domain, guest-agent, multus-status", linkState: "up" },
    ],
  }),
  sighting("left-domain-not-attached", "gone from the domain and not attached by Multus", {
    nics: [nic("a")],
    before: [{ name: "a", mac: mac(1), podInterfaceName: "pod-a", infoSource: "domain", linkState: "up" }],
  }),
  sighting("not-in-spec", "in the domain, no longer in the spec", {
    nics: [nic("a")],
    domain: [plugged("a", mac(1)), plugged("b", mac(2))],
  }),
  sighting("not-in-spec-attached", "in the domain and attached, no longer in the spec", {
    nics: [nic("a")],
    before: [attached("b")],
    domain: [plugged("a", mac(1)), plugged("b", mac(2))],
  }),
  sighting("not-in-spec-nor-domain", "attached, neither in the spec nor in the domain: forgotten", {
    nics: [nic("a")],
    before: [attached("a"), attached("b")],
    domain: [plugged("a", mac(1))],
  }),
  sighting("not-in-spec-agent", "in the domain and the guest, no longer in the spec", {
    domain: [plugged("b", mac(2))],
    agent: [guest("eth1", mac(2), "192.0.2.9", "fe80::1")],
  }),
  sighting("absent-plugged", "state absent, still in the domain", {
    nics: [nic("a", { bridge: {}, state: "absent" })],
    before: [attached("a")],
    domain: [plugged("a", mac(1))],
  }),
  sighting("absent-unplugged", "state absent, out of the domain, still attached", {
    nics: [nic("a", { bridge: {}, state: "absent" })],
    before: [{ ...attached("a"), infoSource: "domain, multus-status" }],
  }),
  sighting("absent-detached", "state absent, out of the domain and detached", {
    nics: [nic("a", { bridge: {}, state: "absent" })],
    before: [{ name: "a", infoSource: "domain", podInterfaceName: "pod-a" }],
  }),
  sighting("absent-cached", "state absent with CNI addresses", {
    nics: [nic("a", { bridge: {}, state: "absent" })],
    domain: [plugged("a", mac(1))],
    podCache: { a: v4 },
  }),
];

/** Link and queues. */
const domainFacts: readonly Sighting[] = [
  sighting("link-down", "link down", {
    nics: [nic("a", { bridge: {}, state: "down" })],
    domain: [plugged("a", mac(1), { linkState: "down" })],
  }),
  sighting("link-down-agent", "link down, and the guest still has an address", {
    nics: [nic("a", { bridge: {}, state: "down" })],
    domain: [plugged("a", mac(1), { linkState: "down" })],
    agent: [guest("eth0", mac(1), "192.0.2.9")],
  }),
  sighting("link-down-pending", "spec says down, the domain is still up", {
    nics: [nic("a", { bridge: {}, state: "down" })],
    domain: [plugged("a", mac(1))],
  }),
  sighting("link-unsaid", "a domain that says nothing of the link", {
    nics: [nic("a")],
    domain: [{ alias: "a", mac: mac(1) }],
  }),
  sighting("link-down-pod", "pod NIC with link down keeps its CNI address", {
    nics: [podNic("default", { masquerade: {}, state: "down" })],
    domain: [plugged("default", mac(1), { linkState: "down" })],
    podCache: { default: v4 },
  }),
  sighting("queues", "four queues", { nics: [nic("a")], domain: [plugged("a", mac(1), { queues: 4 })] }),
  sighting("queues-zero", "zero queues are left out", {
    nics: [nic("a")],
    domain: [plugged("a", mac(1), { queues: 0 })],
  }),
  sighting("mac-upper-domain", "the domain's MAC in upper case does not match the agent's", {
    nics: [nic("a", { bridge: {}, macAddress: mac(1).toUpperCase() })],
    domain: [plugged("a", mac(1).toUpperCase())],
    agent: [guest("eth0", mac(1), "192.0.2.9")],
  }),
  sighting("mac-upper-both", "upper case on both sides matches", {
    nics: [nic("a")],
    domain: [plugged("a", mac(1).toUpperCase())],
    agent: [guest("eth0", mac(1).toUpperCase(), "192.0.2.9")],
  }),
  sighting("mac-spec-differs", "the domain's MAC counts, not the spec's", {
    nics: [nic("a", { bridge: {}, macAddress: mac(9) })],
    domain: [plugged("a", mac(1))],
  }),
  sighting("two-nics-one-mac", "two NICs of the domain with one MAC: the first gets the guest's facts", {
    nics: [nic("a"), nic("b")],
    domain: [plugged("a", mac(1)), plugged("b", mac(1))],
    agent: [guest("eth0", mac(1), "192.0.2.9"), guest("eth1", mac(1), "198.51.100.9")],
  }),
];

/** CNI addresses against the guest agent's, on the pod NIC. */
const podAddresses: readonly Sighting[] = (
  [
    ["none", "no CNI address, no agent", undefined, undefined],
    ["cni", "CNI address, no agent", v4, undefined],
    ["cni-dual", "CNI addresses of both families, no agent", dual, undefined],
    ["cni-v6-first", "CNI addresses, IPv6 first, no agent", v6First, undefined],
    ["cni-only-main", "a CNI main address without list, no agent", { podIP: "10.244.0.5" }, undefined],
    ["agent", "agent only", undefined, ["10.0.2.2"]],
    ["agent-dual", "agent only, both families, IPv6 first", undefined, ["fd10:0:2::2", "10.0.2.2"]],
    ["cni-over-agent", "the CNI address stands against the agent's", v4, ["10.0.2.2"]],
    ["cni-dual-agent-dual", "both families stand against the agent's", dual, ["10.0.2.2", "fd10:0:2::2"]],
    ["cni-v6-first-agent-dual", "with an agent IPv4 comes first", v6First, ["fd10:0:2::2", "10.0.2.2"]],
    ["cni-dual-agent-v4", "no IPv6 in the guest: the CNI's is cleared", dual, ["10.0.2.2"]],
    ["cni-dual-agent-v6", "no IPv4 in the guest: the CNI's is cleared", dual, ["fd10:0:2::2"]],
    ["cni-v4-agent-dual", "the agent fills the family the CNI lacks", v4, ["10.0.2.2", "fd10:0:2::2"]],
    ["cni-v4-agent-v6", "the agent replaces one family by the other", v4, ["fd10:0:2::2"]],
    ["cni-agent-no-ip", "a guest without addresses clears the CNI's", dual, []],
    [
      "cni-only-main-agent",
      "a CNI main address without list counts as none",
      { podIP: "10.244.0.5" },
      ["10.0.2.2"],
    ],
    ["link-local-v6", "masquerade drops a link-local IPv6 address", v4, ["10.0.2.2", "fe80::1"]],
    ["link-local-only", "only link-local addresses: the CNI's are cleared", dual, ["fe80::1"]],
    ["link-local-v4", "masquerade drops 169.254 too", undefined, ["169.254.3.4", "10.0.2.2"]],
    ["link-local-no-cni", "only link-local addresses and no CNI's", undefined, ["fe80::1"]],
    ["zone", "masquerade drops a link-local address with zone", undefined, ["fe80::1%eth0", "10.0.2.2"]],
    ["not-an-ip", "masquerade drops what is no address", undefined, ["unknown", "10.0.2.2"]],
    ["mapped", "an IPv4-mapped address", undefined, ["::ffff:192.0.2.9"]],
  ] as const
).map(([id, description, cache, ips]) =>
  sighting(`pod-${id}`, description, {
    nics: [podNic("default")],
    before: [{ name: "default", podInterfaceName: "eth0" }],
    domain: [plugged("default", mac(1))],
    agent: ips === undefined ? [] : [guest("enp1s0", mac(1), ...ips)],
    podCache: cache === undefined ? {} : { default: cache },
  }),
);

/** Addresses on other bindings. */
const otherAddresses: readonly Sighting[] = [
  ...(
    [
      ["bridge", nic("a")],
      ["plugin", pluginNic("a")],
      ["pod-bridge", podNic("a", { bridge: {} })],
      ["pod-plugin", podNic("a", { binding: { name: "passt" } })],
      ["pod-passt", podNic("a", { passtBinding: {} })],
    ] as const
  ).map(([id, one]) =>
    sighting(`${id}-link-local`, `${id}: link-local addresses stay`, {
      nics: [one],
      before: [attached("a")],
      domain: [plugged("a", mac(1))],
      agent: [guest("eth0", mac(1), "fe80::1", "169.254.3.4", "192.0.2.9", "2001:db8::9")],
    }),
  ),
  sighting("bridge-not-an-ip", "what is no address is dropped, addresses with zone too", {
    nics: [nic("a")],
    domain: [plugged("a", mac(1))],
    agent: [guest("eth0", mac(1), "unknown", "fe80::1%eth0", "192.0.2.9", "")],
  }),
  sighting("bridge-no-ip", "in the guest without address", {
    nics: [nic("a")],
    domain: [plugged("a", mac(1))],
    agent: [guest("eth0", mac(1))],
  }),
  sighting("bridge-many", "several addresses of each family: IPv4 first, else as the agent lists them", {
    nics: [nic("a")],
    domain: [plugged("a", mac(1))],
    agent: [guest("eth0", mac(1), "2001:db8::9", "198.51.100.9", "2001:db8::8", "192.0.2.9")],
  }),
  sighting("bridge-v6-only", "IPv6 only", {
    nics: [nic("a")],
    domain: [plugged("a", mac(1))],
    agent: [guest("eth0", mac(1), "2001:db8::9", "fe80::1")],
  }),
  sighting("bridge-ipam", "a network with IPAM: the CNI's address stands", {
    nics: [nic("a")],
    before: [attached("a")],
    domain: [plugged("a", mac(1))],
    agent: [guest("eth0", mac(1), "192.0.2.9", "fe80::1")],
    podCache: { a: { podIP: "198.51.100.7", podIPs: ["198.51.100.7"] } },
  }),
  sighting("cache-not-in-domain", "CNI addresses of a NIC that the domain lacks play no part", {
    nics: [nic("a"), nic("b")],
    before: [attached("b")],
    domain: [plugged("a", mac(1))],
    podCache: { b: v4 },
  }),
  sighting("cache-not-in-spec", "CNI addresses of a NIC that the spec lacks play no part", {
    domain: [plugged("a", mac(1))],
    podCache: { a: v4 },
  }),
  sighting("old-launcher", "an agent entry without name is no word of the guest", {
    nics: [nic("a")],
    domain: [plugged("a", mac(1))],
    agent: [guest("", mac(1), "192.0.2.9")],
  }),
  sighting("renamed", "a NIC renamed in the guest", {
    nics: [nic("a")],
    before: [
      {
        ...attached("a"),
        mac: mac(1),
        interfaceName: "eth0",
        infoSource: "domain, guest-agent, multus-status",
      },
    ],
    domain: [plugged("a", mac(1))],
    agent: [guest("storage", mac(1), "192.0.2.9")],
  }),
  sighting("agent-lost", "the agent stops answering: the guest's facts are gone", {
    nics: [nic("a")],
    before: [
      {
        ...attached("a"),
        mac: mac(1),
        interfaceName: "eth0",
        ipAddress: "192.0.2.9",
        ipAddresses: ["192.0.2.9"],
        infoSource: "domain, guest-agent, multus-status",
        linkState: "up",
        queueCount: 1,
      },
    ],
    domain: [plugged("a", mac(1))],
  }),
];

/** SR-IOV NICs are host devices of the domain. */
const sriov: readonly Sighting[] = [
  sighting("sriov", "name and the spec's MAC, neither link nor queues", {
    nics: [sriovNic("s", mac(1))],
    before: [attached("s")],
    hostDevices: ["sriov-s"],
  }),
  sighting("sriov-agent", "matched by the spec's MAC", {
    nics: [sriovNic("s", mac(1))],
    before: [attached("s")],
    hostDevices: ["sriov-s"],
    agent: [guest("enp9s0", mac(1), "192.0.2.9", "fe80::1")],
  }),
  sighting("sriov-upper", "an upper-case MAC in the spec never matches", {
    nics: [sriovNic("s", mac(1).toUpperCase())],
    before: [attached("s")],
    hostDevices: ["sriov-s"],
    agent: [guest("enp9s0", mac(1), "192.0.2.9")],
  }),
  sighting("sriov-no-mac", "no MAC in the spec, the guest's NIC stands alone", {
    nics: [sriovNic("s")],
    hostDevices: ["sriov-s"],
    agent: [guest("enp9s0", mac(1), "192.0.2.9")],
  }),
  sighting("sriov-no-mac-tunnel", "no MAC in the spec matches a guest NIC without MAC", {
    nics: [sriovNic("s")],
    hostDevices: ["sriov-s"],
    agent: [guest("wg0", "", "192.0.2.9")],
  }),
  sighting("sriov-not-in-spec", "a host device that the spec lacks", { hostDevices: ["sriov-s"] }),
  sighting("sriov-other-device", "host devices of other kinds are no NICs", {
    nics: [sriovNic("s", mac(1))],
    hostDevices: ["gpu-g", "sriov-s", "hostdevice-sriov-x"],
  }),
  sighting("sriov-ipam", "CNI addresses count", {
    nics: [sriovNic("s", mac(1))],
    hostDevices: ["sriov-s"],
    podCache: { s: v4 },
  }),
  sighting("sriov-unplugged", "without its host device only Multus knows it", {
    nics: [sriovNic("s", mac(1))],
    before: [{ ...attached("s"), infoSource: "domain, multus-status" }],
  }),
  sighting("sriov-two", "two of them, in the domain's order", {
    nics: [sriovNic("s", mac(1)), sriovNic("t", mac(2))],
    hostDevices: ["sriov-t", "sriov-s"],
    agent: [guest("enp9s0", mac(1), "192.0.2.9"), guest("enp10s0", mac(2), "192.0.2.10")],
  }),
];

/** Binding plugins. */
const plugins: readonly Sighting[] = [
  sighting("plugin", "in the domain as a tap", {
    nics: [pluginNic("m")],
    before: [attached("m")],
    domain: [plugged("m", mac(1))],
  }),
  sighting("plugin-down", "a plugin's NIC with link down", {
    nics: [nic("m", { binding: { name: "macvtap" }, state: "down" })],
    domain: [plugged("m", mac(1), { linkState: "down" })],
    agent: [guest("eth0", mac(1))],
  }),
  sighting("plugin-outside", "a plugin that puts nothing into the domain", {
    nics: [pluginNic("m")],
    before: [attached("m")],
    agent: [guest("eth0", mac(1), "192.0.2.9")],
  }),
];

const many = (count: number): ReturnType<typeof guest>[] =>
  Array.from({ length: count }, (_, i) => guest(`veth${i}`, mac(0x40 + i), `203.0.113.${i + 1}`));

/** NICs of the guest that are none of ours. */
const guestOnly: readonly Sighting[] = [
  sighting("docker0", "a bridge in the guest", {
    nics: [nic("a")],
    domain: [plugged("a", mac(1))],
    agent: [guest("eth0", mac(1), "192.0.2.9"), guest("docker0", mac(0x30), "172.17.0.1", "fe80::2")],
  }),
  sighting("guest-only-order", "NICs of the guest come after ours, as the agent lists them", {
    nics: [nic("a"), sriovNic("s", mac(2))],
    domain: [plugged("a", mac(1))],
    hostDevices: ["sriov-s"],
    agent: [
      guest("docker0", mac(0x30)),
      guest("enp9s0", mac(2)),
      guest("br0", mac(0x31)),
      guest("eth0", mac(1)),
    ],
  }),
  sighting("guest-only-v6", "its main address is IPv6 when there is no other", {
    agent: [guest("docker0", mac(0x30), "fe80::2", "2001:db8::9")],
  }),
  sighting("guest-only-ip-choice", "its main address is the first IPv4, its list untouched", {
    agent: [guest("docker0", mac(0x30), "fe80::2", "192.0.2.9", "unknown")],
  }),
  sighting("guest-only-ten", "ten are reported", { agent: many(10) }),
  sighting("guest-only-eleven", "the eleventh is not", { agent: many(11) }),
  sighting("guest-only-then-ours", "ours is matched after more than ten others", {
    nics: [nic("a")],
    domain: [plugged("a", mac(1))],
    agent: [...many(14), guest("eth0", mac(1), "192.0.2.9")],
  }),
  sighting("guest-only-no-mac", "two tunnels without MAC are taken for one", {
    agent: [guest("wg0", "", "192.0.2.9"), guest("tun0", "", "198.51.100.9")],
  }),
  sighting("guest-only-twice", "two NICs of the guest with one MAC are taken for one in the domain", {
    agent: [guest("br0", mac(0x30), "192.0.2.9"), guest("br0.7", mac(0x30), "198.51.100.9", "2001:db8::9")],
  }),
  sighting("guest-vlan", "a VLAN with the NIC's MAC: the last name wins, the first addresses", {
    nics: [nic("a")],
    domain: [plugged("a", mac(1))],
    agent: [guest("eth0", mac(1), "192.0.2.9"), guest("eth0.7", mac(1), "198.51.100.9")],
  }),
  sighting("guest-vlan-only-ip", "a VLAN has the only address", {
    nics: [nic("a")],
    domain: [plugged("a", mac(1))],
    agent: [guest("eth0", mac(1)), guest("eth0.7", mac(1), "198.51.100.9")],
  }),
  sighting("guest-vlan-no-ip", "a VLAN without address clears the NIC's", {
    nics: [nic("a")],
    domain: [plugged("a", mac(1))],
    agent: [guest("eth0", mac(1), "192.0.2.9"), guest("eth0.7", mac(1))],
  }),
  sighting("guest-bond", "a bond takes one MAC for both NICs", {
    nics: [nic("a"), nic("b")],
    domain: [plugged("a", mac(1)), plugged("b", mac(2))],
    agent: [guest("eth0", mac(1)), guest("eth1", mac(1)), guest("bond0", mac(1), "192.0.2.9")],
  }),
  sighting("guest-vlan-masquerade", "on the pod NIC the CNI's address stands for a VLAN too", {
    nics: [podNic("default")],
    domain: [plugged("default", mac(1))],
    agent: [guest("eth0", mac(1), "10.0.2.2"), guest("eth0.7", mac(1), "198.51.100.9", "fe80::1")],
    podCache: { default: v4 },
  }),
];

/** Order and names. */
const order: readonly Sighting[] = [
  sighting("order-domain", "the domain's order, not the spec's", {
    nics: [nic("a"), nic("b"), nic("c")],
    domain: [plugged("c", mac(3)), plugged("a", mac(1)), plugged("b", mac(2))],
  }),
  sighting("order-pod-last", "the pod NIC comes first", {
    nics: [nic("a"), nic("b"), podNic("default")],
    domain: [plugged("a", mac(1)), plugged("b", mac(2)), plugged("default", mac(3))],
    podCache: { default: v4 },
  }),
  sighting("order-pod-missing", "a pod NIC that the domain lost comes first", {
    nics: [nic("a"), podNic("default")],
    before: [
      { name: "a", infoSource: "domain" },
      { name: "default", podInterfaceName: "eth0", infoSource: "domain" },
    ],
    domain: [plugged("a", mac(1))],
  }),
  sighting("order-all", "pod NIC, domain, SR-IOV, guest, Multus", {
    nics: [sriovNic("s", mac(1)), nic("late"), nic("a"), podNic("default"), pluginNic("m")],
    before: [
      attached("s"),
      attached("late"),
      attached("a"),
      { name: "default", podInterfaceName: "eth0" },
      attached("m"),
    ],
    domain: [plugged("a", mac(2)), plugged("m", mac(3)), plugged("default", mac(4))],
    hostDevices: ["sriov-s"],
    agent: [
      guest("docker0", mac(0x30), "172.17.0.1"),
      guest("enp9s0", mac(1)),
      guest("eth0", mac(4), "10.0.2.2"),
    ],
    podCache: { default: dual },
  }),
  sighting("order-multus-only", "NICs that only Multus knows come last", {
    nics: [nic("a"), nic("b"), nic("c")],
    before: [attached("c"), attached("b"), attached("a")],
    domain: [plugged("b", mac(2))],
    agent: [guest("eth0", mac(2)), guest("docker0", mac(0x30))],
  }),
  sighting("order-default-network", "a Multus network in the pod network's place is not moved", {
    nics: [
      nic("a"),
      {
        iface: { name: "main", bridge: {} },
        network: { name: "main", multus: { networkName: "main", default: true } },
      },
    ],
    domain: [plugged("a", mac(1)), plugged("main", mac(2))],
  }),
  sighting("pod-name", "the pod interface's name is kept, of the last entry where two have the NIC's name", {
    nics: [nic("a")],
    before: [attached("a", "pod-old"), attached("a", "pod-new")],
    domain: [plugged("a", mac(1))],
  }),
  sighting("pod-name-guest-only", "an entry without NIC name has no pod interface", {
    before: [{ interfaceName: "docker0", podInterfaceName: "eth0", infoSource: "guest-agent" }],
    agent: [guest("docker0", mac(0x30))],
  }),
  sighting("pod-name-not-attached", "the pod interface's name is kept without Multus too", {
    nics: [podNic("default")],
    before: [{ name: "default", podInterfaceName: "ovn-udn1" }],
    domain: [plugged("default", mac(1))],
  }),
  sighting("source-repeated", "a source is not named twice", {
    nics: [nic("a")],
    before: [{ ...attached("a"), infoSource: "multus-status, domain, multus-status" }],
    domain: [plugged("a", mac(1))],
  }),
  sighting("source-unknown", "other sources reported before are forgotten", {
    nics: [nic("a")],
    before: [{ ...attached("a"), infoSource: "domain, somewhere" }],
    domain: [plugged("a", mac(1))],
  }),
  sighting("names", "long names and names with dashes and underscores", {
    nics: [nic("a-b_C9"), nic("n".repeat(63)), sriovNic("sriov-x", mac(3))],
    before: [attached("a-b_C9"), attached("sriov-x")],
    domain: [plugged("a-b_C9", mac(1)), plugged("n".repeat(63), mac(2))],
    hostDevices: ["sriov-sriov-x"],
    agent: [guest("a-b_C9", mac(1))],
  }),
];

/** All of them; ids are unique. */
export const sightings: readonly Sighting[] = [
  ...lifecycle,
  ...domainFacts,
  ...podAddresses,
  ...otherAddresses,
  ...sriov,
  ...plugins,
  ...guestOnly,
  ...order,
];
