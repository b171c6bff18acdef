// What the check accepts, KubeVirt's admission accepts: generated specs, compiled and judged.
import * as fc from "fast-check";
import { describe, it } from "vitest";
import { parse } from "yaml";
import { builtInCatalogue } from "../../src/domain/catalogue.ts";
import { checkVm } from "../../src/domain/validate/check-vm.ts";
import { compileVm } from "../../src/domain/compile/compile.ts";
import { noFacts } from "../../src/domain/facts.ts";
import { hasErrors } from "../../src/domain/findings.ts";
import { admitVirtualMachine } from "../local/admission/judge.ts";
import { runsOf } from "../support/runs.ts";
import { arbitrarySpec } from "./arbitrary-spec.ts";

const runs = runsOf(5_000);

describe("generated specs", () => {
  it("that are accepted compile to a VM that KubeVirt admits, and to a guest configuration that reads back", ({
    expect,
  }) => {
    let accepted = 0;
    const seed = Date.now() % 2 ** 31;
    fc.assert(
      fc.property(arbitrarySpec, (spec) => {
        const { vm, findings } = checkVm(spec, builtInCatalogue(), noFacts);
        if (hasErrors(findings)) return;
        accepted += 1;
        const compiled = compileVm(spec, vm);
        const verdict = admitVirtualMachine(compiled.virtualMachine);
        expect(verdict).toMatchObject({ allowed: true });
        const guest = parse(compiled.secret.stringData["networkdata"] ?? "", { version: "1.1" }) as {
          readonly ethernets: Record<string, { readonly match: { readonly macaddress: unknown } }>;
        };
        expect(Object.keys(guest.ethernets)).toEqual(spec.networks.map(({ name }) => name));
        expect(Object.values(guest.ethernets).map(({ match }) => match.macaddress)).toEqual(
          vm.nics.map(({ mac }) => mac),
        );
      }),
      { numRuns: runs, seed },
    );
    console.info(
      `specs generated ${runs}, accepted and judged by the embedded cluster ${accepted}, seed ${seed}`,
    );
    expect(accepted).toBeGreaterThan(runs / 10);
  }, 240_000);
});
