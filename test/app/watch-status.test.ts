// One reader's stream: a complete snapshot, then every change once and in order, however slowly it is read.
import { array, assert, asyncProperty, constant, constantFrom, oneof, record } from "fast-check";
import { describe, it } from "vitest";
import { heartbeatMs } from "../../src/app/watch-status.ts";
import { readVm } from "../../src/domain/document/read-record.ts";
import { createMemoryCluster, keyOf, type MemoryCluster, vmiOf, vmOf } from "./memory-cluster.ts";
import { settled } from "./manual-time.ts";
import { everything, scopeOf } from "../../src/app/status-scope.ts";
import { idOf, openReader, type StreamReader } from "./stream-reader.ts";

const up = (name: string) => ({ name, linkState: "up" }) as const;
const down = (name: string) => ({ name, linkState: "down" }) as const;

function clusterOf(...ids: readonly string[]): MemoryCluster {
  const cluster = createMemoryCluster();
  for (const id of ids) cluster.setVm(id, [up("eth0"), up("eth1")]);
  return cluster;
}

/** A reader that has read its snapshot. */
async function syncedReader(...[model, options]: Parameters<typeof openReader>): Promise<StreamReader> {
  const reader = openReader(model, options);
  while ((await reader.next())?.event.type !== "synced");
  return reader;
}

const stateOf = ({ known }: StreamReader) => new Map([...known].map(([id, { reason }]) => [id, reason]));

describe("a new stream", () => {
  it("starts with a snapshot of everything, then synced", async ({ expect }) => {
    const { model } = clusterOf("shop/web", "lab/db");
    const reader = openReader(model);
    const { interfaces } = await reader.expect("snapshot");
    expect(interfaces.map(idOf)).toEqual(["lab/db/eth0", "lab/db/eth1", "shop/web/eth0", "shop/web/eth1"]);
    expect(reader.token).toBe("");
    expect(await reader.expect("synced")).toEqual({ type: "synced", count: 4 });
    expect(reader.token).not.toBe("");
  });

  it("sends an empty snapshot when there is nothing", async ({ expect }) => {
    const reader = openReader(createMemoryCluster().model);
    expect(await reader.expect("snapshot")).toEqual({ type: "snapshot", interfaces: [] });
    expect(await reader.expect("synced")).toEqual({ type: "synced", count: 0 });
  });

  it("splits a large snapshot into messages of 500 NICs without a token", async ({ expect }) => {
    const cluster = createMemoryCluster();
    for (let vm = 0; vm < 300; vm += 1) cluster.setVm(`lab/vm-${vm}`, ["a", "b", "c", "d"].map(up));
    const reader = openReader(cluster.model);
    const sizes: number[] = [];
    for (
      let message = await reader.next();
      message?.event.type === "snapshot";
      message = await reader.next()
    ) {
      sizes.push(message.event.interfaces.length);
      expect(message.resumeToken).toBe("");
    }
    expect(sizes).toEqual([500, 500, 200]);
    expect(reader.token).not.toBe("");
    expect(reader.known.size).toBe(1_200);
  });

  it("waits for the first complete list, and does not report running VMs as stopped before", async ({
    expect,
  }) => {
    const { vms, vmis, model } = createMemoryCluster({ synced: false });
    const reader = openReader(model);
    vms.set(keyOf("shop/web"), readVm(vmOf(keyOf("shop/web"), [up("eth0")])));
    vms.sync();
    expect(await reader.next()).toBeUndefined();
    vmis.set(keyOf("shop/web"), vmiOf(keyOf("shop/web"), [up("eth0")], "node-1"));
    vmis.sync();
    expect((await reader.expect("snapshot")).interfaces.map(({ reason }) => reason)).toEqual(["UP"]);
  });

  it("F16: misses no change while the snapshot is read", async ({ expect }) => {
    const cluster = clusterOf("shop/web");
    const reader = openReader(cluster.model);
    await reader.expect("snapshot");
    cluster.setVm("shop/web", [down("eth0"), up("eth1")]);
    await reader.expect("synced");
    const tokenOfSnapshot = reader.token;
    const resumed = openReader(cluster.model, { token: tokenOfSnapshot });
    for (const each of [reader, resumed]) {
      await each.drain();
      expect(each.known.get("shop/web/eth0")?.reason).toBe("LINK_DOWN");
      expect(each.received).toBe(1);
    }
  });
});

