// A change of a NIC's network while the VM is migrated for an earlier one: it is made by a migration of its own.
import { afterAll, beforeAll, describe, it, vi } from "vitest";
import { virtualMachineInstances } from "../../src/kube/resource.ts";
import type { VmSpec } from "../../src/domain/spec.ts";
import { virtualMachineInstanceMigrations } from "../../src/local/kubevirt/resources.ts";
import { allUp, machine, startStand, type Stand } from "./stand.ts";

/** KubeVirt looks for VMs to migrate twice a minute. */
const patience = { timeout: 100_000 };

describe("a change while the VM is migrated", { timeout: 300_000 }, () => {
  let stand: Stand;
  beforeAll(async () => {
    stand = await startStand();
  });
  afterAll(async () => await stand.stop());

  const onVlan = (namespace: string, vlanId: number): VmSpec =>
    machine(namespace, "vm", [{ name: "eth0" }, { name: "eth1", vlanId }]);
  const phases = async (namespace: string): Promise<readonly string[]> => {
    const { items } = await stand.target.client.list(virtualMachineInstanceMigrations, { namespace });
    return items.map(({ status }) => status?.phase ?? "").toSorted();
  };
  const migrationRequired = async (namespace: string): Promise<string | undefined> => {
    const vmi = await stand.target.client.find(virtualMachineInstances, { namespace, name: "vm" });
    return vmi?.status?.conditions?.find(({ type }) => type === "MigrationRequired")?.status;
  };

  it("is made by a second migration after the first has ended", async ({ expect }) => {
    const namespace = await stand.namespace();
    await using watch = stand.watch({ namespace, name: "vm" });
    await stand.apply(onVlan(namespace, 100));
    await watch.until(allUp(2));

    await stand.apply(onVlan(namespace, 101));
    const hasBegun = async () =>
      (await phases(namespace)).some((phase) => phase !== "" && phase !== "Pending");
    await vi.waitUntil(hasBegun, patience);
    await stand.apply(onVlan(namespace, 102));
    await vi.waitUntil(async () => (await phases(namespace)).join() === "Succeeded,Succeeded", patience);
    await watch.until(allUp(2));
    await expect.poll(async () => await migrationRequired(namespace), patience).toBeUndefined();
  });
});
