// The recorded verdicts are still KubeVirt's: its admission code judges every case again.
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, it } from "vitest";
import { startJudge, type Judge, type Verdict } from "./judge.ts";
import { describeWithKubeVirt } from "./describe-with-kubevirt.ts";

interface Case extends Verdict {
  readonly id: string;
  readonly description: string;
  readonly config: string;
  readonly object: object;
  readonly oldObject?: object;
}

const folder = new URL("../vectors/kubevirt-admission/", import.meta.url);

describeWithKubeVirt("recorded admission verdicts", () => {
  const read = (file: string): string => readFileSync(new URL(file, folder), "utf8");
  const configurations = JSON.parse(read("configs.json")) as Record<string, object>;
  const cases = read("cases.jsonl")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Case);

  let judge: Judge;
  beforeAll(async () => {
    judge = startJudge();
    await judge.admit({}); // answers once KubeVirt's validator is built
  });
  afterAll(() => judge.stop());

  it.for(cases)("$id: $description", async ({ config, object, oldObject, ...recorded }, { expect }) => {
    const configuration = configurations[config];
    if (configuration === undefined) throw new Error(`configs.json has no ${config}`);
    const verdict = await judge.admit(object, { configuration, ...(oldObject && { old: oldObject }) });
    expect(verdict).toEqual(verdictOf(recorded));
  });
});

function verdictOf({ allowed, stage, code, message, causes, warnings, pruned }: Verdict): Partial<Verdict> {
  return { allowed, stage, code, message, causes, warnings, pruned } as Partial<Verdict>;
}
