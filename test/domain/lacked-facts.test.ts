// What an answer reports as not checked: only what matters to this VM.
import { describe, it } from "vitest";
import { indexNodes } from "../../src/domain/network/nodes.ts";
import { builtInCatalogue, type Catalogue } from "../../src/domain/catalogue.ts";
import { checkVm } from "../../src/domain/validate/check-vm.ts";
import { type Facts, noFacts } from "../../src/domain/facts.ts";
import type { VmSpec } from "../../src/domain/spec.ts";
import { node } from "./finding-cases/world.ts";
import { nads } from "../support/objects.ts";
import { dhcpNic, staticNic, vmSpec } from "./specs.ts";

const unchecked = (spec: VmSpec, facts: Partial<Facts> = {}, catalogue: Catalogue = builtInCatalogue()) =>
  checkVm(spec, catalogue, { ...noFacts, ...facts }).unchecked;

/** Everything but what the nodes have. */
const known: Partial<Facts> = {
  namespaceExists: true,
  nads: nads(),
  macsInUse: new Map(),
  addressesInUse: new Map(),
  bindingPlugins: ["macvtap"],
  serviceCidrs: [],
};
const marks = { "bridge.network.kubevirt.io/br0": "1k" };

describe("what could not be checked", () => {
  it("is little for a VM on the pod network only", ({ expect }) => {
    expect(unchecked(vmSpec([{ name: "eth0", type: "pod" }]))).toEqual(["whether the namespace exists"]);
  });

  it("is what a NIC of each kind depends on", ({ expect }) => {
    const words = (spec: VmSpec) => unchecked(spec).join("\n");
    expect(words(vmSpec([dhcpNic]))).toContain("MAC address is in use");
    expect(words(vmSpec([dhcpNic]))).not.toContain("IP address is in use");
    expect(words(vmSpec([staticNic]))).toContain("IP address is in use");
    expect(words(vmSpec([dhcpNic]))).toContain("the nodes have the bridge");
    expect(words(vmSpec([{ ...dhcpNic, nadName: "net" }]))).toContain("NetworkAttachmentDefinitions");
    expect(words(vmSpec([{ ...dhcpNic, type: "macvlan" }]))).toContain("binding plugin");
    expect(words(vmSpec([{ ...dhcpNic, type: "sriov" }]))).toContain("a node has the device");
    expect(words(vmSpec([{ name: "pod", type: "pod" }, staticNic]))).toContain("pods and Services");
  });

  it("is empty if everything is known", ({ expect }) => {
    expect(
      unchecked(vmSpec([staticNic]), {
        ...known,
        nodes: indexNodes([node("node-1", { allocatable: marks })]),
      }),
    ).toEqual([]);
    expect(
      unchecked(vmSpec([staticNic]), { ...known, nodes: indexNodes([node("node-1", { bridges: [] })]) }),
    ).toEqual([]);
  });

  it("includes the bridge if the nodes do not report theirs", ({ expect }) => {
    expect(unchecked(vmSpec([staticNic]), { ...known, nodes: indexNodes([node("node-1")]) })).toEqual([
      expect.stringContaining("the nodes have the bridge"),
    ]);
  });

  it("does not include the overlap with the cluster's networks if the configuration lists them", ({
    expect,
  }) => {
    const spec = vmSpec([{ name: "pod", type: "pod" }, staticNic]);
    const catalogue = { ...builtInCatalogue(), clusterCidrs: ["10.96.0.0/12"] };
    expect(unchecked(spec, {}, catalogue).join("\n")).not.toContain("pods and Services");
  });
});
