// Labels of a running VM: on the VirtualMachine object alone, changed and removed without effect on the instance.
import { afterAll, beforeAll, describe, it } from "vitest";
import { Effect } from "../../gen/multinic/v1/virtual_machine_pb.ts";
import { isTrue } from "../../src/domain/objects/conditions.ts";
import type { VmSpec } from "../../src/domain/spec.ts";
import { virtualMachineInstances, virtualMachines } from "../../src/kube/resource.ts";
import { allUp, startStand, type Stand } from "./stand.ts";

describe("labels", () => {
  let stand: Stand;
  beforeAll(async () => {
    stand = await startStand();
  });
  afterAll(async () => await stand.stop(), 120_000);

  it("of a running VM change at once, and its instance stays the same", async ({ expect }) => {
    const { client } = stand.target;
    const ref = { namespace: await stand.namespace(), name: "labelled" };
    const specOf = (labels: NonNullable<VmSpec["labels"]>): VmSpec => ({
      ...ref,
      labels,
      networks: [{ name: "eth0" }],
    });
    await using watch = stand.watch(ref);
    await stand.apply(specOf({ app: "web", "example.org/team": "a", canary: "" }));
    await watch.until(allUp(1));
    const theirs = { metadata: { labels: { theirs: "yes" } } };
    await client.mergePatch(virtualMachines, ref, theirs);
    const before = await client.get(virtualMachineInstances, ref);

    const { plan } = await stand.apply(specOf({ app: "db" }));
    expect(plan?.changes).toMatchObject([{ field: "labels", effect: Effect.NONE }]);
    const vm = await client.get(virtualMachines, ref);
    expect(vm.metadata.labels).toMatchObject({ app: "db", theirs: "yes" });
    expect(Object.keys(vm.metadata.labels ?? {})).not.toContain("canary");
    expect(Object.keys(vm.metadata.labels ?? {})).not.toContain("example.org/team");
    expect(isTrue(vm.status?.conditions, "RestartRequired")).toBe(false);

    const { virtualMachine } = await stand.vms.getVM(ref);
    expect(virtualMachine).toMatchObject({ virtualMachine: { labels: { app: "db" } }, drift: [] });
    expect(virtualMachine?.pendingChanges).toEqual([]);
    const after = await client.get(virtualMachineInstances, ref);
    expect(after.metadata.uid).toBe(before.metadata.uid);
    for (const { metadata } of [before, after]) expect(metadata.labels).not.toHaveProperty("app");
    expect((await stand.apply(specOf({ app: "db" }))).written).toBe(false);
  });
});
