// The scope of lists and streams, and the one order of VMs.
import * as fc from "fast-check";
import { describe, it } from "vitest";
import { compareVms, everything, isInScope, scopeOf, scopeText } from "../../src/app/status-scope.ts";
import { createMemoryCluster } from "./memory-cluster.ts";

const name = fc.constantFrom("a", "a-b", "a.b", "b", "web", "web-2");
const vmKey = fc.record({ namespace: name, vm: name });

describe("the order of VMs", () => {
  it("compares namespaces first, then names, each as a whole", ({ expect }) => {
    const keys = ["a-b/v0", "a/v0", "a/v-0", "b/a", "a/v"].map((id) => {
      const [namespace = "", vm = ""] = id.split("/");
      return { namespace, vm };
    });
    const sorted = keys.toSorted(compareVms).map(({ namespace, vm }) => `${namespace}/${vm}`);
    expect(sorted).toEqual(["a/v", "a/v-0", "a/v0", "a-b/v0", "b/a"]);
  });

  it("is one order, in which VMs of a namespace are next to each other", ({ expect }) => {
    fc.assert(
      fc.property(fc.array(vmKey, { maxLength: 12 }), (keys) => {
        const sorted = keys.toSorted(compareVms);
        expect(keys.toReversed().toSorted(compareVms)).toEqual(sorted);
        const namespaces = sorted.map(({ namespace }) => namespace);
        expect(namespaces).toEqual(namespaces.toSorted());
        for (const [index, key] of sorted.entries()) {
          const next = sorted[index + 1];
          if (next?.namespace === key.namespace) expect(key.vm <= next.vm).toBe(true);
        }
      }),
    );
  });
});

describe("a scope", () => {
  it("selects from the model what it contains, in the order of VMs", ({ expect }) => {
    fc.assert(
      fc.property(
        fc.array(vmKey, { maxLength: 12 }),
        fc.array(name),
        fc.array(name),
        (keys, namespaces, names) => {
          const { model, setVm } = createMemoryCluster();
          for (const { namespace, vm } of keys) setVm(`${namespace}/${vm}`, [{ name: "eth0" }]);
          const scope = scopeOf(namespaces, names);
          const selected = model.vms(everything).filter((key) => isInScope(key, scope));
          expect(model.vms(scope)).toEqual(selected);
          expect(selected).toEqual(selected.toSorted(compareVms));
        },
      ),
      { numRuns: 100 },
    );
  });

  it("has the same text in whatever order and however often its names are given", ({ expect }) => {
    expect(scopeText(scopeOf(["b", "a", "b"], ["y", "x"]))).toBe(
      scopeText(scopeOf(["a", "b"], ["x", "y", "x"])),
    );
    expect(scopeText(scopeOf(["a"], ["b"]))).not.toBe(scopeText(scopeOf(["a", "b"])));
  });
});
