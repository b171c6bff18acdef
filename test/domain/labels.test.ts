// Labels and label selectors mean what they mean to Kubernetes, by the recorded verdicts of its own code.
import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, it } from "vitest";
import { parseLabelSelector } from "../../src/domain/label-selector.ts";
import {
  isReservedLabel,
  labelKeyProblem,
  type Labels,
  labelsText,
  labelValueProblem,
} from "../../src/domain/labels.ts";
import { entryPath, pathSegments } from "../../src/domain/paths.ts";

interface Recorded {
  readonly sets: readonly Labels[];
  readonly selectors: readonly { selector: string; error?: string; matches?: readonly boolean[] }[];
  readonly keys: Readonly<Record<string, boolean>>;
  readonly values: Readonly<Record<string, boolean>>;
}

const recorded = JSON.parse(
  readFileSync(new URL("../vectors/labels.json", import.meta.url), "utf8"),
) as Recorded;

/** Comparisons of numbers, which multinic leaves out. */
const isComparison = (selector: string): boolean => /[<>]/.test(selector);

function matchesOf(selector: string): readonly boolean[] | undefined {
  const parsed = parseLabelSelector(selector);
  return "value" in parsed ? recorded.sets.map((set) => parsed.value.matches(set)) : undefined;
}

describe("a label selector", () => {
  it.for(recorded.selectors.filter(({ selector }) => !isComparison(selector)))(
    "$selector selects what Kubernetes selects by it",
    ({ selector, matches }, { expect }) => {
      expect(matchesOf(selector)).toEqual(matches);
    },
  );

  it.for<[string, string]>([
    ["app in web", "expected ( and a list of values, found web"],
    ["app in (web", "expected a comma or ), found the end"],
    ["app web", "expected =, ==, !=, in, notin or a comma after app, found web"],
    ["app>1", "expected =, ==, !=, in, notin or a comma after app, found >"],
    ["app=web tier", "expected a comma or the end, found tier"],
    ["app,", "expected a label key after the comma, found the end"],
    ["=web", "expected a label key or !, found ="],
    ["!", "expected a label key after !, found the end"],
    ["app=(web)", "expected a label value, found ("],
    [
      "-app",
      "-app is not a label key: a key is [PREFIX/]NAME, and NAME has 1 to 63 letters, digits, -, _ and ., with a letter or digit first and last",
    ],
    [
      "app=we/b",
      "we/b is not a label value: a value is empty or has at most 63 letters, digits, -, _ and ., with a letter or digit first and last",
    ],
  ])("%s is refused with what was expected", ([selector, problem], { expect }) => {
    expect(parseLabelSelector(selector)).toEqual({ problem });
  });

  it("written for the labels of an object selects that object", ({ expect }) => {
    const word = fc.stringMatching(/^[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,10}[A-Za-z0-9])?$/);
    fc.assert(
      fc.property(fc.dictionary(word, word, { minKeys: 1 }), (labels) => {
        const pairs = Object.entries(labels);
        for (const selector of [
          pairs.map(([key, value]) => `${key}=${value}`).join(","),
          pairs.map(([key]) => key).join(" , "),
          pairs.map(([key, value]) => `${key} in (other,${value})`).join(","),
        ]) {
          const parsed = parseLabelSelector(selector);
          expect("value" in parsed && parsed.value.matches(labels)).toBe(true);
          expect("value" in parsed && parsed.value.matches(undefined)).toBe(false);
        }
      }),
    );
  });
});

describe("a label", () => {
  it.for(Object.entries(recorded.keys))(
    "with key %j is valid for Kubernetes: %s",
    ([key, valid], { expect }) => {
      expect(labelKeyProblem(key) === undefined).toBe(valid);
    },
  );

  it.for(Object.entries(recorded.values))(
    "with value %j is valid for Kubernetes: %s",
    ([value, valid], { expect }) => {
      expect(labelValueProblem(value) === undefined).toBe(valid);
    },
  );

  it.for([
    ["app", false],
    ["example.org/team", false],
    ["mykubernetes.io/x", false],
    ["kubernetes.io", false],
    ["app.kubernetes.io/name", false],
    ["app.kubernetes.io/managed-by", true],
    ["kubernetes.io/os", true],
    ["node.kubernetes.io/x", true],
    ["k8s.io/x", true],
    ["topology.k8s.io/x", true],
    ["kubevirt.io/domain", true],
    ["vm.kubevirt.io/template", true],
    ["multinic.novasphere.dev/vm", true],
    ["local.multinic.novasphere.dev/vm", true],
    ["novasphere.dev/vm", false],
  ] as const)("with key %s is reserved: %s", ([key, reserved], { expect }) => {
    expect(isReservedLabel(key)).toBe(reserved);
  });

  it("has a path that leads to it, whatever its key is", ({ expect }) => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (key) => {
        expect(pathSegments(entryPath("labels", key))).toEqual(["labels", key]);
      }),
    );
    expect(entryPath("labels", "example.org/team")).toBe('labels["example.org/team"]');
    expect(entryPath("labels", "a".repeat(1_000)).length).toBeLessThan(400);
  });

  it("is shown in the order of the keys", ({ expect }) => {
    expect(labelsText({ tier: "", app: "web" })).toBe("app=web, tier=");
    expect(labelsText({})).toBe("");
  });
});
