// Generated NADs are shared by the VMs of a namespace and deleted with the last one; nothing is left behind.
import { afterAll, beforeAll, describe, it } from "vitest";
import { ObjectAction } from "../../gen/multinic/v1/virtual_machine_pb.ts";
import { ownedObjects, ownersOf } from "./owned-objects.ts";
import { allUp, machine, startStand, wordOf, type Stand } from "./stand.ts";

describe.concurrent("VMs on the same network", () => {
  let stand: Stand;
  beforeAll(async () => {
    stand = await startStand();
  });
  afterAll(async () => await stand.stop());

  it("share one NAD, which is deleted with the last of them, and leave nothing behind", async ({
    expect,
  }) => {
    const namespace = await stand.namespace();
    const { client } = stand.target;
    const one = machine(namespace, "one", [{ name: "eth0", vlanId: 100 }]);
    const two = machine(namespace, "two", [{ name: "net0", vlanId: 100 }]);
    await using watchOne = stand.watch(one);
    await using watchTwo = stand.watch(two);
    await Promise.all([stand.apply(one), stand.apply(two)]);
    await Promise.all([watchOne.until(allUp(1)), watchTwo.until(allUp(1))]);
    const { nads } = await ownedObjects(client, one);
    expect(nads.map(ownersOf)).toEqual([["one", "two"]]);

    const first = await stand.vms.deleteVM({ namespace, name: "one" });
    expect(first.objects.map(({ kind, action }) => [kind, wordOf(ObjectAction, action)])).toEqual([
      ["VirtualMachine", "DELETE"],
      ["Secret", "DELETE"],
    ]);
    await watchOne.until((nics) => nics.size === 0);
    await expect.poll(() => left(one)).toEqual({ vm: false, vmi: false, secret: false, pods: 0, nads: 1 });
    await expect.poll(async () => (await ownedObjects(client, two)).nads.map(ownersOf)).toEqual([["two"]]);
    await watchTwo.until(allUp(1));

    const second = await stand.vms.deleteVM({ namespace, name: "two" });
    expect(second.objects.map(({ kind }) => kind)).toEqual([
      "VirtualMachine",
      "Secret",
      "NetworkAttachmentDefinition",
    ]);
    await expect.poll(() => left(two)).toEqual({ vm: false, vmi: false, secret: false, pods: 0, nads: 0 });
  });

  it("keep a NAD not created by multinic", async ({ expect }) => {
    const namespace = await stand.namespace();
    await stand.makeNad(namespace, "theirs", { type: "bridge", bridge: "br7" });
    const spec = machine(namespace, "guest", [{ name: "eth0", nadName: "theirs" }]);
    await using watch = stand.watch(spec);
    await stand.apply(spec);
    await watch.until(allUp(1));
    const { nads } = await ownedObjects(stand.target.client, spec);
    expect(nads.map(ownersOf)).toEqual([[]]);

    await stand.vms.deleteVM({ namespace, name: "guest" });

    await expect.poll(() => left(spec)).toEqual({ vm: false, vmi: false, secret: false, pods: 0, nads: 1 });
  });

  it("are removed at once when they are deleted during their start", async ({ expect }) => {
    const namespace = await stand.namespace();
    const spec = machine(namespace, "short", [{ name: "eth0" }, { name: "eth1", type: "macvlan" }]);
    await stand.apply(spec);
    await stand.vms.deleteVM({ namespace, name: "short" });
    await expect.poll(() => left(spec)).toEqual({ vm: false, vmi: false, secret: false, pods: 0, nads: 0 });
  });

  async function left(spec: { readonly namespace: string; readonly name: string }): Promise<object> {
    const { vm, vmi, secret, pods, nads } = await ownedObjects(stand.target.client, spec);
    return {
      vm: vm !== undefined,
      vmi: vmi !== undefined,
      secret: secret !== undefined,
      pods: pods.length,
      nads: nads.length,
    };
  }
});