describe("changes", () => {
  it("are sent together after 10 ms: the latest of each NIC, with the number of changes that it replaces", async ({
    expect,
  }) => {
    const cluster = clusterOf("shop/web");
    const reader = await syncedReader(cluster.model);
    cluster.setVm("shop/web", [down("eth0"), up("eth1")]);
    cluster.setVm("shop/web", [up("eth0"), down("eth1")]);
    expect(await reader.next()).toBeUndefined();
    await reader.time.advance(9);
    expect(await reader.next()).toBeUndefined();
    await reader.time.advance(1);
    const { updated, removed, merged } = await reader.expect("changes");
    expect(updated.map(({ nic, reason }) => `${nic} ${reason}`)).toEqual(["eth0 UP", "eth1 LINK_DOWN"]);
    expect(removed).toEqual([]);
    expect(merged).toBe(1);
    expect(await reader.next()).toBeUndefined();
  });

  it("are not sent for an update that changes no NIC", async ({ expect }) => {
    const cluster = clusterOf("shop/web");
    const reader = await syncedReader(cluster.model);
    cluster.setVm("shop/web", [up("eth0"), up("eth1")]);
    await reader.drain();
    expect(reader.received).toBe(0);
  });

  it.for([
    ["a NIC that its VM gave up", (c: MemoryCluster) => c.setVm("shop/web", [up("eth0")]), ["eth1"]],
    ["the NICs of a VM that is gone", (c: MemoryCluster) => c.removeVm("shop/web"), ["eth0", "eth1"]],
  ] as const)("remove %s", async ([, change, gone], { expect }) => {
    const cluster = clusterOf("shop/web");
    const reader = await syncedReader(cluster.model);
    change(cluster);
    await settled();
    await reader.next();
    await reader.time.advance(10);
    const { removed } = await reader.expect("changes");
    expect(removed).toEqual(gone.map((nic) => ({ namespace: "shop", vm: "web", nic })));
    expect(reader.known.size).toBe(2 - gone.length);
  });

  it("of more than 500 NICs come in several messages, each of which can be resumed from", async ({
    expect,
  }) => {
    const cluster = createMemoryCluster();
    const reader = await syncedReader(cluster.model);
    const before = reader.token;
    for (let vm = 0; vm < 300; vm += 1) cluster.setVm(`lab/vm-${vm}`, ["a", "b", "c", "d"].map(up));
    // The first NICs change again while all of them wait: they go to the end.
    cluster.setVm("lab/vm-0", ["a", "b", "c", "d"].map(down));
    const slow = openReader(cluster.model, { token: before });
    expect((await slow.expect("changes")).updated).toHaveLength(500);
    const parted = openReader(cluster.model, { after: slow });
    for (const each of [slow, parted]) {
      const sizes: number[] = [];
      let message = await each.next();
      for (; message?.event.type === "changes"; message = await each.next()) {
        sizes.push(message.event.updated.length);
      }
      expect(sizes).toEqual([500, 200]);
      expect(message?.event).toEqual({ type: "synced", count: 1_200 });
      expect([...each.known.values()].filter(({ reason }) => reason === "LINK_DOWN")).toHaveLength(4);
      expect(each.known.size).toBe(1_200);
    }
  });

  it("F15: take one entry per NIC for a reader that does not read", async ({ expect }) => {
    const cluster = clusterOf("shop/web");
    const reader = await syncedReader(cluster.model);
    for (let round = 0; round < 10_000; round += 1) {
      cluster.setVm("shop/web", [round % 2 === 0 ? down("eth0") : up("eth0"), up("eth1")]);
    }
    await reader.next();
    await reader.time.advance(10);
    const { updated, merged } = await reader.expect("changes");
    expect(updated).toHaveLength(1);
    expect(merged).toBe(9_999);
    expect(await reader.next()).toBeUndefined();
  });

  it.for([
    ["of one namespace", scopeOf(["shop"]), ["shop/db", "shop/web"]],
    ["of two namespaces", scopeOf(["shop", "lab", "none"]), ["lab/web", "shop/db", "shop/web"]],
    ["of named VMs", scopeOf(["shop"], ["web", "web", "none"]), ["shop/web"]],
    ["of a namespace that does not exist", scopeOf(["none"]), []],
    ["of everything", everything, ["lab/web", "shop/db", "shop/web"]],
  ] as const)("and the snapshot %s contain only what is in scope", async ([, scope, vms], { expect }) => {
    const cluster = clusterOf("shop/web", "shop/db", "lab/web");
    const reader = await syncedReader(cluster.model, { scope });
    const ids = vms.flatMap((vm) => [`${vm}/eth0`, `${vm}/eth1`]);
    expect([...reader.known.keys()]).toEqual(ids);
    for (const id of ["shop/web", "shop/db", "lab/web"]) cluster.setVm(id, [down("eth0"), down("eth1")]);
    await reader.drain();
    expect(reader.received).toBe(ids.length);
    expect([...stateOf(reader)]).toEqual(ids.map((id) => [id, "LINK_DOWN"]));
  });
});

