// The comparison of two lists of NICs that plans, pending changes, drift and imports share.
import * as fc from "fast-check";
import { describe, it } from "vitest";
import {
  type Fields,
  type KubeVirtField,
  kubeVirtFields,
  type NicComparison,
  nicDifferences,
} from "../../src/domain/compare/nic-differences.ts";

type Nics = ReadonlyMap<string, Fields<KubeVirtField>>;

const comparison: NicComparison<KubeVirtField> = {
  fields: kubeVirtFields,
  nicText: ({ binding = "" }) => binding,
};

const nic = (fields: Fields<KubeVirtField> = {}): Fields<KubeVirtField> => ({ binding: "bridge", ...fields });
const nics = (list: Readonly<Record<string, Fields<KubeVirtField>>>): Nics => new Map(Object.entries(list));

const anyNics: fc.Arbitrary<Nics> = fc
  .uniqueArray(
    fc.tuple(
      fc.constantFrom("eth0", "eth1", "eth2", "constructor", "__proto__"),
      fc.record({ binding: fc.constantFrom("bridge", "sriov"), macAddress: fc.constantFrom("", "a", "b") }),
    ),
    { selector: ([name]) => name },
  )
  .map((entries) => new Map(entries));

describe("the differences of two lists of NICs", () => {
  it("are fields in their order, then removed NICs, then the order of what both have", ({ expect }) => {
    const before = nics({ eth0: nic({ macAddress: "a" }), eth1: nic(), eth2: nic() });
    const after = nics({ eth3: nic(), eth2: nic(), eth0: nic({ binding: "sriov", macAddress: "b" }) });
    expect(
      nicDifferences(comparison, before, after).map(({ kind, change }) => ({ kind, ...change })),
    ).toEqual([
      { kind: "added", path: "networks[eth3]", nic: "eth3", oldValue: "", newValue: "bridge" },
      { kind: "field", path: "networks[eth0].type", nic: "eth0", oldValue: "bridge", newValue: "sriov" },
      { kind: "field", path: "networks[eth0].macAddress", nic: "eth0", oldValue: "a", newValue: "b" },
      { kind: "removed", path: "networks[eth1]", nic: "eth1", oldValue: "bridge", newValue: "" },
      { kind: "reordered", path: "networks", nic: "", oldValue: "eth0, eth2", newValue: "eth2, eth0" },
    ]);
  });

  it("count a NIC that had only a name before as added, and keep its position", ({ expect }) => {
    const both = nics({ eth0: nic(), eth1: nic() });
    const isPresent = (name: string): boolean => name !== "eth0";
    expect(nicDifferences({ ...comparison, isPresent }, both, both)).toMatchObject([
      { kind: "added", change: { path: "networks[eth0]" } },
    ]);
  });

  it("are empty for a list and itself, and symmetric", ({ expect }) => {
    const other = { added: "removed", removed: "added", field: "field", reordered: "reordered" } as const;
    const lines = (before: Nics, after: Nics, isBack: boolean): readonly string[] =>
      nicDifferences(comparison, before, after)
        .map(({ kind, change: { path, oldValue, newValue } }) =>
          isBack
            ? `${other[kind]} ${path}: ${newValue} -> ${oldValue}`
            : `${kind} ${path}: ${oldValue} -> ${newValue}`,
        )
        .toSorted();
    fc.assert(
      fc.property(anyNics, anyNics, (before, after) => {
        expect(nicDifferences(comparison, before, before)).toEqual([]);
        expect(lines(after, before, true)).toEqual(lines(before, after, false));
      }),
    );
  });
});
