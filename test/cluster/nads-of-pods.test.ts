// A NAD stays while a pod of the VM is attached to it, or will be: while a migration or a restart is pending and under way.
import { afterAll, beforeAll, describe, it, vi } from "vitest";
import { nadsOfPod } from "../../src/domain/network/pod-networks.ts";
import type { NetworkConfig, VmSpec } from "../../src/domain/spec.ts";
import { virtualMachineInstances, virtualMachines } from "../../src/kube/resource.ts";
import type { Pod } from "../../src/local/kubevirt/resources.ts";
import { ownedObjects, ownersOf } from "./owned-objects.ts";
import { allUp, machine, startStand, type Stand } from "./stand.ts";

describe.concurrent("the NADs of a running VM", () => {
  let stand: Stand;
  beforeAll(async () => {
    stand = await startStand();
  });
  afterAll(async () => await stand.stop());

  const on = (...vlans: readonly number[]): NetworkConfig[] =>
    vlans.map((vlanId, index) => ({ name: `eth${index}`, vlanId }));
  const ofMultinic = (pod: Pod): readonly string[] =>
    nadsOfPod(pod as Parameters<typeof nadsOfPod>[0]).filter((name) => name.includes("/multinic-"));
  const isLive = ({ status }: Pod): boolean => !["Succeeded", "Failed"].includes(status?.phase ?? "");

  /** The NADs of pods that have not ended, and those of them that do not exist although the pod still has not ended. */
  async function attached(spec: VmSpec): Promise<{ used: readonly string[]; missing: readonly string[] }> {
    const { pods, nads } = await ownedObjects(stand.target.client, spec);
    const there = new Set(nads.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`));
    const { pods: later } = await ownedObjects(stand.target.client, spec);
    const names = new Set(later.filter(isLive).map(({ metadata }) => metadata.name));
    const live = pods.filter((pod) => isLive(pod) && names.has(pod.metadata.name));
    const used = [...new Set(live.flatMap(ofMultinic))];
    return { used, missing: used.filter((name) => !there.has(name)) };
  }

  async function started(spec: VmSpec, isMigratable: boolean): Promise<readonly string[]> {
    const { client } = stand.target;
    await stand.apply({ ...spec, runStrategy: "Halted" });
    // A feature that prevents migration in KubeVirt, as another field manager of the VM.
    const features = { hypervPassthrough: { enabled: true } };
    const forbidding = { spec: { template: { spec: { domain: { features } } } } };
    if (!isMigratable) await client.mergePatch(virtualMachines, spec, forbidding);
    await using watch = stand.watch(spec);
    await stand.apply({ ...spec, runStrategy: "Always" });
    await watch.until(allUp(spec.networks.length));
    const { used } = await attached(spec);
    return used;
  }

  it(
    "stay until the migration to other NADs has ended, and are released then",
    { timeout: 110_000 },
    async ({ expect }) => {
      const namespace = await stand.namespace();
      const former = await started(machine(namespace, "guest", on(561)), true);
      const changed = machine(namespace, "guest", on(562));
      const hasLeft = async (): Promise<boolean> => {
        await stand.apply(changed);
        const { used, missing } = await attached(changed);
        expect(missing).toEqual([]);
        return used.length === 1 && !former.includes(used[0] ?? "");
      };
      await vi.waitUntil(hasLeft, { timeout: 100_000, interval: 5 });
      const isReleased = async (): Promise<boolean> => {
        await stand.apply(changed);
        return (await ownedObjects(stand.target.client, changed)).nads.length === 1;
      };
      await vi.waitUntil(isReleased, { timeout: 100_000 });
      expect((await attached(changed)).missing).toEqual([]);
    },
  );

  it.for([
    ["a migration that cannot come", on(563), on(564), false],
    ["a restart", on(565, 566), on(565), true],
  ] as const)(
    "stay while the change waits for %s, however often it is applied",
    { timeout: 110_000 },
    async ([, before, after, isMigratable], { expect }) => {
      const namespace = await stand.namespace();
      const { client } = stand.target;
      const former = await started(machine(namespace, "guest", before), isMigratable);
      expect(former).toHaveLength(before.length);
      const changed = machine(namespace, "guest", after);
      await stand.apply(changed);
      await vi.waitUntil(() => isTakenUp(changed), { timeout: 60_000 });
      for (let times = 0; times < 3; times += 1) {
        await stand.apply(changed);
        expect(await attached(changed)).toEqual({ used: former, missing: [] });
      }
      // They are released once the VM has stopped.
      await stand.apply({ ...changed, runStrategy: "Halted" });
      const hasStopped = async (): Promise<boolean> =>
        (await client.find(virtualMachineInstances, changed)) === undefined;
      await vi.waitUntil(hasStopped, { timeout: 60_000 });
      await stand.apply({ ...changed, runStrategy: "Halted" });
      expect((await ownedObjects(client, changed)).nads).toHaveLength(after.length);
    },
  );

  it.for(["moves to another network", "is deleted"])(
    "stay when the VM that they were created for %s and another VM names them",
    async (what, { expect }) => {
      const namespace = await stand.namespace();
      const { client } = stand.target;
      const first = { ...machine(namespace, "first", on(568)), runStrategy: "Halted" } as const;
      await stand.apply(first);
      const [nad] = (await ownedObjects(client, first)).nads;
      const nadName = nad?.metadata.name ?? "";
      const second = {
        ...machine(namespace, "second", [{ name: "eth0", nadName }]),
        runStrategy: "Halted",
      } as const;
      await stand.apply(second);
      if (what === "is deleted") {
        await stand.vms.deleteVM({ namespace, name: "first" });
        const isGone = async (): Promise<boolean> => (await ownedObjects(client, first)).secret === undefined;
        await vi.waitUntil(isGone, { timeout: 60_000 });
      } else await stand.apply({ ...first, networks: on(569) });
      // Nothing else is left to wait for: a NAD without owner would be gone by the time its former owner's Secret is.
      const isOwned = async (): Promise<boolean> => {
        const { nads } = await ownedObjects(client, first);
        const found = nads.find(({ metadata }) => metadata.name === nadName);
        expect(found?.spec?.config).toBe(nad?.spec?.config);
        return found !== undefined && ownersOf(found).includes("second");
      };
      await vi.waitUntil(isOwned);
      if (what !== "is deleted") return;
      await stand.vms.deleteVM({ namespace, name: "second" });
      const isEmpty = async (): Promise<boolean> => (await ownedObjects(client, first)).nads.length === 0;
      await vi.waitUntil(isEmpty, { timeout: 60_000 });
    },
  );

  it("stay when the VM comes to name them itself", async ({ expect }) => {
    const namespace = await stand.namespace();
    const spec = { ...machine(namespace, "guest", on(570)), runStrategy: "Halted" } as const;
    await stand.apply(spec);
    const { nads } = await ownedObjects(stand.target.client, spec);
    await stand.apply({ ...spec, networks: [{ name: "eth0", nadName: nads[0]?.metadata.name ?? "" }] });
    expect((await ownedObjects(stand.target.client, spec)).nads.map(ownersOf)).toEqual([["guest"]]);
  });

  /** virt-controller has seen the change. */
  async function isTakenUp(spec: VmSpec): Promise<boolean> {
    const { vm, vmi } = await ownedObjects(stand.target.client, spec);
    const conditions = [...(vm?.status?.conditions ?? []), ...(vmi?.status?.conditions ?? [])];
    return conditions.some(
      ({ type, status }) => ["RestartRequired", "MigrationRequired"].includes(type) && status === "True",
    );
  }
});