describe("a quiet stream", () => {
  it("sends a heartbeat every 5 s, with the latest token", async ({ expect }) => {
    const cluster = clusterOf("shop/web");
    const reader = await syncedReader(cluster.model, { scope: scopeOf(["lab"]) });
    const before = reader.token;
    cluster.setVm("shop/web", [down("eth0"), up("eth1")]);
    expect(await reader.next()).toBeUndefined();
    await reader.time.advance(heartbeatMs - 1);
    expect(await reader.next()).toBeUndefined();
    await reader.time.advance(1);
    await reader.expect("heartbeat");
    expect(reader.token).not.toBe(before);
    await reader.time.advance(heartbeatMs);
    expect(await reader.next()).toBeUndefined();
    await reader.time.advance(heartbeatMs);
    await reader.expect("heartbeat");
    expect(heartbeatMs).toBe(5_000);
  });

  it("says as of when it is current, which stays the same while the source says nothing", async ({
    expect,
  }) => {
    const cluster = clusterOf("shop/web");
    const heard = (at: number): void => {
      for (const cache of [cluster.vms, cluster.vmis]) cache.heard({ at, time: new Date(at) });
    };
    heard(1_000);
    const reader = openReader(cluster.model);
    await reader.expect("snapshot");
    heard(2_000);
    expect(await reader.expect("synced")).toMatchObject({ currentAsOf: new Date(1_000) });
    const heartbeat = async () => {
      expect(await reader.next()).toBeUndefined();
      await reader.time.advance(heartbeatMs);
      return (await reader.expect("heartbeat")).currentAsOf?.getTime();
    };
    expect([await heartbeat(), await heartbeat()]).toEqual([2_000, 2_000]);
    heard(3_000);
    expect(await heartbeat()).toBe(3_000);
    expect(await openReader(cluster.model, { after: reader }).expect("synced")).toMatchObject({
      currentAsOf: new Date(3_000),
    });
  });

  it("leaves no timer behind when a change wakes it", async ({ expect }) => {
    const cluster = clusterOf("shop/web");
    const reader = await syncedReader(cluster.model);
    await reader.next();
    expect(reader.time.pending).toBe(1);
    cluster.setVm("shop/web", [down("eth0"), up("eth1")]);
    await settled();
    expect(reader.time.pending).toBe(1);
    await reader.time.advance(10);
    await reader.expect("changes");
    expect(reader.time.pending).toBe(0);
  });
});

