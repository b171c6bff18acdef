// Generated NADs against what the CNI programs read: a misspelt key would be ignored without a word. For macvtap and
// sriov, whose programs no test can run, this is what holds their configuration.
import * as fc from "fast-check";
import { describe, it } from "vitest";
import { builtInCatalogue, type Catalogue } from "../../src/domain/catalogue.ts";
import { checkVm } from "../../src/domain/validate/check-vm.ts";
import { carriedTypes, carrierOfPlugin, typeOfPlugin } from "../../src/domain/network/carriers/carriers.ts";
import { refusalOfPlugin } from "../../src/domain/network/cni-refusal.ts";
import { readCniConfig } from "../../src/domain/network/cni.ts";
import { compileVm } from "../../src/domain/compile/compile.ts";
import { noFacts } from "../../src/domain/facts.ts";
import { hasErrors } from "../../src/domain/findings.ts";
import type { NetworkConfig } from "../../src/domain/spec.ts";
import { vmSpec } from "./specs.ts";

const catalogue: Catalogue = {
  ...builtInCatalogue(),
  physicalNetworks: [
    ...builtInCatalogue().physicalNetworks,
    {
      name: "over",
      default: false,
      vlans: [{ first: 1, last: 4094 }],
      untagged: true,
      reservedVlans: [],
      mtu: 9000,
      namespaces: undefined,
      type: "macvlan",
      carrier: "linux-bridge",
      bridge: "br-over",
      macSpoofCheck: true,
    },
  ],
};

const nic: fc.Arbitrary<NetworkConfig> = fc.record(
  {
    name: fc.constant("lan"),
    type: fc.constantFrom(...carriedTypes),
    physicalNetwork: fc.constant("over"),
    vlanId: fc.integer({ min: 0, max: 4094 }),
    mtu: fc.integer({ min: 1280, max: 9000 }),
  },
  { requiredKeys: ["name", "type"] },
);

const always = ["cniVersion", "name", "type"];

describe("a generated NAD", () => {
  it("has only keys that its plugin reads, with values that the plugin accepts, and its resource if it needs one", ({
    expect,
  }) => {
    const seen = new Set<string>();
    const spec = nic.map((network) => vmSpec([network]));
    fc.assert(
      fc.property(spec, (asked) => {
        const { vm, findings } = checkVm(asked, catalogue, noFacts);
        fc.pre(!hasErrors(findings));
        for (const nad of compileVm(asked, vm).attachments) {
          const cni = readCniConfig(nad);
          if ("problem" in cni) throw new Error(cni.problem);
          seen.add(`${vm.nics[0]?.type} by ${cni.type}`);
          const known = carrierOfPlugin(cni.type)?.keys ?? {};
          expect(Object.keys(cni.plugin).filter((key) => !(key in known) && !always.includes(key))).toEqual(
            [],
          );
          expect(refusalOfPlugin(cni)).toBeUndefined();
          expect(cni.resourceName !== undefined).toBe(cni.type === "macvtap" || cni.type === "sriov");
          // It would also be accepted as another owner's NAD.
          const given = vmSpec([
            { name: "lan", type: typeOfPlugin(cni.type) ?? "pod", nadName: nad.metadata.name },
          ]);
          const nads = new Map([[`shop/${nad.metadata.name}`, nad]]);
          expect(checkVm(given, catalogue, { ...noFacts, nads }).findings).toEqual([]);
        }
      }),
      { numRuns: 500 },
    );
    expect([...seen].toSorted()).toEqual([
      "bridge by bridge",
      "macvlan by bridge",
      "macvlan by macvtap",
      "ovs by ovs",
      "sriov by sriov",
    ]);
  });
});
