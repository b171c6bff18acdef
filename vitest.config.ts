import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 20_000,
    hookTimeout: 60_000,
    // A condition may be waited for on a busy machine; the default of one second is for idle ones.
    expect: { poll: { timeout: 10_000 } },
    maxWorkers: 2,
    // The files of test/cluster play the same nodes on the one real control plane, so one at a time.
    fileParallelism: process.env["MULTINIC_TARGET"] !== "real",
    coverage: { provider: "v8", include: ["src/**/*.ts"], reporter: ["text-summary", "json-summary"] },
  },
});
