// The part of the Common Expression Language that the rules of the embedded API's CRDs use.
import { describe, it } from "vitest";
import { CelError, compileCel } from "../../../src/local/api/cel/compile.ts";
import type { Json } from "../../../src/local/api/json.ts";
import { resourceTypes } from "../../../src/local/api/resource-types.ts";
import { schemaOf } from "../../../src/local/api/schemas.ts";

/** Expression, value of `self`, result; the results are those of cel-go. */
const cases: readonly (readonly [string, Json, Json])[] = [
  ["self == 'a'", "a", true],
  ["self != 'a'", "a", false],
  ["'it\\'s' == self", "it's", true],
  ["self.n >= 0 && self.n < 3", { n: 3 }, false],
  ["!has(self.a) || self.a == 1", {}, true],
  ["has(self.a.b)", { a: { b: null } }, true],
  ["has(self.a.b)", { a: {} }, false],
  ["self.all(x, x > 1)", [2, 3], true],
  ["self.all(x, x > 1)", [], true],
  ["self.exists(x, x.n == 2)", [{ n: 1 }, { n: 2 }], true],
  ["self.exists_one(x, x == 2)", [2, 2], false],
  ["self.all(x, self.exists_one(y, y.n == x.n))", [{ n: 1 }, { n: 2 }], true],
  ["self.filter(x, x).size() <= 1", [true, false, true], false],
  ["[has(self.a), has(self.b)].filter(x, x).size()", { a: 1, b: 2 }, 2],
  ["self.matches('^[a-z]+$')", "ab1", false],
  ["self.startsWith('/') && !self.contains('..') && self.endsWith('x')", "/x", true],
  ["self.size()", "four", 4],
  ["self in ['a', 'b']", "b", true],
  ["self[1]", [1, 2], 2],
  ["self ? 'yes' : 'no'", false, "no"],
  ["(true || false) && false", null, false],
];

describe("a CEL rule", () => {
  it.for(cases)("%s of %j is %j", ([rule, self, result], { expect }) => {
    expect(compileCel(rule)(self)).toEqual(result);
  });

  it.for([
    ["self.a == 1", {}, "no such key: a"],
    ["self[2]", [1], "index out of bounds: 2"],
    ["self && true", 1, "no such overload"],
  ] as const)("%s of %j cannot be evaluated: %s", ([rule, self, message], { expect }) => {
    expect(() => compileCel(rule)(self as Json)).toThrow(new CelError(message));
  });

  it.for([
    "self.n + 1 == 2",
    "self.lowerAscii()",
    "self.all(x)",
    "self =",
    "size(self) > 1",
    "self; true",
    "",
  ])("%j is not supported, and says so", (rule, { expect }) => {
    expect(() => compileCel(rule)).toThrow("unsupported in a CEL rule");
  });

  it("of any served kind is supported", ({ expect }) => {
    const rules = resourceTypes
      .map(({ schema }) => JSON.stringify(schemaOf(schema)))
      .flatMap((text) => [...text.matchAll(/"rule":("(?:[^"\\]|\\.)*")/g)])
      .map(([, rule = ""]) => JSON.parse(rule) as string);
    expect(rules.length).toBeGreaterThan(8);
    for (const rule of new Set(rules)) expect(() => compileCel(rule), rule).not.toThrow();
  });
});
