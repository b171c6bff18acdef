// Changes of a running VM: each has the effect that the plan predicted, and is reported as pending until then.
import { afterAll, beforeAll, describe, it } from "vitest";
import {
  AddressOrigin,
  Effect,
  InterfaceState,
  type VirtualMachineView,
} from "../../gen/multinic/v1/virtual_machine_pb.ts";
import type { ApplyVMResponse } from "../../gen/multinic/v1/virtual_machine_service_pb.ts";
import type { NetworkConfig, VmSpec } from "../../src/domain/spec.ts";
import type { Nics, NicWatch } from "./nic-watch.ts";
import { ownedObjects, ownersOf, versionsOf } from "./owned-objects.ts";
import { allUp, machine, nicOf, startStand, wordOf, type Stand } from "./stand.ts";

/** KubeVirt looks for VMs to migrate twice a minute. */
const patience = { timeout: 60_000 };

describe.concurrent("changing a running VM", { timeout: 90_000 }, () => {
  let stand: Stand;
  beforeAll(async () => {
    stand = await startStand();
  });
  afterAll(async () => await stand.stop());

  const view = async ({ namespace, name }: VmSpec): Promise<VirtualMachineView> => {
    const { virtualMachine } = await stand.vms.getVM({ namespace, name });
    if (virtualMachine === undefined) throw new Error("an answer without a VM");
    return virtualMachine;
  };

  /** The pending changes in short form. */
  const pending = async (spec: VmSpec): Promise<readonly string[]> =>
    (await view(spec)).pendingChanges.map(({ path, effect }) => `${path} ${wordOf(Effect, effect)}`);

  const isTrue = async (spec: VmSpec, condition: string): Promise<boolean> => {
    const { vm } = await ownedObjects(stand.target.client, spec);
    return (
      vm?.status?.conditions?.some(({ type, status }) => type === condition && status === "True") ?? false
    );
  };

  /** Creates a VM with these NICs and waits until it runs. */
  async function running(
    networks: readonly NetworkConfig[],
    more: Partial<VmSpec> = {},
  ): Promise<VmSpec & { readonly watch: NicWatch }> {
    const spec = { ...machine(await stand.namespace(), "vm", networks), ...more };
    const watch = stand.watch(spec);
    await stand.apply(spec);
    await watch.until(allUp(networks.length));
    return { ...spec, watch };
  }

  it("sets a NIC's link down and up without a restart", async ({ expect }) => {
    const { watch, ...spec } = await running([{ name: "eth0" }, { name: "eth1", vlanId: 100 }]);
    await using _ = watch;
    const before = await ownedObjects(stand.target.client, spec);
    const withCable = (linkState: "up" | "down"): VmSpec => ({
      ...spec,
      networks: [{ name: "eth0" }, { name: "eth1", vlanId: 100, linkState }],
    });

    const pulled = await stand.apply(withCable("down"));
    expect(wordOf(Effect, pulled.plan?.effect)).toBe("LIVE");
    expect(pulled.plan?.changes).toMatchObject([
      { path: "networks[eth1].linkState", nic: "eth1", oldValue: "up", newValue: "down" },
    ]);
    const down = await watch.until((nics) => nicOf(nics, "eth1").state === InterfaceState.DOWN);
    expect(nicOf(down, "eth1").reason).toBe("LINK_DOWN");
    expect(nicOf(down, "eth0").reason).toBe("UP");

    const plugged = await stand.apply(withCable("up"));
    expect(wordOf(Effect, plugged.plan?.effect)).toBe("LIVE");
    await watch.until(allUp(2));

    const after = await ownedObjects(stand.target.client, spec);
    expect(after.vmi?.metadata.uid).toBe(before.vmi?.metadata.uid);
    expect(await isTrue(spec, "RestartRequired")).toBe(false);
    expect(await pending(spec)).toEqual([]);
  });

  it("changes an address at the next start", async ({ expect }) => {
    const at = (address: string): NetworkConfig[] => [
      { name: "eth0", ipConfig: { mode: "static", address } },
    ];
    const { watch, ...spec } = await running(at("192.0.2.10/24"));
    await using _ = watch;
    const before = versionsOf(await ownedObjects(stand.target.client, spec));

    const changed = await stand.apply({ ...spec, networks: at("192.0.2.11/24") });

    expect(wordOf(Effect, changed.plan?.effect)).toBe("RESTART");
    const after = versionsOf(await ownedObjects(stand.target.client, spec));
    expect(after["secret"]).not.toBe(before["secret"]);
    expect(await pending(spec)).toEqual(["networks[eth0].ipConfig.addresses RESTART"]);
    const waits = (nics: Nics): boolean => nicOf(nics, "eth0").pendingEffect === Effect.RESTART;
    expect(nicOf(await watch.until(waits), "eth0")).toMatchObject({
      state: InterfaceState.UP,
      pendingFields: ["networks[eth0].ipConfig.addresses"],
      driftedFields: [],
    });
    await restart(stand, { ...spec, networks: at("192.0.2.11/24") }, watch);
    const isDone = (nics: Nics): boolean => allUp(1)(nics) && nicOf(nics, "eth0").pendingFields.length === 0;
    const nics = await watch.until(isDone);
    expect(nicOf(nics, "eth0").addresses).toMatchObject([
      { address: "192.0.2.11", prefixLength: 24, origin: AddressOrigin.STATIC },
      { origin: AddressOrigin.LINK_LOCAL },
    ]);
    expect(await pending(spec)).toEqual([]);
  });

  it("plugs a bridge NIC by a live migration", async ({ expect }) => {
    const { watch, ...spec } = await running([{ name: "eth0" }]);
    await using _ = watch;
    const before = await ownedObjects(stand.target.client, spec);

    const added = await stand.apply({ ...spec, networks: [{ name: "eth0" }, { name: "eth1", vlanId: 100 }] });

    // The guest configures the new NIC when it boots.
    expect(effects(added)).toEqual([
      ["networks[eth1]", "LIVE_MIGRATION"],
      ["networks[eth1].ipConfig", "RESTART"],
    ]);
    await watch.until(allUp(2));
    await expect.poll(async () => await pending(spec), patience).toEqual(["networks[eth1].ipConfig RESTART"]);
    const after = await ownedObjects(stand.target.client, spec);
    expect(after.vmi?.metadata.uid).toBe(before.vmi?.metadata.uid);
    expect(after.vmi?.status?.nodeName).not.toBe(before.vmi?.status?.nodeName);
    expect(await isTrue(spec, "RestartRequired")).toBe(false);
  });

  it("F21: moves a bridge NIC to another VLAN by a live migration", async ({ expect }) => {
    const on = (vlanId: number): NetworkConfig[] => [{ name: "eth0" }, { name: "eth1", vlanId }];
    const { watch, ...spec } = await running(on(100));
    await using _ = watch;
    const { vmi: before } = await ownedObjects(stand.target.client, spec);
    const networkOf = async (): Promise<string | undefined> =>
      (await ownedObjects(stand.target.client, spec)).vmi?.spec.networks?.[1]?.multus?.networkName;
    const old = await networkOf();

    const moved = await stand.apply({ ...spec, networks: on(200) });

    expect(wordOf(Effect, moved.plan?.effect)).toBe("LIVE_MIGRATION");
    await expect.poll(networkOf, patience).not.toBe(old);
    await expect
      .poll(async () => (await ownedObjects(stand.target.client, spec)).vmi?.status?.nodeName, patience)
      .not.toBe(before?.status?.nodeName);
    await expect.poll(async () => await pending(spec), patience).toEqual([]);
    const nics = await watch.until(allUp(2));
    expect(nicOf(nics, "eth1").attachment).toBe(`${spec.namespace}/${await networkOf()}`);
    const { vmi } = await ownedObjects(stand.target.client, spec);
    expect(vmi?.metadata.uid).toBe(before?.metadata.uid);
    // The next call that finds the former NAD unused deletes it.
    await stand.apply({ ...spec, networks: on(200) });
    const { nads } = await ownedObjects(stand.target.client, spec);
    expect(nads.map(({ metadata }) => metadata.name)).not.toContain(old);
  });

  it("cannot plug a macvlan NIC, and reports that it waits for a restart", async ({ expect }) => {
    const { watch, ...spec } = await running([{ name: "eth0" }]);
    await using _ = watch;
    const wanted: VmSpec = { ...spec, networks: [{ name: "eth0" }, { name: "eth1", type: "macvlan" }] };

    const added = await stand.apply(wanted);

    expect(effects(added)).toEqual([
      ["networks[eth1]", "RESTART"],
      ["networks[eth1].ipConfig", "RESTART"],
    ]);
    const nics = await watch.until((all) => all.get("eth1")?.reason === "NOT_IN_DOMAIN");
    expect(nicOf(nics, "eth0").reason).toBe("UP");
    expect(await pending(spec)).toEqual(["networks[eth1] RESTART", "networks[eth1].ipConfig RESTART"]);
    await restart(stand, wanted, watch);
    await watch.until(allUp(2));
    expect(await pending(spec)).toEqual([]);
  });

  it("changes a MAC address at the next start, and reports it as pending until then", async ({ expect }) => {
    const withMac = (macAddress: string): NetworkConfig[] => [{ name: "eth0" }, { name: "eth1", macAddress }];
    const { watch, ...spec } = await running(withMac("02:00:5e:20:00:01"));
    await using _ = watch;
    const wanted = { ...spec, networks: withMac("02:00:5e:20:00:02") };

    const changed = await stand.apply(wanted);

    expect(wordOf(Effect, changed.plan?.effect)).toBe("RESTART");
    expect(changed.plan?.changes).toMatchObject([
      { path: "networks[eth1].macAddress", oldValue: "02:00:5e:20:00:01", newValue: "02:00:5e:20:00:02" },
    ]);
    await expect.poll(() => isTrue(spec, "RestartRequired")).toBe(true);
    expect(await pending(spec)).toEqual(["networks[eth1].macAddress RESTART"]);
    const nics = await watch.until(allUp(2));
    expect(nicOf(nics, "eth1").macAddress).toBe("02:00:5e:20:00:01");

    await restart(stand, wanted, watch);
    const restarted = await watch.until(allUp(2));
    expect(nicOf(restarted, "eth1").macAddress).toBe("02:00:5e:20:00:02");
    expect(await pending(spec)).toEqual([]);
  });

  it("gives the guest new user-data at its next start, without revealing its content", async ({ expect }) => {
    const withText = (text: string) => ({ userData: { text: `#cloud-config\npassword: ${text}\n` } });
    const { watch, ...spec } = await running([{ name: "eth0" }], withText("hunter2"));
    await using _ = watch;
    const wanted: VmSpec = { ...spec, ...withText("hunter3") };

    expect(effects(await stand.apply(wanted))).toEqual([["userData.text", "RESTART"]]);

    expect(await pending(spec)).toEqual(["userData.text RESTART"]);
    const { vm } = await ownedObjects(stand.target.client, spec);
    expect(JSON.stringify(vm)).not.toContain("hunter");
    expect((await view(spec)).drift).toEqual([]);
    expect((await stand.apply(wanted)).written).toBe(false);
    await restart(stand, wanted, watch);
    await watch.until(allUp(1));
    expect(await pending(spec)).toEqual([]);
  });

  it("reverts a pending change, and then nothing is pending", async ({ expect }) => {
    const withMac = (macAddress: string): NetworkConfig[] => [{ name: "eth0" }, { name: "eth1", macAddress }];
    const { watch, ...spec } = await running(withMac("02:00:5e:20:00:05"));
    await using _ = watch;
    await stand.apply({ ...spec, networks: withMac("02:00:5e:20:00:06") });
    await expect.poll(() => isTrue(spec, "RestartRequired")).toBe(true);

    const back = await stand.apply(spec);

    expect(effects(back)).toEqual([["networks[eth1].macAddress", "NONE"]]);
    await expect.poll(() => isTrue(spec, "RestartRequired")).toBe(false);
    expect(await pending(spec)).toEqual([]);
    await watch.until(allUp(2));
  });

  it("reports the effects for the cluster's KubeVirt version, and which of them are proven", async ({
    expect,
  }) => {
    const on = (vlanId: number): NetworkConfig[] => [{ name: "eth0" }, { name: "eth1", vlanId }];
    const { watch, ...spec } = await running(on(100));
    await using _ = watch;

    const { plan } = await stand.apply({ ...spec, networks: on(200) }, { validateOnly: true });

    const change = plan?.changes.find(({ path }) => path === "networks[eth1].vlanId");
    expect(
      change?.versions.map(({ kubevirt, effect, proven }) => [kubevirt, wordOf(Effect, effect), proven]),
    ).toEqual([
      ["1.9", "LIVE_MIGRATION", true],
      ["1.8", "RESTART", true],
      ["1.6-1.7", "RESTART", false],
      ["1.4-1.5", "RESTART", false],
    ]);
  });

  it("removes a NIC at the next start, and its NAD when no VM uses it any more", async ({ expect }) => {
    const both: NetworkConfig[] = [{ name: "eth0" }, { name: "eth1", vlanId: 100 }];
    const { watch, ...spec } = await running(both);
    await using _ = watch;
    const nads = async (): Promise<readonly (readonly string[])[]> =>
      (await ownedObjects(stand.target.client, spec)).nads.map(ownersOf);
    const one = { ...spec, networks: [{ name: "eth0" }] };

    const removed = await stand.apply(one);

    expect(wordOf(Effect, removed.plan?.effect)).toBe("RESTART");
    expect(await nads()).toEqual([["vm"], ["vm"]]);
    await expect.poll(async () => await pending(spec)).toEqual(["networks[eth1] RESTART"]);
    // Another VM starts to use the network that this VM leaves.
    const other = machine(spec.namespace, "other", [{ name: "net0", vlanId: 100 }]);
    await using otherWatch = stand.watch(other);
    await stand.apply(other);
    await otherWatch.until(allUp(1));

    await restart(stand, one, watch);
    await watch.until(allUp(1));
    await stand.apply(one);
    expect(await nads()).toHaveLength(2);

    await stand.vms.deleteVM({ namespace: spec.namespace, name: "other" });
    await otherWatch.until((nics) => nics.size === 0);
    await expect
      .poll(async () => {
        await stand.apply(one);
        return await nads();
      })
      .toEqual([["vm"]]);
    await watch.until(allUp(1));
  });

  it("stops and starts the VM by its run strategy", async ({ expect }) => {
    const { watch, ...spec } = await running([{ name: "eth0" }]);
    await using _ = watch;
    const stopped = await stand.apply({ ...spec, runStrategy: "Halted" });
    expect(wordOf(Effect, stopped.plan?.effect)).toBe("LIVE");
    const nics = await watch.until((all) => nicOf(all, "eth0").reason === "VM_STOPPED");
    expect(nicOf(nics, "eth0").state).toBe(InterfaceState.DOWN);
    const started = await stand.apply(spec);
    expect(wordOf(Effect, started.plan?.effect)).toBe("NONE");
    await watch.until(allUp(1));
  });
});

const effects = ({ plan }: ApplyVMResponse): readonly (readonly string[])[] =>
  (plan?.changes ?? []).map(({ path, effect }) => [path, wordOf(Effect, effect)]);

/** Halts the VM, waits until it has stopped, and sets the wanted run strategy. */
async function restart(stand: Stand, spec: VmSpec, watch: NicWatch): Promise<void> {
  await stand.apply({ ...spec, runStrategy: "Halted" });
  await watch.until((nics) => [...nics.values()].every(({ reason }) => reason === "VM_STOPPED"));
  await stand.apply(spec);
}
