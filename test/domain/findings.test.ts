// Every code of the table has a case that produces it at the right field, and its fix, if it has one, removes it.
import { describe, it } from "vitest";
import { findingTable } from "../../src/domain/findings.ts";
import { applyFix } from "../support/apply-fix.ts";
import { findingCases } from "./finding-cases/all.ts";
import { findingsOfCase, findingsOfSpec, type SpecCase } from "./finding-cases/case.ts";
import { harmlessAdoptions } from "./finding-cases/adoption.ts";
import { harmlessCases } from "./finding-cases/in-use.ts";
import { harmlessLabels, harmlessResets } from "./finding-cases/machine.ts";
import { someOf } from "../support/rows.ts";

describe("a finding", () => {
  it.for(findingCases)("$code when $when", (found, { expect }) => {
    const fixable = findingsOfCase(found)
      .filter(({ code, field }) => code === found.code && field === found.field)
      .map(({ fix }) => fix !== undefined);
    expect(fixable).toContain(found.fix === true);
    expect(fixable).not.toContain(found.fix !== true);
  });

  const fixable = findingCases.filter((found): found is SpecCase => "spec" in found && found.fix === true);
  it.for(someOf(fixable))("$code is gone after its fix when $when", (found, { expect }) => {
    const { fix } =
      findingsOfCase(found).find(({ code, field }) => code === found.code && field === found.field) ?? {};
    if (fix === undefined) throw new Error("the finding has no fix");
    const fixed = findingsOfSpec(found, applyFix(found.spec, fix));
    expect(fixed.filter(({ code }) => code === found.code)).toEqual([]);
  });

  it.for([...harmlessCases, ...harmlessAdoptions, ...harmlessResets, ...harmlessLabels])(
    "$code is not reported when $when",
    (harmless, { expect }) => {
      expect(findingsOfCase(harmless).map(({ code }) => code)).not.toContain(harmless.code);
    },
  );

  it("has a case for every code", ({ expect }) => {
    const covered = new Set<string>(findingCases.map(({ code }) => code));
    expect(Object.keys(findingTable).filter((code) => !covered.has(code))).toEqual([]);
  });

  it("never has a message with undefined in it", ({ expect }) => {
    const messages = findingCases.flatMap(findingsOfCase).map(({ message }) => message);
    expect(messages.filter((message) => message.includes("undefined"))).toEqual([]);
  });

  it("of severity error says why the spec cannot work", ({ expect }) => {
    const errors = Object.entries(findingTable).filter(([, { severity }]) => severity === "error");
    expect(errors.filter(([, { why }]) => why.length < 15).map(([code]) => code)).toEqual([]);
  });
});
