// Tests that need the program with KubeVirt's own code. Where it has not been built they are skipped, with the reason.
import { describe, it } from "vitest";
import { builtProgram } from "./program-path.ts";

/** A run against the real control plane must not pass by skipping. */
const required = process.env["CI"] === "true" && process.env["MULTINIC_TARGET"] === "real";

/** A describe block that gets the program's path, or one test skipped with the reason. */
export function describeWithKubeVirt(name: string, tests: (program: string) => void): void {
  describe(name, () => {
    if (builtProgram !== undefined) return tests(builtProgram);
    it("asks KubeVirt's own code", ({ skip }) => {
      const reason = "MULTINIC_KUBEVIRT is not set; npm run test:real builds the program and sets it";
      if (required) throw new Error(reason);
      skip(reason);
    });
  });
}
