// Tests that need the real multus are skipped, with the reason, where it cannot run.
import { describe, it } from "vitest";
import { type Feature, lackingHere } from "./node.ts";

/** Why a test that needs the feature cannot run; undefined when it can. */
export type WhyNot = (feature: Feature | undefined) => string | undefined;

/** A describe block whose tests run side by side, or one test skipped with the reason. @throws Error in CI for a missing program. */
export async function describeWithCni(name: string, tests: (whyNot: WhyNot) => void): Promise<void> {
  const { reason, missingFeatures } = await look();
  describe.concurrent(name, { timeout: 120_000 }, () => {
    if (reason === undefined) {
      return tests((feature) =>
        feature !== undefined && missingFeatures.includes(feature)
          ? `the kernel lacks ${feature}`
          : undefined,
      );
    }
    it("are asked", ({ skip }) => skip(reason));
  });
}

/** `reason` is why nothing can be tried here. */
async function look(): Promise<{ reason: string | undefined; missingFeatures: readonly string[] }> {
  const nothing = (reason: string) => ({ reason, missingFeatures: [] });
  if (process.env["MULTINIC_TARGET"] !== "real") return nothing("npm run test:real starts what they need");
  if (process.getuid?.() !== 0) return nothing("network namespaces need root");
  const { missingPrograms, missingFeatures } = await lackingHere();
  if (missingPrograms.length > 0) {
    const reason = `these programs are missing: ${missingPrograms.join(", ")}`;
    if (process.env["CI"] === "true") throw new Error(reason);
    return nothing(reason);
  }
  const needed = ["namespaces", "bridge", "tun"].filter((feature) => missingFeatures.includes(feature));
  const reason = needed.length === 0 ? undefined : `the kernel lacks ${needed.join(", ")}`;
  return { reason, missingFeatures };
}
