// A NAD that several VMs use: who owns it when they leave it, and when it goes.
import { afterAll, beforeAll, describe, it, vi } from "vitest";
import { addOwner } from "../../src/app/apply/nad-owners.ts";
import { nadNamesOf } from "../../src/domain/names.ts";
import { ownerReferenceTo } from "../../src/domain/objects/ownership.ts";
import type { VmSpec } from "../../src/domain/spec.ts";
import type { KubeClient } from "../../src/kube/kube-client.ts";
import { networkAttachmentDefinitions, virtualMachines } from "../../src/kube/resource.ts";
import { startSweep } from "./manual-sweep.ts";
import { ownedObjects, ownersOf } from "./owned-objects.ts";
import { deleted, type Replica, startReplica } from "./replica.ts";
import { machine, startStand, type Stand } from "./stand.ts";

describe("a generated NAD of two VMs", { timeout: 110_000 }, () => {
  let stand: Stand;
  let replica: Replica;
  beforeAll(async () => {
    stand = await startStand();
    replica = await startReplica(stand.target.client);
  });
  afterAll(async () => {
    await replica[Symbol.asyncDispose]();
    await stand.stop();
  });

  const on = (namespace: string, name: string, vlanId: number): VmSpec => ({
    ...machine(namespace, name, [{ name: "eth0", vlanId }]),
    runStrategy: "Halted",
  });

  /** The owners of each NAD of the namespace. */
  async function owners(namespace: string): Promise<readonly string[]> {
    const { items } = await stand.target.client.list(networkAttachmentDefinitions, { namespace });
    return items.map((nad) => ownersOf(nad).toSorted().join(" and ")).toSorted();
  }

  it("stays with the other VM when one moves to another network, and goes with that", async ({ expect }) => {
    const namespace = await stand.namespace();
    await replica.apply(on(namespace, "a", 611));
    await replica.apply(on(namespace, "b", 611));
    expect(await owners(namespace)).toEqual(["a and b"]);
    const { plan } = await replica.apply(on(namespace, "a", 612));
    const released = plan?.objects.filter(({ message }) => message === "is no longer used by this VM");
    expect(released?.map(({ action, kind }) => [action, kind])).toEqual([
      ["update", "NetworkAttachmentDefinition"],
    ]);
    expect(await owners(namespace)).toEqual(["a", "b"]);
    const again = await replica.apply(on(namespace, "a", 612));
    expect(again.plan?.objects.map(({ action }) => action)).toEqual(["unchanged", "unchanged", "unchanged"]);
    await deleted(stand.target.client, virtualMachines, { namespace, name: "b" });
    await vi.waitUntil(async () => (await owners(namespace)).length === 1, { timeout: 60_000 });
    expect(await owners(namespace)).toEqual(["a"]);
  });

  it("is deleted by the VM that leaves it last", async ({ expect }) => {
    const namespace = await stand.namespace();
    await replica.apply(on(namespace, "a", 613));
    await replica.apply(on(namespace, "b", 613));
    await replica.apply(on(namespace, "a", 614));
    await vi.waitUntil(() => replica.view.vms.get({ namespace, name: "b" }) !== undefined);
    await replica.apply(on(namespace, "b", 614));
    expect(await owners(namespace)).toEqual(["a and b"]);
  });

  it("is there when the VM comes back to it at another replica, right before this one deletes it", async ({
    expect,
  }) => {
    const namespace = await stand.namespace();
    const { client } = stand.target;
    await using other = await startReplica(client);
    const before = on(namespace, "a", 617);
    await replica.apply(before);
    const [former] = (await client.list(networkAttachmentDefinitions, { namespace })).items;
    let isBack = false;
    const overtaken: KubeClient = {
      ...client,
      async delete(resource, ref, options) {
        if (!isBack) await other.apply(before);
        isBack = true;
        await client.delete(resource, ref, options);
      },
    };
    await replica.apply(on(namespace, "a", 618), {}, overtaken);
    const { vm, nads } = await ownedObjects(client, { namespace, name: "a" });
    expect([isBack, vm && nadNamesOf(vm)]).toEqual([true, [`${namespace}/${former?.metadata.name}`]]);
    const found = nads.find(({ metadata }) => metadata.name === former?.metadata.name);
    expect(found && ownersOf(found)).toEqual(["a"]);
    expect(found?.spec).toEqual(former?.spec);
    expect(found?.metadata.labels).toEqual(former?.metadata.labels);
    expect((await other.apply(before)).plan?.effect).toBe("none");
  });

  it("does not keep an owner that does not use it: the sweep gives it up, and removes the NAD after that", async ({
    expect,
  }) => {
    const namespace = await stand.namespace();
    const { client } = stand.target;
    await replica.apply(on(namespace, "a", 615));
    await replica.apply(on(namespace, "b", 616));
    const { items } = await client.list(networkAttachmentDefinitions, { namespace });
    const b = await client.find(virtualMachines, { namespace, name: "b" });
    if (b === undefined) throw new Error("VM b was applied");
    for (const nad of items) await addOwner(client, nad, ownerReferenceTo(b));
    expect(await owners(namespace)).toEqual(["a and b", "b"]);
    const isSeen = (): boolean =>
      items.every(({ metadata }) =>
        replica.view.nads.get(metadata)?.metadata.ownerReferences?.some(({ uid }) => uid === b.metadata.uid),
      );
    await vi.waitUntil(isSeen);
    const sweep = startSweep(client, replica.view);
    await sweep.minutes(9);
    expect(await owners(namespace)).toEqual(["a and b", "b"]);
    await sweep.minutes(3);
    expect(await owners(namespace)).toEqual(["a", "b"]);
    await sweep.stop();
  });
});
