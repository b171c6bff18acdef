// The sweep of a replica, with minutes that pass when the test says so.
import { vi } from "vitest";
import type { ClusterView } from "../../src/app/cluster-view.ts";
import { sweepRegularly } from "../../src/app/sweep.ts";
import type { KubeClient } from "../../src/kube/kube-client.ts";
import { createManualTime } from "../app/manual-time.ts";
import { silentLog } from "../support/log.ts";

export interface ManualSweep {
  /** Returns when the sweeps of these minutes have ended. */
  minutes(count: number): Promise<void>;
  stop(): Promise<void>;
}

export function startSweep(client: KubeClient, view: ClusterView): ManualSweep {
  const time = createManualTime();
  const stopping = new AbortController();
  const { now, sleepOrAborted } = time;
  const { signal } = stopping;
  const running = sweepRegularly({ client, view, log: silentLog, now, sleepOrAborted, signal });
  const hasSwept = (): boolean => time.pending === 1;
  return {
    async minutes(count) {
      for (let minute = 0; minute < count; minute += 1) {
        await vi.waitUntil(hasSwept, { timeout: 20_000, interval: 5 });
        await time.advance(60_000);
      }
      await vi.waitUntil(hasSwept, { timeout: 20_000, interval: 5 });
    },
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
