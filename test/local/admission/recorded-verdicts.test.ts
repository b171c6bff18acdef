// Every verdict recorded from KubeVirt 1.9.0 is given alike by the stand-in: stage, code, message, causes, warnings.
import { describe, it } from "vitest";
import { type RecordedCase, recordedCases, verdictOf } from "./recorded-cases.ts";

const cases = recordedCases("cases.jsonl");
const further = recordedCases("further-cases.jsonl");

/** What KubeVirt refuses by rules that are not played; the product writes none of these fields. */
const notPlayed: Readonly<Record<string, string>> = {
  "vol-downwardmetrics": "that a downwardMetrics volume needs a disk",
  "acpi-firmware": "ACPI tables",
  "iothreads-bad": "I/O threads",
  utility: "utility volumes",
  maxguest: "the maximum of guest memory",
  "aff-op": "affinity",
  spread: "topology spread constraints",
  "clock-any": "unknown fields of the clock",
};

const named = (one: RecordedCase): readonly [string, RecordedCase] => [
  one.description === undefined ? one.id : `${one.id}: ${one.description}`,
  one,
];

describe("verdicts recorded from KubeVirt and a real API server", () => {
  it("are all there", ({ expect }) => {
    expect(cases).toHaveLength(325);
  });

  it.for(cases.map(named))("%s", ([, recorded], { expect }) => {
    expect(verdictOf(recorded)).toEqual(recorded.verdict);
  });
});

describe("further verdicts recorded from KubeVirt", () => {
  it.for(further.filter(({ id }) => notPlayed[id] === undefined).map(named))(
    "%s",
    ([, recorded], { expect }) => {
      expect(verdictOf(recorded)).toEqual(recorded.verdict);
    },
  );

  it.for(further.filter(({ id }) => notPlayed[id] !== undefined).map(named))(
    "%s: refused there, not looked at here",
    ([, { verdict, ...recorded }], { expect }) => {
      expect(verdict.allowed).toBe(false);
      expect(verdictOf({ ...recorded, verdict })).not.toEqual(verdict);
    },
  );
});
