// When NICs become stale, and when they are no more, with time that passes only when the test says so.
import { describe, it } from "vitest";
import { followStaleness } from "../../src/app/staleness.ts";
import { createManualTime } from "./manual-time.ts";
import { createMemoryCluster } from "./memory-cluster.ts";
import { everything } from "../../src/app/status-scope.ts";

async function stand() {
  const cluster = createMemoryCluster();
  cluster.setVm("shop/web", [{ name: "eth0", linkState: "up" }]);
  const time = createManualTime();
  const stopping = new AbortController();
  const following = followStaleness({
    model: cluster.model,
    now: time.now,
    sleepOrAborted: time.sleepOrAborted,
    signal: stopping.signal,
  });
  return {
    /** The source is current as of `at`; default: now. */
    heard: (at = time.now()): void => {
      for (const cache of [cluster.vms, cluster.vmis]) cache.heard({ at, time: new Date(at) });
    },
    vmis: cluster.vmis,
    vms: cluster.vms,
    /** Lets so many seconds pass, one by one. */
    seconds: async (count: number): Promise<void> => {
      for (let second = 0; second < count; second += 1) await time.advance(1_000);
    },
    reason: () => cluster.model.list(everything)[0]?.reason,
    revision: () => cluster.model.revision,
    stop: async (): Promise<void> => {
      stopping.abort();
      await following;
    },
  };
}

describe("NICs", () => {
  it("F4: become stale 15 s after the last news of their source, and are as they are when there is news again", async ({
    expect,
  }) => {
    const { heard, seconds, reason, stop } = await stand();
    heard();
    await seconds(15);
    expect(reason()).toBe("UP");
    await seconds(1);
    expect(reason()).toBe("STALE");
    await seconds(60);
    expect(reason()).toBe("STALE");
    heard();
    await seconds(1);
    expect(reason()).toBe("UP");
    await stop();
  });

  it("do not change while a connection is made again within 15 s", async ({ expect }) => {
    const { heard, seconds, revision, stop } = await stand();
    const before = revision();
    for (let round = 0; round < 5; round += 1) {
      heard();
      await seconds(14);
    }
    expect(revision()).toBe(before);
    await stop();
  });

  it("are stale when one of the two sources is behind, whatever the other says", async ({ expect }) => {
    const { heard, vms, seconds, reason, stop } = await stand();
    heard(0);
    for (let second = 1; second <= 17; second += 1) {
      vms.heard({ at: second * 1_000, time: new Date(second * 1_000) });
      await seconds(1);
    }
    expect(reason()).toBe("STALE");
    await stop();
  });

  it("are not stale at the end of a list that took long", async ({ expect }) => {
    const { heard, seconds, reason, revision, stop } = await stand();
    await seconds(40);
    const before = revision();
    heard(5_000);
    await seconds(4);
    heard();
    await seconds(4);
    expect([reason(), revision()]).toEqual(["UP", before]);
    await stop();
  });
});
