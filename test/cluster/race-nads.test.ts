// NADs are shared: while one call writes a VM, another call or Kubernetes' garbage collector may remove a NAD that it needs.
import { afterAll, beforeAll, describe, it, type TestContext } from "vitest";
import { compileAttachment } from "../../src/domain/network/generated-nad.ts";
import { builtInCatalogue, defaultPhysicalNetwork } from "../../src/domain/catalogue.ts";
import { isUnchanged } from "../../src/domain/plan/plan.ts";
import type { VmSpec } from "../../src/domain/spec.ts";
import { networkAttachmentDefinitions, virtualMachines } from "../../src/kube/resource.ts";
import { ownedObjects, ownersOf } from "./owned-objects.ts";
import { type Applied, deleted, meddled, type Replica, startReplica } from "./replica.ts";
import { machine, startStand, type Stand } from "./stand.ts";

describe.concurrent("a NAD that is removed while a VM that needs it is written", { timeout: 110_000 }, () => {
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

  const vlan = (namespace: string, name: string, vlanId: number, cpu = 1): VmSpec => ({
    ...machine(namespace, name, [{ name: "eth0", vlanId }]),
    runStrategy: "Halted",
    cpu,
  });

  async function expectWhole(expect: TestContext["expect"], spec: VmSpec): Promise<void> {
    const { nads, vm } = await ownedObjects(stand.target.client, spec);
    const used = vm?.spec.template.spec.networks?.map(({ multus }) => multus?.networkName);
    expect(nads.map(({ metadata }) => metadata.name)).toEqual(used);
    expect(nads.map(ownersOf)).toEqual([[spec.name]]);
    expect(nads.map((nad) => nad.spec?.config)).toEqual(nads.map(() => expect.stringContaining('"type"')));
    const { plan } = await replica.apply(spec, { validateOnly: true });
    expect(plan && isUnchanged(plan)).toBe(true);
  }

  const moments: readonly (readonly [string, "before" | "after", (applied: Applied) => boolean])[] = [
    ["before the NAD is written", "before", ({ kind, owning }) => isNad(kind) && !owning],
    ["before the Secret is written", "before", ({ kind }) => kind === "Secret"],
    ["before the VM is written", "before", ({ kind }) => kind === "VirtualMachine"],
    ["after the VM is written", "after", ({ kind }) => kind === "VirtualMachine"],
    ["before the VM owns it", "before", ({ kind, owning }) => isNad(kind) && owning],
    ["after the VM owns it", "after", ({ kind, owning }) => isNad(kind) && owning],
  ];

  it.for(moments)("is there again, whole and owned: %s", async ([, moment, isIt], { expect }) => {
    const namespace = await stand.namespace();
    const { client } = stand.target;
    const spec = vlan(namespace, "guest", 510);
    await leftBehind(namespace, 510);
    const removing = meddled(client, moment, isIt, () => removeAll(namespace));
    await replica.apply(spec, {}, removing);
    await expectWhole(expect, spec);
  });

  it.for(moments.filter(([name]) => name.includes("the VM is written")))(
    "is there again if the plan did not change it: %s",
    async ([, moment, isIt], { expect }) => {
      const namespace = await stand.namespace();
      await replica.apply(vlan(namespace, "guest", 511));
      const spec = vlan(namespace, "guest", 511, 2);
      const removing = meddled(stand.target.client, moment, isIt, () => removeAll(namespace));
      await replica.apply(spec, {}, removing);
      await expectWhole(expect, spec);
    },
  );

  it("is whole for whichever VM is left, when one releases it and another comes to use it", async ({
    expect,
  }) => {
    const namespace = await stand.namespace();
    await using other = await startReplica(stand.target.client);
    for (let round = 0; round < 4; round += 1) {
      await replica.apply(vlan(namespace, "leaving", 520));
      await Promise.all([
        replica.apply(vlan(namespace, "leaving", 521)),
        other.apply(vlan(namespace, `coming-${round}`, 520)),
      ]);
      const { nads } = await ownedObjects(stand.target.client, { namespace, name: "leaving" });
      expect(nads.filter(({ spec }) => spec?.config === undefined)).toEqual([]);
      const shared = nads.find(({ spec }) => spec?.config?.includes("520"));
      expect(ownersOf(shared!)).toContain(`coming-${round}`);
      await deleted(stand.target.client, virtualMachines, { namespace, name: `coming-${round}` });
    }
  });

  const isNad = (kind: string): boolean => kind === networkAttachmentDefinitions.kind;

  /** A NAD as an earlier call has created it, which the apply does not change. */
  async function leftBehind(namespace: string, vlanId: number): Promise<void> {
    const network = defaultPhysicalNetwork(builtInCatalogue(), "bridge");
    if (network === undefined) throw new Error("the built-in catalogue has no bridge");
    const nad = compileAttachment({ vlanId, mtu: undefined }, network, namespace);
    await stand.target.client.apply(networkAttachmentDefinitions, nad, { fieldManager: "multinic" });
  }

  async function removeAll(namespace: string): Promise<void> {
    const { items } = await stand.target.client.list(networkAttachmentDefinitions, { namespace });
    for (const { metadata } of items)
      await deleted(stand.target.client, networkAttachmentDefinitions, { namespace, name: metadata.name });
  }
});
