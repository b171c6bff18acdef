// A process ends in the middle of an apply and nobody calls again: what it has left is removed by the sweep, or by DeleteVM.
import { afterAll, beforeAll, describe, it, vi } from "vitest";
import { deleteVm } from "../../src/app/delete-vm.ts";
import type { Secret } from "../../src/domain/objects/kubernetes.ts";
import type { VmSpec } from "../../src/domain/spec.ts";
import { networkAttachmentDefinitions, secrets, virtualMachines } from "../../src/kube/resource.ts";
import { startSweep } from "./manual-sweep.ts";
import { ownedObjects, ownersOf } from "./owned-objects.ts";
import { type Applied, deleted, ending, type Replica, startReplica } from "./replica.ts";
import { machine, startStand, type Stand } from "./stand.ts";

describe("what an interrupted apply has left", { timeout: 110_000 }, () => {
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

  const vlan = (namespace: string, name: string, vlanId: number): VmSpec => ({
    ...machine(namespace, name, [{ name: "eth0", vlanId }]),
    runStrategy: "Halted",
  });
  const isVm = ({ kind }: Applied): boolean => kind === "VirtualMachine";
  const isOwning = ({ owning }: Applied): boolean => owning;

  async function interrupt(spec: VmSpec, isIt: (applied: Applied) => boolean): Promise<void> {
    const call = replica.apply(spec, {}, ending(stand.target.client, isIt));
    await call.then(
      () => Promise.reject(new Error("the call was not interrupted")),
      () => undefined,
    );
  }

  const isSeen = (nads: number, namespace: string) => (): boolean =>
    [...replica.view.nads.values()].filter(({ metadata }) => metadata.namespace === namespace).length ===
    nads;

  it("is removed after ten minutes, and nothing else is", async ({ expect }) => {
    const namespace = await stand.namespace();
    const { client } = stand.target;
    await replica.apply(vlan(namespace, "whole", 601));
    await interrupt(vlan(namespace, "left", 602), isVm);
    await interrupt(vlan(namespace, "left-on-shared", 601), isVm);
    await stand.makeNad(namespace, "theirs", { type: "bridge", bridge: "br7" });
    const theirs: Secret = {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { namespace, name: "multinic-theirs" },
    };
    await client.create(secrets, theirs);
    const before = await namesIn(namespace);
    await vi.waitUntil(isSeen(3, namespace));
    const sweep = startSweep(stand.target.client, replica.view);
    await sweep.minutes(9);
    expect(await namesIn(namespace)).toEqual(before);
    await sweep.minutes(3);
    const whole = await ownedObjects(client, { namespace, name: "whole" });
    const used = whole.vm?.spec.template.spec.networks?.[0]?.multus?.networkName;
    expect(new Set(whole.nads.map(({ metadata }) => metadata.name))).toEqual(new Set([used, "theirs"]));
    expect(whole.nads.flatMap(ownersOf)).toEqual(["whole"]);
    const secretsLeft = (await client.list(secrets, { namespace })).items.map(
      ({ metadata }) => metadata.name,
    );
    expect(new Set(secretsLeft)).toEqual(new Set(["multinic-theirs", "multinic-whole"]));
    await sweep.stop();
  });

  it("is kept when the same call completes it in time", async ({ expect }) => {
    const namespace = await stand.namespace();
    const spec = vlan(namespace, "late", 603);
    await interrupt(spec, isVm);
    await vi.waitUntil(isSeen(1, namespace));
    const sweep = startSweep(stand.target.client, replica.view);
    await sweep.minutes(9);
    await replica.apply(spec);
    await vi.waitUntil(() => replica.view.vms.get(spec) !== undefined);
    await sweep.minutes(13);
    const { secret, nads } = await ownedObjects(stand.target.client, spec);
    expect([secret?.metadata.ownerReferences?.length, nads.map(ownersOf)]).toEqual([1, [["late"]]]);
    await sweep.stop();
  });

  it("gets the VM as an owner if that exists, so that it stays when another VM leaves it", async ({
    expect,
  }) => {
    const namespace = await stand.namespace();
    const { client } = stand.target;
    await replica.apply(vlan(namespace, "other", 604));
    await interrupt(vlan(namespace, "unowned", 604), isOwning);
    const ownersNow = async (): Promise<readonly (readonly string[])[]> =>
      (await ownedObjects(client, { namespace, name: "unowned" })).nads.map(ownersOf);
    expect(await ownersNow()).toEqual([["other"]]);
    await vi.waitUntil(() => replica.view.vms.get({ namespace, name: "unowned" }) !== undefined);
    const sweep = startSweep(stand.target.client, replica.view);
    await sweep.minutes(12);
    expect(await ownersNow()).toEqual([["other", "unowned"]]);
    await deleted(client, virtualMachines, { namespace, name: "other" });
    await vi.waitUntil(async () => (await ownersNow())[0]?.includes("other") === false, { timeout: 60_000 });
    expect(await ownersNow()).toEqual([["unowned"]]);
    // The Secret without owner goes with the sweep after the VM.
    await deleted(client, virtualMachines, { namespace, name: "unowned" });
    await vi.waitUntil(() => replica.view.vms.get({ namespace, name: "unowned" }) === undefined);
    await sweep.minutes(12);
    expect((await ownedObjects(client, { namespace, name: "unowned" })).secret).toBeUndefined();
    await sweep.stop();
  });

  it.for([true, false])("is removed by DeleteVM, with allow_missing %s", async (allowMissing, { expect }) => {
    const namespace = await stand.namespace();
    const ref = { namespace, name: "gone" };
    await interrupt(vlan(namespace, "gone", 605), isVm);
    await replica.apply(vlan(namespace, "stays", 606));
    await vi.waitUntil(isSeen(2, namespace));
    const dependencies = { client: stand.target.client, view: replica.view };
    const planned = await deleteVm(dependencies, { ...ref, allowMissing: true, validateOnly: true });
    expect(planned.map(({ kind }) => kind)).toEqual(["Secret", "NetworkAttachmentDefinition"]);
    expect(await namesIn(namespace)).toContain("multinic-gone");
    const call = deleteVm(dependencies, { ...ref, allowMissing });
    if (allowMissing) expect(await call).toEqual(planned);
    else await expect(call).rejects.toMatchObject({ name: "ObjectNotFound" });
    expect(await namesIn(namespace)).not.toContain("multinic-gone");
    const { nads } = await ownedObjects(stand.target.client, ref);
    expect(nads.map(ownersOf)).toEqual([["stays"]]);
  });

  /** Of Secrets and NADs. */
  async function namesIn(namespace: string): Promise<readonly string[]> {
    const { items } = await stand.target.client.list(secrets, { namespace });
    const nads = await stand.target.client.list(networkAttachmentDefinitions, { namespace });
    return [...items, ...nads.items].map(({ metadata }) => metadata.name).toSorted();
  }
});
