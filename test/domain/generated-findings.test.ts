// What holds for the findings on any spec in any cluster: fixes work, facts only add findings, messages are complete.
import * as fc from "fast-check";
import { describe, it } from "vitest";
import { builtInCatalogue } from "../../src/domain/catalogue.ts";
import { checkVm } from "../../src/domain/validate/check-vm.ts";
import { type Facts, noFacts } from "../../src/domain/facts.ts";
import type { Finding } from "../../src/domain/findings.ts";
import { applyFix } from "../support/apply-fix.ts";
import type { VmSpec } from "../../src/domain/spec.ts";
import { runsOf } from "../support/runs.ts";
import { arbitraryFacts } from "./arbitrary-facts.ts";
import { arbitrarySpec } from "./arbitrary-spec.ts";

const catalogue = builtInCatalogue();
const findingsOf = (spec: VmSpec, facts: Partial<Facts> = {}): readonly Finding[] =>
  checkVm(spec, catalogue, { ...noFacts, ...facts }).findings;
const placeOf = ({ code, field }: Finding): string => `${code} ${field}`;

/** After a list element is removed, the next one has its index. */
const removesElement = ({ fix }: Finding): boolean =>
  fix?.patches.some((patch) => !("value" in patch) && patch.field.endsWith("]")) ?? false;

describe("findings of generated specs in generated clusters", () => {
  it("disappear when their fix is applied", ({ expect }) => {
    let fixes = 0;
    fc.assert(
      fc.property(arbitrarySpec, arbitraryFacts, (spec, facts) => {
        const before = findingsOf(spec, facts);
        for (const found of before) {
          if (found.fix === undefined) continue;
          fixes += 1;
          const after = findingsOf(applyFix(spec, found.fix), facts);
          const same = (all: readonly Finding[]) => all.filter(({ code }) => code === found.code);
          if (removesElement(found)) expect(same(after).length).toBeLessThan(same(before).length);
          else expect(after.map(placeOf)).not.toContain(placeOf(found));
        }
      }),
      { numRuns: runsOf(10_000) },
    );
    console.info(`specs generated ${runsOf(10_000)}, fixes applied ${fixes}`);
    expect(fixes).toBeGreaterThan(runsOf(500));
  }, 240_000);

  it("remain when more facts of the cluster are known", ({ expect }) => {
    fc.assert(
      fc.property(arbitrarySpec, arbitraryFacts, (spec, facts) => {
        const known = findingsOf(spec, facts).map(placeOf);
        expect(known).toEqual(expect.arrayContaining(findingsOf(spec).map(placeOf)));
      }),
      { numRuns: runsOf(3_000) },
    );
  }, 240_000);

  it("have messages without missing values", ({ expect }) => {
    fc.assert(
      fc.property(arbitrarySpec, arbitraryFacts, (spec, facts) => {
        const messages = findingsOf(spec, facts).map(({ message }) => message);
        expect(messages.filter((message) => /undefined|NaN|\[object|Infinity/.test(message))).toEqual([]);
      }),
      { numRuns: runsOf(3_000) },
    );
  }, 240_000);

  it("name fields that the spec has or can have", ({ expect }) => {
    fc.assert(
      fc.property(arbitrarySpec, arbitraryFacts, (spec, facts) => {
        for (const { field, related = [] } of findingsOf(spec, facts)) {
          for (const path of [field, ...related]) {
            const index = /^networks\[(\d+)\]/.exec(path)?.[1];
            expect(index === undefined || Number(index) < spec.networks.length).toBe(true);
            expect(path).toMatch(/^labels\["[^"]+"\]$|^[a-zA-Z]+(\[\d+\])?(\.[a-zA-Z0-9]+(\[\d+\])?)*$/);
          }
        }
      }),
      { numRuns: runsOf(3_000) },
    );
  }, 240_000);
});
