// The record of a VM: read back as it was written, and never trusted.
import * as fc from "fast-check";
import { describe, it } from "vitest";
import { nicPartOf } from "../../src/domain/adopt/adopted-spec.ts";
import { builtInCatalogue } from "../../src/domain/catalogue.ts";
import { withoutSecretText } from "../../src/domain/compile/virtual-machine.ts";
import { maxRecordLength, readRecord } from "../../src/domain/document/read-record.ts";
import { noFacts } from "../../src/domain/facts.ts";
import { hasErrors } from "../../src/domain/findings.ts";
import { readGuestRecord } from "../../src/domain/compare/guest-record.ts";
import type { VirtualMachine } from "../../src/domain/objects/kubernetes.ts";
import {
  adoptedAnnotation,
  managedBy,
  managedByLabel,
  specAnnotation,
} from "../../src/domain/objects/ownership.ts";
import type { VmSpec } from "../../src/domain/spec.ts";
import { checkVm } from "../../src/domain/validate/check-vm.ts";
import { arbitrarySpec } from "./arbitrary-spec.ts";
import { hostileRecords } from "./hostile-records.ts";
import { storedVm } from "../support/objects.ts";
import { staticNic, vmSpec } from "./specs.ts";

function vmWith(record: string | undefined, marks: Partial<VirtualMachine["metadata"]> = {}): VirtualMachine {
  const vm = storedVm();
  const annotations = { ...marks.annotations, ...(record === undefined ? {} : { [specAnnotation]: record }) };
  const labels = marks.labels ?? { [managedByLabel]: managedBy };
  return { ...vm, metadata: { ...vm.metadata, labels, annotations } };
}

const spec = vmSpec([staticNic]);
const recorded = (value: unknown) => readRecord(vmWith(JSON.stringify(value)));

describe("a record", () => {
  it("is read as it was written, for every accepted spec", ({ expect }) => {
    let accepted = 0;
    fc.assert(
      fc.property(arbitrarySpec, (asked) => {
        if (hasErrors(checkVm(asked, builtInCatalogue(), noFacts).findings)) return;
        accepted += 1;
        const vm = vmWith(undefined);
        vm.metadata = { ...vm.metadata, namespace: asked.namespace, name: asked.name };
        for (const written of [withoutSecretText(asked), withoutSecretText(nicPartOf(asked))]) {
          vm.metadata.annotations = { [specAnnotation]: JSON.stringify(written) };
          expect(readRecord(vm)).toEqual({ spec: JSON.parse(JSON.stringify(written)) as VmSpec });
        }
      }),
      { numRuns: 500 },
    );
    expect(accepted).toBeGreaterThan(50);
  });

  it("keeps the known fields if another version wrote one more", ({ expect }) => {
    const nic = { ...staticNic, qos: { rate: 5 } };
    expect(recorded({ ...spec, flavour: "large", networks: [nic] })).toEqual({ spec });
  });

  it.for(hostileRecords)("with $name is unreadable, with the reason", ({ text, says }, { expect }) => {
    const { spec: read, problem } = readRecord(vmWith(text(spec)));
    expect(read).toBeUndefined();
    expect(problem).toContain(says);
    expect(problem?.length).toBeLessThan(300);
  });

  it("is not read if it is longer than the API server allows", ({ expect }) => {
    const long = JSON.stringify({ ...spec, memory: "x".repeat(1_048_576) });
    expect(readRecord(vmWith(long))).toEqual({ problem: `it is longer than ${maxRecordLength} characters` });
  });

  it("does not exist without networks, whatever else is in it", ({ expect }) => {
    expect(recorded({ namespace: "shop", name: "web" })).toEqual({ problem: "it has no networks" });
  });

  it("is used only for a VM that multinic created or whose NICs it adopted", ({ expect }) => {
    const text = JSON.stringify(spec);
    const adopted = { labels: {}, annotations: { [adoptedAnnotation]: "now" } };
    expect(readRecord(vmWith(text, adopted))).toEqual({ spec });
    expect(readRecord(vmWith(text, { labels: { [managedByLabel]: "helm" } }))).toEqual({});
    expect(readRecord(vmWith(text, { labels: {} }))).toEqual({});
    expect(readRecord(vmWith(undefined))).toEqual({});
  });
});

describe("the record of a guest", () => {
  it("is read as it was written", ({ expect }) => {
    const record = { digest: "d", machine: { routing: "main" }, networks: { eth0: { mtu: "1400" } } };
    expect(readGuestRecord(JSON.stringify(record))).toEqual(record);
  });

  it.for([
    "5",
    "{",
    '{"digest":"d","machine":{},"networks":{"eth0":5}}',
    '{"digest":"d","machine":{"a":1},"networks":{}}',
  ])("is not taken from %s", (text, { expect }) => {
    expect(readGuestRecord(text)).toBeUndefined();
  });

  it("has only the NICs that it names, even for names that every JavaScript object has", ({ expect }) => {
    const record = readGuestRecord('{"digest":"d","machine":{},"networks":{}}');
    expect(record?.networks["constructor"]).toBeUndefined();
    expect(record?.machine["toString"]).toBeUndefined();
  });
});
