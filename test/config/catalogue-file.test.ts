import { describe, expect, it } from "vitest";
import { parseCatalogue } from "../../src/config/catalogue-file.ts";
import { SettingsError } from "../../src/config/settings.ts";
import { builtInCatalogue } from "../../src/domain/catalogue.ts";

const file = "networks.yaml";
const read = (text: string) => parseCatalogue(text, file);

const everything = `
physicalNetworks:
  - name: lan
    type: bridge
    default: true
    bridge: br-lan
    macSpoofCheck: false
    vlans: [100, 200-299]
    reservedVlans: [250]
    untagged: false
    mtu: 9000
    namespaces: [shop, bank]
  - {name: wan, type: ovs, bridge: br-wan, vlans: all}
  - {name: card, type: sriov, resourceName: sriov.network/card}
  - {name: tap, type: macvlan, resourceName: macvtap.network.kubevirt.io/tap, vlanResourceName: "macvtap.network.kubevirt.io/tap.{vlan}", bindingPlugin: mine}
  - {name: over, type: macvlan, implementation: bridge, bridge: br-over}
sharedNads: [infra/backup]
clusterCidrs: [10.96.0.0/12, "fd00:10:244::/56"]
defaultImage: registry.example/guest:1
`;

describe("the catalogue file", () => {
  it("gives every kind of physical network with every field", () => {
    const common = {
      default: false,
      vlans: [],
      reservedVlans: [],
      untagged: true,
      mtu: 1500,
      namespaces: undefined,
    };
    expect(read(everything)).toMatchObject({
      physicalNetworks: [
        {
          name: "lan",
          type: "bridge",
          default: true,
          bridge: "br-lan",
          macSpoofCheck: false,
          vlans: [
            { first: 100, last: 100 },
            { first: 200, last: 299 },
          ],
          reservedVlans: [{ first: 250, last: 250 }],
          untagged: false,
          mtu: 9000,
          namespaces: ["shop", "bank"],
        },
        { ...common, name: "wan", type: "ovs", bridge: "br-wan", vlans: [{ first: 1, last: 4094 }] },
        { ...common, name: "card", type: "sriov", resourceName: "sriov.network/card" },
        {
          ...common,
          name: "tap",
          type: "macvlan",
          implementation: "macvtap",
          resourceName: "macvtap.network.kubevirt.io/tap",
          vlanResourceName: "macvtap.network.kubevirt.io/tap.{vlan}",
          bindingPlugin: "mine",
        },
        {
          ...common,
          name: "over",
          type: "macvlan",
          implementation: "bridge",
          bridge: "br-over",
          macSpoofCheck: true,
        },
      ],
      sharedNads: ["infra/backup"],
      clusterCidrs: ["10.96.0.0/12", "fd00:10:244::/56"],
      defaultImage: "registry.example/guest:1",
    });
  });

  it("may leave everything out", () => {
    const { defaultImage } = builtInCatalogue();
    expect(read("physicalNetworks: []\n")).toMatchObject({
      physicalNetworks: [],
      sharedNads: [],
      defaultImage,
    });
    expect(read("{}")).toMatchObject({ physicalNetworks: [], sharedNads: [], defaultImage });
  });

  const network = (...lines: readonly string[]): string =>
    [
      "physicalNetworks:",
      "- name: lan",
      "  type: bridge",
      "  bridge: br-lan",
      ...lines.map((line) => `  ${line}`),
    ].join("\n");

  it.for([
    ["nothing", "", "networks.yaml:1: the file must be a mapping with physicalNetworks"],
    ["a comment alone", "# nothing\n", "networks.yaml:1: the file must be a mapping with physicalNetworks"],
    ["a list", "- a\n", "networks.yaml:1: the file must be a mapping with physicalNetworks"],
    ["two documents", "{}\n---\n{}\n", "networks.yaml:2: the file must hold one document"],
    ["no YAML", "physicalNetworks:\n  - name: [\n", "networks.yaml:3: "],
    [
      "an unknown field",
      "physicalNetwork: []\n",
      "networks.yaml:1: there is no field physicalNetwork; known are physicalNetworks, sharedNads, clusterCidrs, defaultImage",
    ],
    ["a field given twice", "sharedNads: []\nsharedNads: []\n", "networks.yaml:2: Map keys must be unique"],
    [
      "networks that are no list",
      "physicalNetworks: lan\n",
      "networks.yaml:1: physicalNetworks must be a list",
    ],
    [
      "networks that are empty",
      "sharedNads: []\nphysicalNetworks:\n",
      "networks.yaml:2: physicalNetworks must be a list",
    ],
    [
      "a network that is no mapping",
      "physicalNetworks:\n- lan\n",
      "networks.yaml:2: a physical network must be a mapping",
    ],
    [
      "a network without type",
      "physicalNetworks:\n- name: lan\n",
      "networks.yaml:2: type must be one of bridge, macvlan, sriov, ovs",
    ],
    [
      "a network of an unknown type",
      "physicalNetworks:\n- name: lan\n  type: token-ring\n",
      "networks.yaml:3: type must be one of bridge, macvlan, sriov, ovs",
    ],
    [
      "a type that is a name of JavaScript",
      "physicalNetworks:\n- name: lan\n  type: constructor\n",
      "networks.yaml:3: type must be one of",
    ],
    [
      "a network without name",
      "physicalNetworks:\n- type: bridge\n  bridge: br\n",
      "networks.yaml:2: name is required for type bridge",
    ],
    [
      "a name that is a number",
      "physicalNetworks:\n- type: bridge\n  bridge: br\n  name: 7\n",
      "networks.yaml:4: name must be a text",
    ],
    [
      "a field of another type",
      network("resourceName: x"),
      "networks.yaml:5: there is no field resourceName; known are name, type, default",
    ],
    [
      "a bridge without bridge",
      "physicalNetworks:\n- {name: lan, type: bridge}\n",
      "networks.yaml:2: bridge is required for type bridge",
    ],
    [
      "a bridge of 16 characters",
      "physicalNetworks:\n- name: lan\n  type: bridge\n  bridge: abcdefghijklmnop\n",
      'networks.yaml:4: "abcdefghijklmnop" is no interface name of at most 15 characters',
    ],
    [
      "an SR-IOV network without resource",
      "physicalNetworks:\n- {name: lan, type: sriov}\n",
      "networks.yaml:2: resourceName is required for type sriov",
    ],
    [
      "a macvlan of an unknown kind",
      "physicalNetworks:\n- name: lan\n  type: macvlan\n  implementation: magic\n",
      "networks.yaml:4: implementation must be one of macvtap, bridge",
    ],
    [
      "a bridge for macvtap devices",
      "physicalNetworks:\n- name: lan\n  type: macvlan\n  resourceName: x/y\n  bridge: br\n",
      "networks.yaml:5: there is no field bridge; known are name, type, default",
    ],
    [
      "a resource for a macvlan network over a bridge",
      "physicalNetworks:\n- name: lan\n  type: macvlan\n  implementation: bridge\n  bridge: br\n  resourceName: x/y\n",
      "networks.yaml:6: there is no field resourceName; known are name, type, default",
    ],
    [
      "one resource for all VLANs",
      "physicalNetworks:\n- name: lan\n  type: macvlan\n  resourceName: x/y\n  vlanResourceName: x/y.100\n",
      "networks.yaml:5: vlanResourceName must have {vlan} in it",
    ],
    ["a switch that is a text", network('default: "yes"'), "networks.yaml:5: default must be true or false"],
    [
      "an MTU that is too small",
      network("mtu: 575"),
      "networks.yaml:5: mtu must be a number from 576 to 65535",
    ],
    [
      "an MTU that is no number",
      network("mtu: big"),
      "networks.yaml:5: mtu must be a number from 576 to 65535",
    ],
    [
      "VLANs that are a number",
      network("vlans: 100"),
      "networks.yaml:5: vlans must be `all` or a list such as [100, 200-299]",
    ],
    [
      "VLAN 4095",
      network("vlans: [1, 4095]"),
      'networks.yaml:5: "4095" is no VLAN or range of VLANs from 1 to 4094',
    ],
    ["VLAN 0", network("vlans: [0]"), 'networks.yaml:5: "0" is no VLAN or range of VLANs from 1 to 4094'],
    [
      "a range that runs backwards",
      network("vlans: [20-10]"),
      'networks.yaml:5: "20-10" is no VLAN or range of VLANs from 1 to 4094',
    ],
    [
      "namespaces that are a text",
      network("namespaces: shop"),
      "networks.yaml:5: namespaces must be a list of names",
    ],
    [
      "an empty list item",
      network("namespaces: [shop, ]", "mtu: 1"),
      "networks.yaml:6: mtu must be a number",
    ],
    [
      "a namespace that is a number",
      network("namespaces: [7]"),
      "networks.yaml:5: namespaces must be a list of names",
    ],
    [
      "shared NADs that are a text",
      "sharedNads: infra/backup\n",
      "networks.yaml:1: sharedNads must be a list of NAMESPACE/NAME",
    ],
    [
      "a shared NAD without namespace",
      "sharedNads:\n- backup\n",
      "networks.yaml:2: sharedNads must be a list of NAMESPACE/NAME",
    ],
    [
      "reserved VLANs that are a number",
      network("reservedVlans: 4"),
      "networks.yaml:5: reservedVlans must be `all` or a list such as [100, 200-299]",
    ],
    [
      "a network of the cluster without prefix length",
      "clusterCidrs:\n- 10.96.0.0/12\n- 10.244.0.0\n",
      "networks.yaml:3: the prefix length is missing",
    ],
    ["an image that is empty", "defaultImage:\n", "networks.yaml:1: defaultImage must be a text"],
    [
      "two networks of one name",
      `${network()}\n- {name: lan, type: ovs, bridge: br}\n`,
      "networks.yaml:5: there are two physical networks of the name lan",
    ],
    [
      "two defaults of one type",
      `${network("default: true")}\n- {name: wan, type: bridge, bridge: br, default: true}\n`,
      "networks.yaml:6: there are two default physical networks of type bridge",
    ],
    ["an alias", "physicalNetworks: &a\n- *a\n", "networks.yaml:2: a physical network must be a mapping"],
  ] as const)("is refused with line and reason: %s", ([, text, words]) => {
    expect(() => read(text)).toThrow(SettingsError);
    expect(() => read(text)).toThrow(words);
  });

  it("may have one default of each type", () => {
    const text = `${network("default: true")}\n- {name: wan, type: ovs, bridge: br, default: true}\n`;
    expect(read(text).physicalNetworks.map(({ default: isDefault }) => isDefault)).toEqual([true, true]);
  });
});
