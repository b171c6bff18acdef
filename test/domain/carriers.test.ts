// What is true of every carrier. A new carrier is complete when these tests pass.
import { describe, it } from "vitest";
import {
  builtInCatalogue,
  type Catalogue,
  type CarrierName,
  type PhysicalNetwork,
} from "../../src/domain/catalogue.ts";
import { noFacts } from "../../src/domain/facts.ts";
import { readAttachment } from "../../src/domain/import/attachment.ts";
import { compileInterface } from "../../src/domain/compile/virtual-machine.ts";
import { capabilitiesOf } from "../../src/domain/network/capabilities.ts";
import {
  carriedTypes,
  carrierOf,
  carrierOfNads,
  carriers,
  carriersOfType,
  typeOfPlugin,
} from "../../src/domain/network/carriers/carriers.ts";
import { refusalOfPlugin } from "../../src/domain/network/cni-refusal.ts";
import { readCniConfig } from "../../src/domain/network/cni.ts";
import { compileAttachment } from "../../src/domain/network/generated-nad.ts";
import { vlanOfNad } from "../../src/domain/network/nad-vlan.ts";
import { uplinkOfNad, uplinkOfNetwork } from "../../src/domain/network/segment.ts";
import { resolveVm } from "../../src/domain/resolve/resolve-vm.ts";
import { vmSpec } from "./specs.ts";

const common = {
  default: false,
  vlans: [{ first: 1, last: 4094 }],
  untagged: true,
  reservedVlans: [],
  mtu: 9000,
  namespaces: undefined,
};

/** A network of each carrier, of its first type. */
const networks: { readonly [K in CarrierName]: PhysicalNetwork<K> } = {
  "linux-bridge": {
    ...common,
    name: "lan",
    carrier: "linux-bridge",
    type: "bridge",
    bridge: "br-lan",
    macSpoofCheck: true,
  },
  macvtap: {
    ...common,
    name: "tap",
    carrier: "macvtap",
    type: "macvlan",
    resourceName: "macvtap.network.kubevirt.io/tap",
    vlanResourceName: "macvtap.network.kubevirt.io/tap.{vlan}",
    bindingPlugin: "mine",
  },
  sriov: { ...common, name: "card", carrier: "sriov", type: "sriov", resourceName: "sriov.network/card" },
  "open-vswitch": { ...common, name: "wan", carrier: "open-vswitch", type: "ovs", bridge: "br-wan" },
};

/** Every carrier with every type that it serves. */
const pairs: readonly PhysicalNetwork[] = carriedTypes.flatMap((type) =>
  carriersOfType[type].map((name) => ({ ...networks[name], type }) as PhysicalNetwork),
);

const cniOf = (network: PhysicalNetwork, vlanId: number, mtu: number | undefined) => {
  const nad = compileAttachment({ vlanId, mtu }, network, "shop");
  const cni = readCniConfig(nad);
  if ("problem" in cni) throw new Error(cni.problem);
  return { nad, cni };
};

describe("the carriers", () => {
  it("each serve a type of NIC", ({ expect }) => {
    expect(new Set(pairs.map(({ carrier }) => carrier))).toEqual(new Set(Object.keys(carriers)));
  });

  it("have different names in the catalogue, and no plugin belongs to two of them", ({ expect }) => {
    for (const names of Object.values(carriersOfType)) {
      expect(new Set(names.map((name) => carriers[name].implementation)).size).toBe(names.length);
    }
    const plugins = Object.values(carriers).flatMap((carrier) => carrier.plugins);
    expect(new Set(plugins).size).toBe(plugins.length);
  });

  it.for(carriedTypes)("recognise type %s by the NADs of its first carrier", (type, { expect }) => {
    const { plugins } = carrierOfNads(type);
    expect(plugins.map(typeOfPlugin)).toEqual(plugins.map(() => type));
  });

  it.for(carriedTypes)("of type %s are a capability of the built-in catalogue", (type, { expect }) => {
    const { available, evidence } =
      capabilitiesOf(builtInCatalogue(), undefined).find(({ name }) => name === `type-${type}`) ?? {};
    expect(available).not.toBe(false);
    expect(evidence).not.toEqual([]);
  });
});

describe.for(pairs.map((network) => [network.type, network.carrier, network] as const))(
  "type %s on %s",
  ([, , network]) => {
    const catalogue: Catalogue = { ...builtInCatalogue(), physicalNetworks: [network] };

    it("has a NAD that its own plugin accepts, on the segment of the network", ({ expect }) => {
      for (const vlan of [0, 1, 4094]) {
        const { cni } = cniOf(network, vlan, 1400);
        expect(carrierOf(network).plugins).toContain(cni.type);
        expect(refusalOfPlugin(cni)).toBeUndefined();
        expect(uplinkOfNad("shop/lan", cni).segment).toBe(uplinkOfNetwork(network, vlan).segment);
      }
    });

    it("has a NAD whose VLAN is known", ({ expect }) => {
      for (const vlan of [0, 1, 4094]) {
        expect(vlanOfNad(cniOf(network, vlan, 1400).cni, catalogue)).toBe(vlan);
      }
    });

    it("is read back from its VM as it was requested", ({ expect }) => {
      for (const vlanId of [undefined, 1, 4094]) {
        const asked = {
          type: network.type,
          physicalNetwork: network.name,
          ...(vlanId === undefined ? {} : { vlanId }),
          ...("mtu" in carrierOf(network).keys ? { mtu: 1400 } : {}),
        };
        const [nic] = resolveVm(vmSpec([{ name: "eth0", ...asked }]), catalogue, noFacts).vm.nics;
        if (nic === undefined) throw new Error("the NIC is not resolved");
        expect(nic.binding.kind).toBe(carrierOf(network).usualBinding.kind);
        const { nad } = cniOf(network, nic.vlanId, nic.mtu);
        const read = readAttachment(
          compileInterface(nic),
          { name: "eth0", multus: { networkName: nad.metadata.name } },
          { namespace: "shop", nads: new Map([[`shop/${nad.metadata.name}`, nad]]), catalogue },
        );
        expect(read).toEqual(asked);
      }
    });
  },
);
