// Random schedules of several callers, two replicas and other writers on shared NADs, addresses and names.
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, it } from "vitest";
import type { KubernetesObject } from "../../src/domain/objects/kubernetes.ts";
import { networkAttachmentDefinitions, virtualMachines } from "../../src/kube/resource.ts";
import { runsOf } from "../support/runs.ts";
import { startSweep } from "./manual-sweep.ts";
import { arbitrarySchedule, carryOut, violations, type World } from "./race-schedule.ts";
import { type Replica, startReplica } from "./replica.ts";
import { startStand, type Stand } from "./stand.ts";

const seed = Number(process.env["MULTINIC_SEED"] ?? Date.now() % 2 ** 31);
const atOnce = 4;

describe("several callers of two replicas", () => {
  let stand: Stand;
  let replicas: readonly [Replica, Replica];
  beforeAll(async () => {
    stand = await startStand();
    const { client } = stand.target;
    const auditing = { auditEveryMs: 1_000 };
    replicas = [await startReplica(client, auditing), await startReplica(client, auditing)];
  });
  afterAll(async () => {
    for (const replica of replicas) await replica[Symbol.asyncDispose]();
    await stand.stop();
  });

  /** A namespace with VM theirs, which another tool has created. */
  async function newWorld(index: number): Promise<World> {
    const namespace = await stand.namespace();
    await stand.makeNad(namespace, "lan", { type: "bridge", bridge: `lan-${index}` });
    const { client } = stand.target;
    await client.apply(
      virtualMachines,
      {
        apiVersion: "kubevirt.io/v1",
        kind: "VirtualMachine",
        metadata: { namespace, name: "theirs", labels: { "app.kubernetes.io/managed-by": "argo" } },
        spec: {
          runStrategy: "Halted",
          template: {
            spec: {
              domain: {
                memory: { guest: "1Gi" },
                devices: { interfaces: [{ name: "eth0", bridge: {}, macAddress: macOf(index) }] },
              },
              networks: [{ name: "eth0", multus: { networkName: "lan" } }],
            },
          },
        },
      },
      { fieldManager: "argo" },
    );
    return { client, replicas, namespace, vlan: 100 + 2 * index };
  }

  async function judge(
    world: World,
    history: Awaited<ReturnType<typeof carryOut>>,
  ): Promise<readonly string[]> {
    const deadline = performance.now() + 20_000;
    for (;;) {
      const found = await violations(world, history);
      if (found.length === 0 || performance.now() > deadline) return found;
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  }

  const isGenerated = ({ metadata }: KubernetesObject): boolean => metadata.name.startsWith("multinic-");
  async function countGenerated(): Promise<number> {
    const { items } = await stand.target.client.list(networkAttachmentDefinitions, {});
    return items.filter(isGenerated).length;
  }

  it(
    "leave every VM whole and as one of them asked, and nothing behind after a sweep",
    { timeout: 600_000 },
    async ({ expect }) => {
      const { name, client } = stand.target;
      const schedules = fc.sample(arbitrarySchedule, {
        numRuns: name === "real" ? 50 : runsOf(500),
        seed,
      });
      const runs = await inParallel(schedules, async (schedule, index) => {
        const world = await newWorld(index);
        return { world, schedule, history: await carryOut(world, schedule) };
      });
      const before = await countGenerated();
      const sweep = startSweep(client, replicas[0].view);
      // Ten until a VM gives up what it does not use, and ten until that is deleted.
      await sweep.minutes(23);
      await sweep.stop();
      const swept = before - (await countGenerated());
      const judged = await inParallel(runs, async ({ world, history, schedule }, index) => {
        const found = await judge(world, history);
        return found.length === 0 ? [] : [JSON.stringify({ index, found, schedule })];
      });
      const failures = judged.flat();
      const steps = schedules.flatMap(({ rounds }) => rounds.flat()).length;
      console.log(
        `races on the ${name} API server: ${schedules.length} schedules, ${steps} steps, ${failures.length} violated, ${swept} NADs left to the sweep, seed ${seed}`,
      );
      const health = replicas.flatMap(({ view: { vms, vmis, nads } }) =>
        [vms, vmis, nads].map((cache) => cache.health()),
      );
      const audits = health.reduce((sum, each) => sum + each.audits, 0);
      const mismatches = health.reduce((sum, each) => sum + each.mismatches, 0);
      console.log(`audits of the caches meanwhile: ${audits}, mismatches: ${mismatches}`);
      expect(failures).toEqual([]);
      expect(audits).toBeGreaterThan(0);
      expect(mismatches).toBe(0);
    },
  );
});

/** The results are in the order of the items. */
async function inParallel<T, R>(
  items: readonly T[],
  run: (item: T, index: number) => Promise<R>,
): Promise<readonly R[]> {
  const results: R[] = [];
  const queue = items.entries();
  const work = async (): Promise<void> => {
    for (const [index, item] of queue) results[index] = await run(item, index);
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return results;
}

function macOf(index: number): string {
  const [high, low] = [index >> 8, index & 0xff].map((byte) => byte.toString(16).padStart(2, "0"));
  return `02:00:5e:77:${high}:${low}`;
}
