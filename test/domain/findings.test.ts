// Every code of the table: a case that produces it at the right field, and its fix, where it has one, removes it.
import { describe, it } from "vitest";
import { findingTable } from "../../src/domain/findings.ts";
import { applyFix } from "../../src/domain/fix.ts";
import { findingCases } from "./finding-cases/all.ts";
import { findingsOfCase, findingsOfSpec, type SpecCase } from "./finding-cases/case.ts";
import { harmlessAdoptions } from "./finding-cases/adoption.ts";
import { harmlessCases } from "./finding-cases/in-use.ts";

describe("a finding", () => {
  it.for(findingCases)("$code when $when", (found, { expect }) => {
    const fields = findingsOfCase(found)
      .filter(({ code }) => code === found.code)
      .map(({ field }) => field);
    expect(fields).toContain(found.field);
  });

  const fixable = findingCases
    .filter((found): found is SpecCase => "spec" in found)
    .flatMap((found) => {
      const { fix } =
        findingsOfCase(found).find(({ code, field }) => code === found.code && field === found.field) ?? {};
      return fix === undefined ? [] : [{ ...found, fix }];
    });
  it.for(fixable)("$code is gone after its fix when $when", (found, { expect }) => {
    const mended = findingsOfSpec(found, applyFix(found.spec, found.fix));
    expect(mended.filter(({ code }) => code === found.code)).toEqual([]);
  });

  it.for([...harmlessCases, ...harmlessAdoptions])("$code is none when $when", (harmless, { expect }) => {
    expect(findingsOfCase(harmless).map(({ code }) => code)).not.toContain(harmless.code);
  });

  it("has a case for every code", ({ expect }) => {
    const covered = new Set<string>(findingCases.map(({ code }) => code));
    expect(Object.keys(findingTable).filter((code) => !covered.has(code))).toEqual([]);
  });

  it("never has a message with undefined in it", ({ expect }) => {
    const messages = findingCases.flatMap(findingsOfCase).map(({ message }) => message);
    expect(messages.filter((message) => message.includes("undefined"))).toEqual([]);
  });

  it("of severity error says why it cannot work", ({ expect }) => {
    const errors = Object.entries(findingTable).filter(([, { severity }]) => severity === "error");
    expect(errors.filter(([, { why }]) => why.length < 15).map(([code]) => code)).toEqual([]);
  });
});
