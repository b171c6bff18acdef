import { describe, it } from "vitest";
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
  it("describes every kind of physical network with every field", ({ expect }) => {
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
          carrier: "macvtap",
          resourceName: "macvtap.network.kubevirt.io/tap",
          vlanResourceName: "macvtap.network.kubevirt.io/tap.{vlan}",
          bindingPlugin: "mine",
        },
        {
          ...common,
          name: "over",
          type: "macvlan",
          carrier: "linux-bridge",
          bridge: "br-over",
          macSpoofCheck: true,
        },
      ],
      sharedNads: ["infra/backup"],
      clusterCidrs: ["10.96.0.0/12", "fd00:10:244::/56"],
      defaultImage: "registry.example/guest:1",
    });
  });

  it("can leave everything out", ({ expect }) => {
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
    ["nothing", "", "networks.yaml: the document is empty"],
    ["a comment alone", "# nothing\n", "networks.yaml: the document is empty"],
    ["a list", "- a\n", "networks.yaml:1: must be a mapping, not a list"],
    [
      "two documents",
      "{}\n---\n{}\n",
      "networks.yaml: line 2, column 1: a second document starts here; pass one document at a time",
    ],
    ["no YAML", "physicalNetworks:\n  - name: [\n", "networks.yaml: line 3, column 1: "],
    [
      "an unknown field",
      "physicalNetwork: []\n",
      "networks.yaml:1: physicalNetwork: unknown field physicalNetwork; known fields are physicalNetworks, sharedNads, clusterCidrs, defaultImage; rename physicalNetwork to physicalNetworks",
    ],
    [
      "a field given twice",
      "sharedNads: []\nsharedNads: []\n",
      "sharedNads: line 2, column 1: sharedNads is given twice",
    ],
    [
      "networks that are not a list",
      "physicalNetworks: lan\n",
      "networks.yaml:1: physicalNetworks: must be a list, not text",
    ],
    [
      "networks that are empty",
      "sharedNads: []\nphysicalNetworks:\n",
      "networks.yaml:2: physicalNetworks: must be a list, not empty",
    ],
    [
      "a network that is not a mapping",
      "physicalNetworks:\n- lan\n",
      "networks.yaml:2: physicalNetworks[0]: must be a mapping, not text",
    ],
    [
      "a network without type",
      "physicalNetworks:\n- name: lan\n",
      "networks.yaml:2: physicalNetworks[0].type: type, one of bridge, macvlan, sriov, ovs, is required",
    ],
    [
      "a network of an unknown type",
      "physicalNetworks:\n- name: lan\n  type: token-ring\n",
      "networks.yaml:3: physicalNetworks[0].type: token-ring is not one of bridge, macvlan, sriov, ovs",
    ],
    [
      "a type that is a name of JavaScript",
      "physicalNetworks:\n- name: lan\n  type: constructor\n",
      "networks.yaml:3: physicalNetworks[0].type: constructor is not one of",
    ],
    [
      "a network without name",
      "physicalNetworks:\n- type: bridge\n  bridge: br\n",
      "networks.yaml:2: physicalNetworks[0].name: name is required",
    ],
    [
      "a name that is a number",
      "physicalNetworks:\n- type: bridge\n  bridge: br\n  name: 7\n",
      "networks.yaml:4: physicalNetworks[0].name: must be text, not a whole number",
    ],
    [
      "a field of another type",
      network("resourceName: x"),
      "networks.yaml:5: physicalNetworks[0].resourceName: unknown field resourceName; known fields are name, type, default",
    ],
    [
      "a bridge without bridge",
      "physicalNetworks:\n- {name: lan, type: bridge}\n",
      "networks.yaml:2: physicalNetworks[0].bridge: bridge is required",
    ],
    [
      "a bridge of 16 characters",
      "physicalNetworks:\n- name: lan\n  type: bridge\n  bridge: abcdefghijklmnop\n",
      'networks.yaml:4: physicalNetworks[0].bridge: must be an interface name of at most 15 characters, not "abcdefghijklmnop"',
    ],
    [
      "an SR-IOV network without resource",
      "physicalNetworks:\n- {name: lan, type: sriov}\n",
      "networks.yaml:2: physicalNetworks[0].resourceName: resourceName is required",
    ],
    [
      "a macvlan of an unknown kind",
      "physicalNetworks:\n- name: lan\n  type: macvlan\n  implementation: magic\n",
      "networks.yaml:4: physicalNetworks[0].implementation: magic is not one of macvtap, bridge",
    ],
    [
      "a bridge for macvtap devices",
      "physicalNetworks:\n- name: lan\n  type: macvlan\n  resourceName: x/y\n  bridge: br\n",
      "networks.yaml:5: physicalNetworks[0].bridge: unknown field bridge; known fields are name, type, default",
    ],
    [
      "a resource for a macvlan network over a bridge",
      "physicalNetworks:\n- name: lan\n  type: macvlan\n  implementation: bridge\n  bridge: br\n  resourceName: x/y\n",
      "networks.yaml:6: physicalNetworks[0].resourceName: unknown field resourceName; known fields are name, type, default",
    ],
    [
      "one resource for all VLANs",
      "physicalNetworks:\n- name: lan\n  type: macvlan\n  resourceName: x/y\n  vlanResourceName: x/y.100\n",
      'networks.yaml:5: physicalNetworks[0].vlanResourceName: must be text with {vlan} in it, not "x/y.100"',
    ],
    [
      "a switch that is a text",
      network('default: "yes"'),
      "networks.yaml:5: physicalNetworks[0].default: must be true or false, not text; set physicalNetworks[0].default to true",
    ],
    [
      "an MTU that is too small",
      network("mtu: 575"),
      "networks.yaml:5: physicalNetworks[0].mtu: must be a whole number from 576 to 65535, not 575",
    ],
    [
      "an MTU that is not a number",
      network("mtu: big"),
      "networks.yaml:5: physicalNetworks[0].mtu: must be a whole number, not text",
    ],
    [
      "VLANs that are a number",
      network("vlans: 100"),
      "networks.yaml:5: physicalNetworks[0].vlans: must be `all` or a list such as [100, 200-299]",
    ],
    [
      "VLAN 4095",
      network("vlans: [1, 4095]"),
      "networks.yaml:5: physicalNetworks[0].vlans[1]: must be a VLAN or a range of VLANs from 1 to 4094, not 4095",
    ],
    [
      "VLAN 0",
      network("vlans: [0]"),
      "networks.yaml:5: physicalNetworks[0].vlans[0]: must be a VLAN or a range of VLANs from 1 to 4094, not 0",
    ],
    [
      "a range that runs backwards",
      network("vlans: [20-10]"),
      'networks.yaml:5: physicalNetworks[0].vlans[0]: must be a VLAN or a range of VLANs from 1 to 4094, not "20-10"',
    ],
    [
      "namespaces that are a text",
      network("namespaces: shop"),
      "networks.yaml:5: physicalNetworks[0].namespaces: must be a list, not text",
    ],
    [
      "an empty list item",
      network("namespaces: [shop, ]", "mtu: 1"),
      "networks.yaml:6: physicalNetworks[0].mtu: must be a whole number",
    ],
    [
      "a namespace that is a number",
      network("namespaces: [7]"),
      "networks.yaml:5: physicalNetworks[0].namespaces[0]: must be text, not a whole number",
    ],
    [
      "shared NADs that are a text",
      "sharedNads: infra/backup\n",
      "networks.yaml:1: sharedNads: must be a list, not text",
    ],
    [
      "a shared NAD without namespace",
      "sharedNads:\n- backup\n",
      'networks.yaml:2: sharedNads[0]: must be NAMESPACE/NAME, not "backup"',
    ],
    [
      "reserved VLANs that are a number",
      network("reservedVlans: 4"),
      "networks.yaml:5: physicalNetworks[0].reservedVlans: must be `all` or a list such as [100, 200-299]",
    ],
    [
      "a network of the cluster without prefix length",
      "clusterCidrs:\n- 10.96.0.0/12\n- 10.244.0.0\n",
      "networks.yaml:3: clusterCidrs[1]: must be a network with its prefix length, such as 10.96.0.0/12",
    ],
    ["an image that is empty", "defaultImage:\n", "networks.yaml:1: defaultImage: must be text, not empty"],
    [
      "two networks of one name",
      `${network()}\n- {name: lan, type: ovs, bridge: br}\n`,
      "networks.yaml:5: physicalNetworks[1].name: there are two physical networks named lan",
    ],
    [
      "two defaults of one type",
      `${network("default: true")}\n- {name: wan, type: bridge, bridge: br, default: true}\n`,
      "networks.yaml:6: physicalNetworks[1].default: there are two default physical networks of type bridge",
    ],
    [
      "an image that is empty text",
      'defaultImage: ""\n',
      "networks.yaml:1: defaultImage: must be text, not empty",
    ],
    [
      "a namespace that is empty",
      network('namespaces: [""]'),
      "networks.yaml:5: physicalNetworks[0].namespaces[0]: must be text, not empty",
    ],
    [
      "VLANs in a list of their own",
      network("vlans: [[5]]"),
      "networks.yaml:5: physicalNetworks[0].vlans[0]: must be a VLAN or a range of VLANs from 1 to 4094, not a list",
    ],
    ["an alias", "physicalNetworks: &a\n- *a\n", "networks.yaml: line 2, column 3: *a contains itself"],
  ] as const)("is refused with line and reason: %s", ([, text, words], { expect }) => {
    expect(() => read(text)).toThrow(SettingsError);
    expect(() => read(text)).toThrow(words);
  });

  it("is refused with a line for everything that is wrong", ({ expect }) => {
    expect(() => read(`${network("mtu: 1", "untagged: 2")}\n`)).toThrow(
      "networks.yaml:5: physicalNetworks[0].mtu: must be a whole number from 576 to 65535, not 1\n" +
        "networks.yaml:6: physicalNetworks[0].untagged: must be true or false, not a whole number",
    );
  });

  it("can have one default of each type", ({ expect }) => {
    const text = `${network("default: true")}\n- {name: wan, type: ovs, bridge: br, default: true}\n`;
    expect(read(text).physicalNetworks.map(({ default: isDefault }) => isDefault)).toEqual([true, true]);
  });
});
