// What the check accepts, KubeVirt's own admission code accepts: generated specs, compiled and put to the real judge.
import * as fc from "fast-check";
import { afterAll, beforeAll, it } from "vitest";
import { builtInCatalogue } from "../../src/domain/catalogue.ts";
import { checkVm } from "../../src/domain/check.ts";
import { compileVm } from "../../src/domain/compile/compile.ts";
import { noFacts } from "../../src/domain/facts.ts";
import { hasErrors } from "../../src/domain/findings.ts";
import { arbitrarySpec } from "../domain/arbitrary-spec.ts";
import { admitVirtualMachine } from "../local/admission/judge.ts";
import { describeWithKubeVirt } from "./describe-with-kubevirt.ts";
import { type Judge, startJudge } from "./judge.ts";

const wanted = 2_000;

describeWithKubeVirt("generated specs", () => {
  let judge: Judge;
  beforeAll(() => {
    judge = startJudge();
  });
  afterAll(() => judge.stop());

  it("that are accepted compile to a VM that KubeVirt and the stand-in admit", async ({ expect }) => {
    let generated = 0;
    let judged = 0;
    const seed = Date.now() % 2 ** 31;
    await fc.assert(
      fc.asyncProperty(arbitrarySpec, async (spec) => {
        generated += 1;
        const { vm, findings } = checkVm(spec, builtInCatalogue(), noFacts);
        if (hasErrors(findings)) return;
        judged += 1;
        const { virtualMachine } = compileVm(spec, vm);
        const verdict = await judge.admit(virtualMachine);
        expect({ ...verdict, warnings: undefined }).toEqual({ allowed: true, warnings: undefined });
        expect(admitVirtualMachine(virtualMachine).allowed).toBe(true);
      }),
      { numRuns: wanted * 2, seed },
    );
    console.info(`specs generated ${generated}, accepted and judged by KubeVirt ${judged}, seed ${seed}`);
    expect(judged).toBeGreaterThan(wanted / 2);
  }, 180_000);
});
