// Calls with one key take turns, in their order; calls with other keys do not wait for them.
import { describe, it } from "vitest";
import { createTurns } from "../../src/app/turns.ts";
import { settled } from "./manual-time.ts";

describe("turns", () => {
  it("are taken one after the other, in the order of the calls", async ({ expect }) => {
    const turns = createTurns();
    const order: string[] = [];
    const call = async (name: string, key: string): Promise<void> => {
      const end = await turns.take(key);
      order.push(`${name} begins`);
      await settled();
      order.push(`${name} ends`);
      end();
    };
    await Promise.all([call("a", "x"), call("b", "x"), call("c", "y")]);
    expect(order.filter((step) => !step.startsWith("c"))).toEqual([
      "a begins",
      "a ends",
      "b begins",
      "b ends",
    ]);
    expect(order.indexOf("c begins")).toBeLessThan(order.indexOf("a ends"));
  });

  it("of a caller that gives up are skipped, and the next one still waits for those before", async ({
    expect,
  }) => {
    const turns = createTurns();
    const endFirst = await turns.take("x");
    const leaving = new AbortController();
    const second = turns.take("x", leaving.signal);
    let began = false;
    const third = turns.take("x").then((end) => {
      began = true;
      return end;
    });
    leaving.abort(new Error("the caller left"));
    await expect(second).rejects.toThrow("the caller left");
    await settled();
    expect(began).toBe(false);
    endFirst();
    (await third)();
    await settled();
    expect(turns.size).toBe(0);
  });

  it("are not given to a caller that has left before it asks", async ({ expect }) => {
    const turns = createTurns();
    await expect(turns.take("x", AbortSignal.abort(new Error("gone")))).rejects.toThrow("gone");
    (await turns.take("x"))();
    await settled();
    expect(turns.size).toBe(0);
  });
});
