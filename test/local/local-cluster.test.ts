// The start of the embedded cluster: when it fails, nothing keeps running.
import { execFile } from "node:child_process";
import process from "node:process";
import { promisify } from "node:util";
import { describe, it } from "vitest";

const file = new URL("../../src/local/local-cluster.ts", import.meta.url).href;

/** Starts the cluster with a clock that throws after `calls` calls, and prints the error of the start. */
const script = (calls: number): string => `
  const { startLocalCluster } = await import(${JSON.stringify(file)});
  let calls = 0;
  const clock = () => {
    calls += 1;
    if (calls > ${calls}) throw new Error("the clock is broken");
    return new Date();
  };
  const silent = () => undefined;
  const log = { debug: silent, info: silent, warn: silent, error: silent };
  const apiListen = { host: "127.0.0.1", port: 0 };
  await startLocalCluster({ apiListen, delays: "fast", log, clock }).catch(({ message }) => console.log(message));
`;

describe("a failed start of the embedded cluster", () => {
  // A complete start reads the clock 23 times: these fail at the first objects and at the nodes.
  it.for([5, 12, 20])("lets the process exit: after %i calls of the clock", async (calls, { expect }) => {
    const args = ["--input-type=module", "--eval", script(calls)];
    const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { timeout: 15_000 });
    expect(stdout).toContain("the clock is broken");
    expect(stderr).toBe("");
  });
});
