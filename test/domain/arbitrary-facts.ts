// Generated clusters for generated specs: NADs under the names that those use, nodes, and NICs of other VMs.
import * as fc from "fast-check";
import type { Facts, NicInUse, NodeFact } from "../../src/domain/facts.ts";
import { indexNodes } from "../../src/domain/network/nodes.ts";
import { inUse, node } from "./finding-cases/world.ts";
import { nad, nads } from "../support/objects.ts";

/** Half of the time nothing is known. */
const perhaps = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined, freq: 2 });

const cniConfig = fc.oneof(
  fc
    .record({
      type: fc.constantFrom("bridge", "ovs", "macvtap", "sriov", "macvlan", "ovn-k8s-cni-overlay"),
      cniVersion: fc.constantFrom(undefined, "0.3.1", "1.0.0"),
      bridge: fc.constantFrom(undefined, "br0", "br-1234567890123"),
      vlan: fc.constantFrom(undefined, 0, 100, 4095),
      mtu: fc.constantFrom(undefined, 1500, 9000),
      ipam: fc.constantFrom(undefined, { type: "host-local" }, { type: "whereabouts" }),
      disableContainerInterface: fc.boolean(),
      trunk: fc.constantFrom(undefined, [{ id: 7 }]),
    })
    .map((config) => JSON.stringify(config)),
  fc.constantFrom(
    "",
    "{",
    "[]",
    JSON.stringify({ plugins: [] }),
    JSON.stringify({ plugins: [{ type: "ovs" }] }),
  ),
);

const someNads = fc
  .array(
    fc.record({
      name: fc.constantFrom("net-a", "net-b", "other/net"),
      config: cniConfig,
      resourceName: fc.constantFrom(undefined, "sriov.network/uplink"),
    }),
    { maxLength: 3 },
  )
  .map((list) => nads(...list.map(({ name, config, resourceName }) => nad(name, config, resourceName))));

const resource = fc.constantFrom(
  "bridge.network.kubevirt.io/br0",
  "ovs-cni.network.kubevirt.io/br-ovs",
  "sriov.network/uplink",
  "macvtap.network.kubevirt.io/uplink",
);

const someNodes: fc.Arbitrary<readonly NodeFact[]> = fc
  .array(
    fc.record({
      takesVms: fc.boolean(),
      allocatable: fc.dictionary(resource, fc.constantFrom("0", "8", "1k")),
      podCidrs: fc.constantFrom([], ["10.0.0.0/16"], ["10.1.7.0/24", "2001:db8:1::/48"]),
      addresses: fc.constantFrom([], ["10.2.7.9"]),
      bridges: perhaps(
        fc.constantFrom(
          [],
          [{ kind: "linux" as const, name: "br0", mtu: 1500 }],
          [{ kind: "ovs" as const, name: "br-ovs", mtu: undefined }],
        ),
      ),
    }),
    { maxLength: 3 },
  )
  .map((list) => list.map((fields, index) => node(`node-${index}`, fields)));

/** Another VM's, on the network that an untagged bridge NIC is on. */
const neighbour: fc.Arbitrary<Partial<NicInUse>> = fc.constantFrom({}, { segment: "nad shop/net-b" });

const macsInUse = fc
  .tuple(fc.constantFrom("02:00:5e:10:00:00", "02:00:5e:10:00:99"), neighbour)
  .map(([mac, change]) => inUse(mac, change));

const addressesInUse = fc
  .tuple(fc.integer({ min: 1, max: 250 }), neighbour)
  .map(([host, change]) => inUse(`10.0.7.${host}`, change));

export const arbitraryFacts: fc.Arbitrary<Partial<Facts>> = fc.record({
  namespaceExists: perhaps(fc.boolean()),
  nads: perhaps(someNads),
  macsInUse: perhaps(macsInUse),
  addressesInUse: perhaps(addressesInUse),
  nodes: perhaps(someNodes.map(indexNodes)),
  serviceCidrs: perhaps(fc.constantFrom([], ["10.96.0.0/12"])),
  bindingPlugins: perhaps(fc.constantFrom([], ["macvtap"])),
});