describe("a resumed stream", () => {
  it("sends every change after the token exactly once and in order, then synced", async ({ expect }) => {
    const cluster = clusterOf("shop/web");
    const reader = await syncedReader(cluster.model);
    await reader.cut();
    cluster.setVm("shop/web", [up("eth0"), down("eth1")]);
    cluster.setVm("shop/web", [down("eth0"), down("eth1")]);
    const resumed = openReader(cluster.model, { after: reader });
    const { updated } = await resumed.expect("changes");
    expect(updated.map(({ nic }) => nic)).toEqual(["eth1", "eth0"]);
    expect(await resumed.expect("synced")).toEqual({ type: "synced", count: 2 });
    const again = openReader(cluster.model, { after: resumed });
    await again.expect("synced");
  });

  it("F16: loses no change between the changes it resumes with and synced", async ({ expect }) => {
    const cluster = clusterOf("shop/web");
    const reader = await syncedReader(cluster.model);
    cluster.setVm("shop/web", [down("eth0"), up("eth1")]);
    const resumed = openReader(cluster.model, { after: reader });
    await resumed.expect("changes");
    cluster.setVm("shop/web", [down("eth0"), down("eth1")]);
    const token = resumed.token;
    const { updated } = await resumed.expect("changes");
    expect(updated.map(({ nic }) => nic)).toEqual(["eth1"]);
    await resumed.expect("synced");
    expect(resumed.token).not.toBe(token);
  });

  it("reports a NIC that was added and removed as removed", async ({ expect }) => {
    const cluster = clusterOf("shop/web");
    const reader = await syncedReader(cluster.model);
    cluster.setVm("lab/db", [up("eth0")]);
    cluster.removeVm("lab/db");
    const resumed = openReader(cluster.model, { after: reader });
    const { updated, removed, merged } = await resumed.expect("changes");
    expect([updated, removed.map(idOf)]).toEqual([[], ["lab/db/eth0"]]);
    // Known, then running, then its instance or itself gone: what was between is counted.
    expect(merged).toBeGreaterThan(0);
  });

  it.for([
    ["of another process", { epoch: "epoch-2" }],
    ["of another scope", { scope: scopeOf(["shop"]) }],
    ["that is invalid", { token: "bm90IG91cnM" }],
  ] as const)("starts with a reset and a snapshot for a token %s", async ([, options], { expect }) => {
    const { model } = clusterOf("shop/web");
    const reader = await syncedReader(model);
    const resumed = openReader(model, { after: reader, ...options });
    await resumed.expect("reset");
    await resumed.expect("snapshot");
    await resumed.expect("synced");
    expect(resumed.known.size).toBe(2);
  });

  it("starts with one reset, however many messages the snapshot has", async ({ expect }) => {
    const cluster = createMemoryCluster();
    for (let vm = 0; vm < 300; vm += 1) cluster.setVm(`lab/vm-${vm}`, ["a", "b", "c", "d"].map(up));
    const reader = await syncedReader(cluster.model);
    const resumed = openReader(cluster.model, { after: reader, epoch: "epoch-2" });
    const types: string[] = [];
    for (let message = await resumed.next(); message !== undefined; message = await resumed.next()) {
      types.push(message.event.type);
    }
    expect(types).toEqual(["reset", "snapshot", "snapshot", "snapshot", "synced"]);
    expect(resumed.known.size).toBe(1_200);
  });

  it("starts with a reset for a revision in the future", async ({ expect }) => {
    const ahead = clusterOf("shop/web");
    const reader = await syncedReader(ahead.model);
    const behind = createMemoryCluster();
    const resumed = openReader(behind.model, { after: reader });
    await resumed.expect("reset");
    expect(await resumed.expect("snapshot")).toMatchObject({ interfaces: [] });
  });

  it("starts with a reset if the history does not reach back far enough", async ({ expect }) => {
    const cluster = clusterOf("shop/web");
    const reader = await syncedReader(cluster.model);
    for (let round = 0; round < 25_000; round += 1) {
      cluster.setVm("shop/web", [round % 2 === 0 ? down("eth0") : up("eth0"), up("eth1")]);
    }
    const resumed = openReader(cluster.model, { after: reader });
    await resumed.expect("reset");
    expect((await resumed.expect("snapshot")).interfaces).toHaveLength(2);
  });
});

