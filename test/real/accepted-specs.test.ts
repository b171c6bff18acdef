// What the check accepts, KubeVirt's own admission code accepts: generated specs, compiled and judged by that code.
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, it } from "vitest";
import { builtInCatalogue } from "../../src/domain/catalogue.ts";
import { checkVm } from "../../src/domain/validate/check-vm.ts";
import { compileVm } from "../../src/domain/compile/compile.ts";
import { noFacts } from "../../src/domain/facts.ts";
import { hasErrors } from "../../src/domain/findings.ts";
import type { VirtualMachine } from "../../src/domain/objects/kubernetes.ts";
import { connectKube } from "../../src/kube/connection/connect.ts";
import { loadKubeConnection } from "../../src/kube/connection/credentials.ts";
import { virtualMachines } from "../../src/kube/resource.ts";
import { arbitrarySpec } from "../domain/arbitrary-spec.ts";
import { admitVirtualMachine } from "../local/admission/judge.ts";
import { describeWithKubeVirt } from "./describe-with-kubevirt.ts";
import { type Judge, startJudge } from "./judge.ts";

const wanted = 2_000;

/** Objects that the API server judges at a time. */
const atATime = 8;

/** The first so many generated specs that the check accepts, as VMs. */
function acceptedVms(count: number, seed: number): readonly VirtualMachine[] {
  const vms: VirtualMachine[] = [];
  for (const spec of fc.sample(arbitrarySpec, { numRuns: count * 3, seed })) {
    const { vm, findings } = checkVm(spec, builtInCatalogue(), noFacts);
    if (!hasErrors(findings)) vms.push(compileVm(spec, vm).virtualMachine);
    if (vms.length === count) return vms;
  }
  throw new Error(`of ${count * 3} specs only ${vms.length} were accepted`);
}

describeWithKubeVirt("generated specs", () => {
  let judge: Judge;
  beforeAll(() => {
    judge = startJudge();
  });
  afterAll(() => judge.stop());

  it("that are accepted compile to a VM that KubeVirt and the embedded cluster admit", async ({ expect }) => {
    const seed = Date.now() % 2 ** 31;
    for (const vm of acceptedVms(wanted, seed)) {
      const { warnings: _, ...verdict } = await judge.admit(vm);
      expect(verdict, JSON.stringify(vm)).toEqual({ allowed: true });
      expect(admitVirtualMachine(vm).allowed).toBe(true);
    }
    console.info(
      `specs accepted, and judged by KubeVirt's code and by the embedded cluster: ${wanted}, seed ${seed}`,
    );
  }, 180_000);
});

describe("generated specs", () => {
  const isReal = process.env["MULTINIC_TARGET"] === "real";
  const skipped = isReal ? "" : " (skipped: npm run test:real starts kube-apiserver)";

  it.skipIf(!isReal)(
    `that are accepted pass kube-apiserver with strict field validation and KubeVirt's webhooks${skipped}`,
    async ({ expect }) => {
      const client = connectKube(await loadKubeConnection());
      const seed = Date.now() % 2 ** 31;
      const left = acceptedVms(wanted, seed).map((vm) => ({
        ...vm,
        metadata: { ...vm.metadata, namespace: "default" },
      }));
      const refused: string[] = [];
      const judge = async (): Promise<void> => {
        for (let vm = left.pop(); vm !== undefined; vm = left.pop()) {
          try {
            await client.create(virtualMachines, vm, { dryRun: true });
          } catch (error) {
            refused.push(`${String(error)}: ${JSON.stringify(vm)}`);
          }
        }
      };
      await Promise.all(Array.from({ length: atATime }, judge));
      await client.close();
      console.info(`specs accepted, and judged by kube-apiserver with virt-api: ${wanted}, seed ${seed}`);
      expect(refused).toEqual([]);
    },
    300_000,
  );
});
