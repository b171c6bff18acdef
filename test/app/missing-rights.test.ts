// What is done when the service may not list pods or Secrets: nothing is deleted that may be needed.
import { describe, it, vi } from "vitest";
import type { ClusterView } from "../../src/app/cluster-view.ts";
import { usedByInstance } from "../../src/app/nads-in-use.ts";
import { followNicsInUse } from "../../src/app/nics-in-use.ts";
import { sweepRegularly } from "../../src/app/sweep.ts";
import { createTurns } from "../../src/app/turns.ts";
import type { RecordedVm } from "../../src/domain/facts.ts";
import type {
  NetworkAttachmentDefinition,
  VirtualMachineInstance,
} from "../../src/domain/objects/kubernetes.ts";
import { managedBy, managedByLabel } from "../../src/domain/objects/ownership.ts";
import { KubeError } from "../../src/kube/errors.ts";
import type { KubeClient } from "../../src/kube/kube-client.ts";
import { instanceOfWeb, nad, storedVm } from "../support/objects.ts";
import { createManualTime } from "./manual-time.ts";
import { createMemoryCache } from "./memory-cluster.ts";

const forbidden = new KubeError("Forbidden", 403, "not allowed");
const unasked = (): Promise<never> => Promise.reject(new Error("unasked"));
const noCalls: KubeClient = {
  find: unasked,
  list: unasked,
  listPage: unasked,
  listMetadataPage: unasked,
  create: unasked,
  apply: unasked,
  delete: unasked,
  getText: unasked,
  stream: () => {
    throw new Error("unasked");
  },
  renewConnections: () => undefined,
  close: unasked,
};

function world() {
  const caches = {
    vms: createMemoryCache<RecordedVm>(),
    vmis: createMemoryCache<VirtualMachineInstance>(),
    nads: createMemoryCache<NetworkAttachmentDefinition>(),
  };
  for (const cache of Object.values(caches)) cache.sync();
  const view: ClusterView = {
    ...caches,
    nicsInUse: followNicsInUse(caches),
    turns: createTurns(),
    readings: { read: unasked },
    stopProbing: async () => undefined,
  };
  return { ...caches, view };
}

describe("a service that may not list", () => {
  it.for([
    ["Running", true],
    ["Scheduling", true],
    ["Succeeded", false],
  ] as const)("pods keeps every NAD of a VM whose instance is %s: %s", async ([phase, kept], { expect }) => {
    const client: KubeClient = { ...noCalls, list: () => Promise.reject(forbidden) };
    const of = { vm: storedVm(), vmi: instanceOfWeb({ phase }) };
    const isInUse = await usedByInstance(client, of, {});
    expect(isInUse("shop/multinic-bridge-1")).toBe(kept);
  });

  it("pods fails a call whose list of pods fails in another way", async ({ expect }) => {
    const of = { vm: storedVm(), vmi: instanceOfWeb({}) };
    await expect(usedByInstance(noCalls, of, {})).rejects.toThrow("unasked");
  });

  it("Secrets still sweeps NADs, and says once that it does not sweep Secrets", async ({ expect }) => {
    const { view, nads } = world();
    const left = nad("multinic-bridge-1", {});
    const metadata = {
      ...left.metadata,
      uid: "1",
      resourceVersion: "7",
      labels: { [managedByLabel]: managedBy },
    };
    nads.set({ namespace: "shop", name: "multinic-bridge-1" }, { ...left, metadata });
    const deleted: unknown[] = [];
    const client: KubeClient = {
      ...noCalls,
      listPage: () => Promise.reject(forbidden),
      async delete(_, ref, options) {
        deleted.push([ref.name, options?.uid, options?.resourceVersion]);
      },
    };
    const info = vi.fn<(fields: object, message: string) => void>();
    const log = { info, warn: unlogged, error: unlogged };
    const time = createManualTime();
    const { now, sleepOrAborted } = time;
    const stopping = new AbortController();
    const running = sweepRegularly({ client, view, log, now, sleepOrAborted, signal: stopping.signal });
    for (let minute = 0; minute < 11; minute += 1) await time.advance(60_000);
    expect(deleted).toEqual([["multinic-bridge-1", "1", "7"]]);
    const messages = info.mock.calls.map(([, message]) => message);
    expect(messages).toEqual([
      "Secrets without a VM are not looked for: the service may not list Secrets",
      "removed an object that no VM owns or uses",
    ]);
    stopping.abort();
    await running;
  });

  const unlogged = (_: object, message: string): void => {
    throw new Error(message);
  };
});
