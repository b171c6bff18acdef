// Physical networks: which one a NIC gets, and what they carry.
import { describe, it } from "vitest";
import {
  builtInCatalogue,
  type Catalogue,
  type PhysicalNetwork,
  vlansInWords,
} from "../../src/domain/catalogue.ts";
import { checkVm } from "../../src/domain/validate/check-vm.ts";
import { noFacts } from "../../src/domain/facts.ts";
import { carrierOf } from "../../src/domain/network/carriers/carriers.ts";
import { compileAttachment } from "../../src/domain/network/generated-nad.ts";
import { resolveVm } from "../../src/domain/resolve/resolve-vm.ts";
import { vmSpec } from "./specs.ts";

const trunk: PhysicalNetwork = {
  name: "trunk",
  carrier: "linux-bridge",
  type: "bridge",
  default: true,
  bridge: "br-trunk",
  macSpoofCheck: false,
  vlans: [
    { first: 100, last: 100 },
    { first: 200, last: 299 },
  ],
  untagged: false,
  reservedVlans: [],
  mtu: 1500,
  namespaces: ["shop"],
};
const overBridge: PhysicalNetwork = { ...trunk, name: "parent", type: "macvlan" };
const catalogue: Catalogue = { ...builtInCatalogue(), physicalNetworks: [trunk, overBridge] };

const codes = (vlanId: number | undefined, namespace = "shop") =>
  checkVm(
    vmSpec([{ name: "eth0", ...(vlanId === undefined ? {} : { vlanId }) }], { namespace }),
    catalogue,
    noFacts,
  ).findings.map(({ code }) => code);

describe("a physical network", () => {
  it("accepts its VLANs and no others", ({ expect }) => {
    expect(codes(100)).toEqual([]);
    expect(codes(250)).toEqual([]);
    expect(codes(300)).toEqual(["VLAN_NOT_ALLOWED"]);
    expect(codes(undefined)).toEqual(["VLAN_NOT_ALLOWED"]);
    expect(vlansInWords(trunk)).toBe("100 and 200-299");
    expect(vlansInWords({ ...trunk, vlans: [] })).toBe("none");
    expect(vlansInWords({ ...trunk, untagged: true, vlans: [] })).toBe("0 (untagged)");
  });

  it("is open to its namespaces only", ({ expect }) => {
    expect(codes(100, "other")).toEqual(["NETWORK_NOT_ALLOWED"]);
  });

  it("is missing if its type has no default", ({ expect }) => {
    const { findings } = checkVm(vmSpec([{ name: "eth0", type: "ovs" }]), catalogue, noFacts);
    expect(findings.map(({ code, field }) => [code, field])).toEqual([
      ["PHYSICAL_NETWORK_MISSING", "networks[0].type"],
    ]);
  });

  it("carries no VLAN by macvtap without a resource for it", ({ expect }) => {
    const builtIn = builtInCatalogue();
    const macvtap = builtIn.physicalNetworks.find(({ carrier }) => carrier === "macvtap");
    if (macvtap?.carrier !== "macvtap") throw new Error("the built-in catalogue has no macvtap");
    expect(carrierOf(macvtap).resourceName(macvtap, 100)).toBe("macvtap.network.kubevirt.io/uplink.100");
    const untagged = { ...builtIn, physicalNetworks: [{ ...macvtap, vlanResourceName: undefined }] };
    const spec = vmSpec([{ name: "eth0", type: "macvlan", vlanId: 100 }]);
    expect(checkVm(spec, untagged, noFacts).findings.map(({ code }) => code)).toEqual(["VLAN_NOT_ALLOWED"]);
  });

  it("of type macvlan can be a bridge over the parent", ({ expect }) => {
    const spec = vmSpec([{ name: "eth0", type: "macvlan", vlanId: 100, physicalNetwork: "parent" }]);
    const [nic] = resolveVm(spec, catalogue, noFacts).vm.nics;
    expect(nic?.binding).toEqual({ kind: "bridge" });
    const nad = nic && compileAttachment(nic, overBridge, "shop");
    expect(JSON.parse(nad?.spec.config ?? "")).toMatchObject({
      type: "bridge",
      bridge: "br-trunk",
      vlan: 100,
      macspoofchk: false,
    });
  });
});