describe("an aborted stream", () => {
  it.for([
    ["before the first list", false, async () => undefined],
    ["while it is quiet", true, async (reader: StreamReader) => await reader.drain()],
    [
      "while changes wait for others",
      true,
      async (reader: StreamReader, cluster: MemoryCluster) => {
        await reader.drain();
        cluster.setVm("shop/web", [down("eth0"), up("eth1")]);
        await settled();
      },
    ],
  ] as const)("ends %s", async ([, synced, before], { expect }) => {
    const cluster = createMemoryCluster({ synced });
    cluster.setVm("shop/web", [up("eth0"), up("eth1")]);
    const reader = openReader(cluster.model);
    await before(reader, cluster);
    await reader.next();
    await reader.cut();
    expect(reader.time.pending).toBe(0);
    expect(await reader.next()).toBeUndefined();
    expect(reader.ended).toBe(true);
  });

  it("fails if the caches stop before their first list", async ({ expect }) => {
    const { model, vms } = createMemoryCluster({ synced: false });
    await vms.stop();
    await expect(openReader(model).next()).rejects.toThrow("stopped before its first list");
  });
});

describe("any sequence of changes, read at any speed", () => {
  const vm = constantFrom("shop/web", "shop/db", "lab/web");
  const link = constantFrom("up" as const, "down" as const, undefined);
  const step = oneof(
    {
      weight: 6,
      arbitrary: record({ do: constant("set" as const), vm, links: array(link, { maxLength: 3 }) }),
    },
    { weight: 1, arbitrary: record({ do: constant("remove" as const), vm }) },
    { weight: 4, arbitrary: record({ do: constant("read" as const) }) },
    {
      weight: 3,
      arbitrary: record({ do: constant("wait" as const), ms: constantFrom(5, 10, 15_000) }),
    },
    { weight: 1, arbitrary: record({ do: constant("cut" as const) }) },
  );
  const scope = constantFrom(
    everything,
    scopeOf(["shop"]),
    scopeOf(["shop", "lab"]),
    scopeOf(["shop"], ["web"]),
  );

  it("ends in the model's state, with each change sent or merged exactly once", async ({ expect }) => {
    await assert(
      asyncProperty(scope, array(step, { maxLength: 60, size: "max" }), async (scope, steps) => {
        const cluster = createMemoryCluster();
        let reader = await syncedReader(cluster.model, { scope });
        const start = cluster.model.revision;
        for (const each of steps) {
          if (each.do === "set") {
            cluster.setVm(
              each.vm,
              each.links.map((linkState, n) => ({ name: `eth${n}`, ...(linkState && { linkState }) })),
            );
          } else if (each.do === "remove") cluster.removeVm(each.vm);
          else if (each.do === "read") await reader.next();
          else if (each.do === "wait") await reader.time.advance(each.ms);
          else {
            await reader.cut();
            reader = openReader(cluster.model, { scope, after: reader });
          }
        }
        await reader.drain();
        const truth = cluster.model.list(scope);
        expect(new Map(reader.known)).toEqual(new Map(truth.map((status) => [idOf(status), status])));
        const inScope = cluster.model
          .since(start)
          ?.filter(
            ({ key }) =>
              (scope.namespaces.size === 0 || scope.namespaces.has(key.namespace)) &&
              (scope.vmNames.size === 0 || key.vm === "web"),
          );
        expect(reader.received).toBe(inScope?.length);
        await reader.cut();
      }),
      { numRuns: 150 },
    );
  });
});
