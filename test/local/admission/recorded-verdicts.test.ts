// The simulated admission gives every verdict recorded from KubeVirt 1.9.0: stage, code, message, causes, warnings.
import { describe, it } from "vitest";
import { type RecordedCase, recordedCases, verdictOf } from "./recorded-cases.ts";

const cases = recordedCases("cases.jsonl");
const further = recordedCases("further-cases.jsonl");

/** Cases that KubeVirt refuses by rules that are not implemented here; multinic writes none of these fields. */
const notPlayed: Readonly<Record<string, string>> = {
  "vol-downwardmetrics": "disk of a downwardMetrics volume",
  "acpi-firmware": "ACPI tables",
  "iothreads-bad": "I/O threads",
  utility: "utility volumes",
  maxguest: "maximum guest memory",
  "aff-op": "affinity",
  spread: "topology spread constraints",
  "clock-any": "unknown fields of the clock",
};

const named = (one: RecordedCase): readonly [string, RecordedCase] => [
  one.description === undefined ? one.id : `${one.id}: ${one.description}`,
  one,
];

describe("verdicts recorded from KubeVirt and a real API server", () => {
  it("are complete", ({ expect }) => {
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
    "%s: refused by KubeVirt, not checked here",
    ([, { verdict, ...recorded }], { expect }) => {
      expect(verdict.allowed).toBe(false);
      expect(verdictOf({ ...recorded, verdict })).not.toEqual(verdict);
    },
  );
});
