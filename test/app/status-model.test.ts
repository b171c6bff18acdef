// What the model guarantees: numbered changes, a history, order, and no change reported twice.
import { describe, it } from "vitest";
import { readVm } from "../../src/domain/document/read-record.ts";
import { type StatusChange, startStatusModel } from "../../src/app/status-model.ts";
import { createMemoryCluster, keyOf, vmiOf, vmOf } from "./memory-cluster.ts";
import { everything } from "../../src/app/status-scope.ts";
import { idOf } from "./stream-reader.ts";

const up = (name: string) => ({ name, linkState: "up" }) as const;

describe("the status model", () => {
  it("lists by namespace and VM, with the NICs in the VM's order", ({ expect }) => {
    const { model, setVm } = createMemoryCluster();
    setVm("shop/web", [up("storage"), up("mgmt")]);
    setVm("lab/db", [up("eth0")]);
    setVm("shop/api", []);
    expect(model.list(everything).map(idOf)).toEqual(["lab/db/eth0", "shop/web/storage", "shop/web/mgmt"]);
    expect(model.vms(everything)).toEqual([
      { namespace: "lab", vm: "db" },
      { namespace: "shop", vm: "api" },
      { namespace: "shop", vm: "web" },
    ]);
  });

  it("sees what was in the caches before it started", ({ expect }) => {
    const { vms, vmis, setVm } = createMemoryCluster();
    setVm("shop/web", [up("eth0")]);
    const later = startStatusModel({ vms, vmis }, { clock: () => new Date(0) });
    expect(later.list(everything).map(({ state }) => state)).toEqual(["Up"]);
  });

  it("is synced when VMs and instances are, whatever happens to the other lists", async ({ expect }) => {
    const { model, vms, vmis } = createMemoryCluster({ synced: false });
    vms.sync();
    expect(model.synced).toBe(false);
    vmis.sync();
    expect(model.synced).toBe(true);
    await model.whenSynced();
  });

  it("numbers changes one by one and reports them in that order, like its history", ({ expect }) => {
    const { model, setVm, removeVm } = createMemoryCluster();
    const reported: StatusChange[] = [];
    const unsubscribe = model.subscribe((change) => reported.push(change));
    setVm("shop/web", [up("eth0"), up("eth1")]);
    setVm("shop/web", [up("eth1")]);
    removeVm("shop/web");
    expect(reported.map(({ revision }) => revision)).toEqual(reported.map((_, index) => index + 1));
    expect(model.since(0)).toEqual(reported);
    expect(model.since(2)).toEqual(reported.slice(2));
    expect(model.since(model.revision)).toEqual([]);
    expect(model.since(model.revision + 1)).toBeUndefined();
    unsubscribe();
    setVm("shop/web", [up("eth0")]);
    expect(reported).toHaveLength(reported.at(-1)?.revision ?? 0);
  });

  it("has the new state before it reports the change", ({ expect }) => {
    const { model, setVm, removeVm } = createMemoryCluster();
    setVm("shop/web", [up("eth0"), up("eth1")]);
    const seen: number[] = [];
    model.subscribe(() => seen.push(model.list(everything).length));
    removeVm("shop/web");
    expect(seen).toEqual([0, 0]);
  });

  it("reports no change for an instance without a VM, nor for a VM that is written unchanged", ({
    expect,
  }) => {
    const { model, vms, vmis } = createMemoryCluster();
    const key = keyOf("shop/web");
    vmis.set(key, vmiOf(key, [up("eth0")], "node-1"));
    expect(model.revision).toBe(0);
    vms.set(key, readVm(vmOf(key, [up("eth0")])));
    expect(model.revision).toBe(1);
    vms.set(key, readVm(vmOf(key, [up("eth0")])));
    vmis.set(key, vmiOf(key, [up("eth0")], "node-1"));
    expect(model.revision).toBe(1);
  });

  it("treats a VM that is created again under the same name as new", ({ expect }) => {
    const { model, setVm, removeVm } = createMemoryCluster();
    setVm("shop/web", [up("eth0")]);
    const before = model.revision;
    removeVm("shop/web");
    setVm("shop/web", [up("eth1")]);
    const after = model.since(before)?.map(({ key, status }) => `${key.nic} ${status?.reason ?? "gone"}`);
    expect(after).toEqual(["eth0 gone", "eth1 VM_STOPPED", "eth1 UP"]);
  });

  it("shows every NIC as stale, a VM that changes meanwhile too, and each as it is afterwards", async ({
    expect,
  }) => {
    const { model, setVm, removeVm } = createMemoryCluster();
    setVm("shop/web", [up("eth0"), { name: "eth1", linkState: "down" }]);
    setVm("lab/db", [up("eth0")]);
    const reasons = () => model.list(everything).map((status) => `${idOf(status)} ${status.reason}`);
    const before = reasons();
    await model.setStaleSince(new Date(0));
    expect(reasons()).toEqual(["lab/db/eth0 STALE", "shop/web/eth0 STALE", "shop/web/eth1 STALE"]);
    expect(model.list(everything)[0]?.evidence[0]?.value).toBe("1970-01-01T00:00:00.000Z");
    const { revision } = model;
    setVm("lab/db", [up("eth0")]);
    expect(model.revision).toBe(revision);
    setVm("shop/web", [up("eth0"), up("eth1")]);
    expect(reasons().slice(1)).toEqual(["shop/web/eth0 STALE", "shop/web/eth1 STALE"]);
    removeVm("lab/db");
    await model.setStaleSince(undefined);
    expect(before.slice(1)).toEqual(["shop/web/eth0 UP", "shop/web/eth1 LINK_DOWN"]);
    expect(reasons()).toEqual(["shop/web/eth0 UP", "shop/web/eth1 UP"]);
  });

  it("dates each state: by its clock, by KubeVirt, and in a stale time by the moment when it noticed", async ({
    expect,
  }) => {
    let now = 0;
    const { model, setVm } = createMemoryCluster({ clock: () => new Date(now) });
    const since = () => model.list(everything).map(({ stateSince }) => Date.parse(stateSince));
    setVm("shop/web", [up("eth0"), up("eth1")]);
    now = 10;
    setVm("shop/web", [up("eth0"), { name: "eth1", linkState: "down" }]);
    expect(since()).toEqual([0, 10]);
    now = 20;
    setVm("shop/web", [up("eth0"), { name: "eth1", linkState: "down", guestInterface: "ens4" }]);
    expect(since()).toEqual([0, 10]);
    now = 30;
    await model.setStaleSince(new Date(25));
    now = 40;
    setVm("shop/web", [up("eth0"), up("eth1")]);
    expect(since()).toEqual([30, 30]);
    now = 50;
    await model.setStaleSince(undefined);
    expect(since()).toEqual([0, 40]);
  });

  it("believes KubeVirt's times of what was there before it started, whichever kind is listed first", ({
    expect,
  }) => {
    const key = keyOf("shop/web");
    const nics = [up("eth0")];
    const lastTransitionTime = "2026-07-01T10:00:00Z";
    const running = vmiOf(key, nics, "node-1");
    const paused = {
      ...running,
      status: {
        ...running.status,
        conditions: [{ type: "Paused", status: "True" as const, lastTransitionTime }],
      },
    };
    const started = new Date("2026-07-02T00:00:00Z");
    for (const first of ["vms", "vmis"]) {
      const { model, vms, vmis } = createMemoryCluster({ synced: false, clock: () => started });
      const list = {
        vms: () => vms.set(key, readVm(vmOf(key, nics))),
        // Like a cache, which is synced before it reports its first objects.
        vmis() {
          vmis.sync();
          vmis.set(key, paused);
        },
      };
      for (const kind of first === "vms" ? (["vms", "vmis"] as const) : (["vmis", "vms"] as const))
        list[kind]();
      expect(model.list(everything)).toMatchObject([{ reason: "VM_PAUSED", stateSince: lastTransitionTime }]);
    }
  });

  it("changes nothing when it is asked twice to show the same", async ({ expect }) => {
    const { model, setVm } = createMemoryCluster();
    setVm("shop/web", [up("eth0")]);
    await model.setStaleSince(new Date(0));
    const { revision } = model;
    await model.setStaleSince(new Date(0));
    expect(model.revision).toBe(revision);
  });

  it("lets other work run while thousands of VMs become stale, and goes back at once when asked meanwhile", async ({
    expect,
  }) => {
    const { model, setVm } = createMemoryCluster();
    for (let vm = 0; vm < 2_000; vm += 1) setVm(`lab/vm-${vm}`, [up("eth0")]);
    const staleCount = () => model.list(everything).filter(({ reason }) => reason === "STALE").length;
    const becoming = model.setStaleSince(new Date(0));
    expect(staleCount()).toBe(100);
    const back = model.setStaleSince(undefined);
    await becoming;
    await back;
    expect(staleCount()).toBe(0);
    await model.setStaleSince(new Date(0));
    expect(staleCount()).toBe(2_000);
  });

  it("is current as of the older of its two sources", ({ expect }) => {
    const { model, vms, vmis } = createMemoryCluster();
    expect(model.currentAsOf).toBeUndefined();
    vms.heard({ at: 7, time: new Date(7) });
    expect(model.currentAsOf).toBeUndefined();
    vmis.heard({ at: 5, time: new Date(5) });
    expect(model.currentAsOf).toEqual({ at: 5, time: new Date(5) });
  });

  it("ignores all changes once stopped", ({ expect }) => {
    const { model, setVm } = createMemoryCluster();
    model.stop();
    setVm("shop/web", [up("eth0")]);
    expect(model.revision).toBe(0);
  });
});
