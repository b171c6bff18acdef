// The etag of a VM depends on its content alone, however the API server writes it down.
import { describe, it } from "vitest";
import { etagOf } from "../../src/domain/objects/etag.ts";
import type { VirtualMachine } from "../../src/domain/objects/kubernetes.ts";
import { isMapping } from "../../src/domain/objects/mapping.ts";
import { storedVm } from "../support/objects.ts";

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (!isMapping(value)) return value;
  const entries = Object.entries(value).map(([key, of]) => [key, reversed(of)] as const);
  return Object.fromEntries(entries.toReversed());
}

describe("the etag of a VM", () => {
  const vm = storedVm([{ name: "eth0", macAddress: "02:00:5e:10:00:01", bridge: {} }]);

  it("does not depend on the order of keys", ({ expect }) => {
    const other = reversed(vm) as VirtualMachine;
    expect(JSON.stringify(other)).not.toBe(JSON.stringify(vm));
    expect(etagOf(other)).toBe(etagOf(vm));
  });

  it("does not depend on the status, the generation or the resourceVersion", ({ expect }) => {
    const other: VirtualMachine = {
      ...vm,
      metadata: { ...vm.metadata, generation: 99, resourceVersion: "99" },
      status: { printableStatus: "Running" },
    };
    expect(etagOf(other)).toBe(etagOf(vm));
  });

  it("depends on the uid", ({ expect }) => {
    expect(etagOf({ ...vm, metadata: { ...vm.metadata, uid: "another" } })).not.toBe(etagOf(vm));
  });

  it("depends on the labels that the record requests, and on no others", ({ expect }) => {
    const labels = { "app.kubernetes.io/managed-by": "multinic", app: "web", theirs: "x" };
    const record = JSON.stringify({ labels: { app: "web", constructor: "y" } });
    const annotations = { "multinic.novasphere.dev/spec": record };
    const labelled = (more: Readonly<Record<string, string>>): VirtualMachine => ({
      ...vm,
      metadata: { ...vm.metadata, annotations, labels: { ...labels, ...more } },
    });
    const etag = etagOf(labelled({}));
    expect(etagOf(labelled({ theirs: "y", more: "z" }))).toBe(etag);
    expect(etagOf(labelled({ app: "db" }))).not.toBe(etag);
    expect(etagOf(labelled({ constructor: "y" }))).not.toBe(etag);
    const { app: _, ...without } = labels;
    const removed = labelled({});
    removed.metadata.labels = without;
    expect(etagOf(removed)).not.toBe(etag);
  });

  it("can be made of any record", ({ expect }) => {
    for (const record of [
      "",
      "5",
      "null",
      "[]",
      '{"labels":5}',
      '{"labels":[1]}',
      '{"labels":{"__proto__":{}}}',
    ]) {
      const metadata = {
        ...vm.metadata,
        labels: { "app.kubernetes.io/managed-by": "multinic" },
        annotations: { "multinic.novasphere.dev/spec": record },
      };
      expect(etagOf({ ...vm, metadata })).toMatch(/^[\w-]{22}$/);
    }
  });
});
