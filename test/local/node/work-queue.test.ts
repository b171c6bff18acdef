import { describe, expect, it, vi } from "vitest";
import { KubeError } from "../../../src/kube/errors.ts";
import { startWorkQueue } from "../../../src/local/kubevirt/node/work-queue.ts";

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

describe("a work queue", () => {
  it("handles a key one at a time and once more for what came meanwhile", async () => {
    const gate = Promise.withResolvers<void>();
    let calls = 0;
    let inside = 0;
    const handle = async (): Promise<undefined> => {
      calls += 1;
      inside += 1;
      expect(inside).toBe(1);
      await gate.promise;
      inside -= 1;
    };
    const queue = startWorkQueue({ name: "test", handle, log: quiet });
    queue.add("a");
    await vi.waitFor(() => expect(calls).toBe(1));
    queue.add("a");
    queue.add("a");
    gate.resolve();
    await vi.waitFor(() => expect(calls).toBe(2));
    await queue.stop();
    expect(calls).toBe(2);
  });

  it("tries a failed key again, and logs no lost race", async () => {
    const warned: string[] = [];
    const failures = [new KubeError("Conflict", 409, "changed"), new Error("broken")];
    const handled: string[] = [];
    const handle = async (key: string): Promise<undefined> => {
      const failure = failures.shift();
      if (failure !== undefined) throw failure;
      handled.push(key);
    };
    const log = {
      ...quiet,
      warn: (fields: object) => void warned.push((fields as { err: Error }).err.message),
    };
    const queue = startWorkQueue({ name: "test", handle, log });
    queue.add("a");
    await vi.waitFor(() => expect(handled).toEqual(["a"]));
    expect(warned).toEqual(["broken"]);
    await queue.stop();
  });

  it("looks again when the handler says so, until stopped", async () => {
    let calls = 0;
    const queue = startWorkQueue({
      name: "test",
      handle: async () => {
        calls += 1;
        return 1;
      },
      log: quiet,
    });
    queue.add("a");
    await vi.waitFor(() => expect(calls).toBeGreaterThan(2));
    await queue.stop();
    const stopped = calls;
    queue.add("a");
    expect(calls).toBe(stopped);
  });
});
