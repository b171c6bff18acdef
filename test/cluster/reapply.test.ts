// Applying an unchanged VM: nothing is written, and the plan reports that.
import { afterAll, beforeAll, describe, it } from "vitest";
import { Effect, ObjectAction } from "../../gen/multinic/v1/virtual_machine_pb.ts";
import type { VmSpec } from "../../src/domain/spec.ts";
import { networkAttachmentDefinitions, virtualMachines } from "../../src/kube/resource.ts";
import { ownedObjects, ownersOf, versionsOf } from "./owned-objects.ts";
import { allUp, machine, startStand, wordOf, type Stand } from "./stand.ts";

describe.concurrent("applying a VM again", () => {
  let stand: Stand;
  beforeAll(async () => {
    stand = await startStand();
  });
  afterAll(async () => await stand.stop());

  /** Every type of NIC, both ways to get addresses, and the caller's own user-data. */
  const everything = (namespace: string): VmSpec => ({
    namespace,
    name: "everything",
    cpu: 2,
    memory: "1.5Gi",
    userData: { text: "#cloud-config\nupdates: {network: {when: [boot]}}\n" },
    networks: [
      { name: "eth0", type: "pod" },
      { name: "eth1", vlanId: 100, mtu: 1400, ipConfig: { mode: "static", address: "192.0.2.10/24" } },
      { name: "eth2", type: "macvlan", linkState: "down" },
      { name: "eth3", type: "sriov", vlanId: 7 },
      { name: "eth4", type: "ovs", macAddress: "02-00-5E-10-00-01" },
    ],
  });

  it("writes nothing, neither immediately nor while the VM runs", async ({ expect }) => {
    const spec = everything(await stand.namespace());
    const { client } = stand.target;
    await using watch = stand.watch(spec);
    await stand.apply(spec);

    for (const when of ["at once", "while it runs"]) {
      if (when === "while it runs") await watch.until((nics) => nics.get("eth1")?.reason === "UP");
      const before = versionsOf(await ownedObjects(client, spec));
      const again = await stand.apply(spec);

      expect(again.findings).toEqual([]);
      expect(again.plan?.changes).toEqual([]);
      expect(again.plan?.objects.map(({ kind, action }) => [kind, wordOf(ObjectAction, action)])).toEqual([
        ...Array.from({ length: 4 }, () => ["NetworkAttachmentDefinition", "UNCHANGED"]),
        ["Secret", "UNCHANGED"],
        ["VirtualMachine", "UNCHANGED"],
      ]);
      expect(again.written).toBe(false);
      expect(versionsOf(await ownedObjects(client, spec))).toEqual(before);
    }
    // KubeVirt stops writing the status at some point; from then on the VM must not change.
    await expect
      .poll(async () => {
        const version = async (): Promise<string | undefined> =>
          (await client.get(virtualMachines, spec)).metadata.resourceVersion;
        const earlier = await version();
        await stand.apply(spec);
        return (await version()) === earlier;
      })
      .toBe(true);
  });

  it("adds only what is missing", async ({ expect }) => {
    const namespace = await stand.namespace();
    const spec = machine(namespace, "cut-off", [{ name: "eth0" }, { name: "eth1", vlanId: 100 }]);
    const { client } = stand.target;
    await using watch = stand.watch(spec);
    await stand.apply(spec);
    await watch.until(allUp(2));
    const before = await ownedObjects(client, spec);
    const [missing, kept] = before.nads;
    if (missing === undefined || kept === undefined) throw new Error("there are not two NADs");
    await client.delete(networkAttachmentDefinitions, { namespace, name: missing.metadata.name });

    const again = await stand.apply(spec);

    expect(again.written).toBe(true);
    expect(again.plan?.effect).toBe(Effect.NONE);
    const after = await ownedObjects(client, spec);
    expect(after.nads.map(ownersOf)).toEqual([["cut-off"], ["cut-off"]]);
    expect(after.nads[0]?.spec).toEqual(missing.spec);
    const { [missing.metadata.name]: _made, ...others } = versionsOf(after);
    expect(versionsOf(before)).toMatchObject(others);
    expect((await stand.apply(spec)).written).toBe(false);
  });
});
