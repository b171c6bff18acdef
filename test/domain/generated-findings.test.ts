// What holds for the findings of any spec in any cluster: fixes mend, facts add, messages are complete.
import * as fc from "fast-check";
import { describe, it } from "vitest";
import { builtInCatalogue } from "../../src/domain/catalogue.ts";
import { checkVm } from "../../src/domain/validate/check-vm.ts";
import { type Facts, noFacts } from "../../src/domain/facts.ts";
import type { Finding } from "../../src/domain/findings.ts";
import { applyFix } from "../../src/domain/fix.ts";
import type { VmSpec } from "../../src/domain/spec.ts";
import { arbitraryFacts } from "./arbitrary-facts.ts";
import { arbitrarySpec } from "./arbitrary-spec.ts";

const catalogue = builtInCatalogue();
const findingsOf = (spec: VmSpec, facts: Partial<Facts> = {}): readonly Finding[] =>
  checkVm(spec, catalogue, { ...noFacts, ...facts }).findings;
const placeOf = ({ code, field }: Finding): string => `${code} ${field}`;

/** Removing an element of a list gives the next one its place. */
const removesElement = ({ fix }: Finding): boolean =>
  fix?.patches.some((patch) => !("value" in patch) && patch.field.endsWith("]")) ?? false;

describe("findings of generated specs in generated clusters", () => {
  it("are gone after their fix", ({ expect }) => {
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
      { numRuns: 10_000 },
    );
    console.info(`fixes applied ${fixes}`);
    expect(fixes).toBeGreaterThan(1_000);
  }, 60_000);

  it("stay when more is known of the cluster", ({ expect }) => {
    fc.assert(
      fc.property(arbitrarySpec, arbitraryFacts, (spec, facts) => {
        const known = findingsOf(spec, facts).map(placeOf);
        expect(known).toEqual(expect.arrayContaining(findingsOf(spec).map(placeOf)));
      }),
      { numRuns: 3_000 },
    );
  }, 60_000);

  it("have messages with every value in them", ({ expect }) => {
    fc.assert(
      fc.property(arbitrarySpec, arbitraryFacts, (spec, facts) => {
        const messages = findingsOf(spec, facts).map(({ message }) => message);
        expect(messages.filter((message) => /undefined|NaN|\[object|Infinity/.test(message))).toEqual([]);
      }),
      { numRuns: 3_000 },
    );
  }, 60_000);

  it("name fields that the spec has or could have", ({ expect }) => {
    fc.assert(
      fc.property(arbitrarySpec, arbitraryFacts, (spec, facts) => {
        for (const { field, related = [] } of findingsOf(spec, facts)) {
          for (const path of [field, ...related]) {
            const index = /^networks\[(\d+)\]/.exec(path)?.[1];
            expect(index === undefined || Number(index) < spec.networks.length).toBe(true);
            expect(path).toMatch(/^[a-zA-Z]+(\[\d+\])?(\.[a-zA-Z0-9]+(\[\d+\])?)*$/);
          }
        }
      }),
      { numRuns: 3_000 },
    );
  }, 60_000);
});
