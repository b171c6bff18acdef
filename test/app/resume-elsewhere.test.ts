// A stream that is resumed at another replica, or after a restart: what changed since is sent once, without a snapshot.
import { array, assert, asyncProperty, constant, constantFrom, integer, oneof, record } from "fast-check";
import { describe, it } from "vitest";
import { createResumeTokens } from "../../src/app/resume-token.ts";
import { everything, scopeOf, type StatusScope } from "../../src/app/status-scope.ts";
import type { InterfaceStatus } from "../../src/domain/status/interface-status.ts";
import { settled } from "./manual-time.ts";
import { createReplicatedCluster, type Replica, type ReplicatedCluster } from "./replicas.ts";
import { idOf, openReader, type ReaderOptions, type StreamReader } from "./stream-reader.ts";

const up = (name: string) => ({ name, linkState: "up" }) as const;
const down = (name: string) => ({ name, linkState: "down" }) as const;

function clusterOf(...ids: readonly string[]): ReplicatedCluster {
  const cluster = createReplicatedCluster();
  for (const id of ids) cluster.setVm(id, [up("eth0"), up("eth1")]);
  return cluster;
}

function readerAt({ model, epoch, catchUp }: Replica, options: ReaderOptions = {}): StreamReader {
  return openReader(model, { ...options, epoch, catchUp });
}

async function syncedReader(replica: Replica, options: ReaderOptions = {}): Promise<StreamReader> {
  const reader = readerAt(replica, options);
  while ((await reader.next())?.event.type !== "synced");
  return reader;
}

/** What the reader is sent until `synced`: each event, and the NICs in it. With `waiting`, the time of that replica passes. */
async function sentTo(reader: StreamReader, waiting?: Replica): Promise<string[]> {
  const sent: string[] = [];
  const next = async () => {
    for (let looks = 0; looks < 200; looks += 1) {
      const message = await reader.next();
      if (message !== undefined || waiting === undefined) return message;
      await waiting.time.advance(50);
    }
    return undefined;
  };
  for (let message = await next(); message !== undefined; message = await next()) {
    const { event } = message;
    if (event.type === "changes") {
      sent.push(...event.updated.map((status) => `${idOf(status)} ${status.reason}`));
      sent.push(...event.removed.map((key) => `${idOf(key)} removed`));
    } else if (event.type === "snapshot") sent.push(`snapshot of ${event.interfaces.length}`);
    else sent.push(event.type);
    if (event.type === "synced") break;
  }
  return sent;
}

function truthOf({ model }: Replica, scope: StatusScope = everything) {
  return new Map(model.list(scope).map((status) => [idOf(status), status]));
}

describe("a stream that is resumed at another replica", () => {
  it.for<readonly [string, (cluster: ReplicatedCluster) => void, readonly string[]]>([
    ["nothing", () => undefined, []],
    [
      "a NIC that changed",
      (c) => c.setVm("shop/web", [up("eth0"), down("eth1")]),
      ["shop/web/eth1 LINK_DOWN"],
    ],
    [
      "NICs of a machine that stopped",
      (c) => c.setVm("shop/web", [{ name: "eth0" }, { name: "eth1" }]),
      ["shop/web/eth0 VM_STOPPED", "shop/web/eth1 VM_STOPPED"],
    ],
    [
      "NICs of a VM that is gone",
      (c) => c.removeVm("shop/web"),
      ["shop/web/eth0 removed", "shop/web/eth1 removed"],
    ],
    ["NICs of a new VM", (c) => c.setVm("lab/new", [up("eth0")]), ["lab/new/eth0 UP"]],
    [
      "NICs of a new VM under the name of an old one",
      (c) => {
        c.removeVm("shop/web");
        c.setVm("shop/web", [up("eth0")]);
      },
      ["shop/web/eth0 UP", "shop/web/eth1 removed"],
    ],
    [
      "nothing of a VM that came and went",
      (c) => {
        c.setVm("lab/new", [up("eth0")]);
        c.removeVm("lab/new");
      },
      [],
    ],
    [
      "nothing of a change that was undone",
      (c) => {
        c.setVm("shop/db", [down("eth0"), up("eth1")]);
        c.setVm("shop/db", [up("eth0"), up("eth1")]);
      },
      [],
    ],
  ])("sends %s, once", async ([, change, expected], { expect }) => {
    for (const isNew of [false, true]) {
      const cluster = clusterOf("shop/web", "shop/db", "lab/web");
      const [one, other] = [cluster.replica(), cluster.replica()];
      const reader = await syncedReader(one);
      await reader.cut();
      change(cluster);
      other.deliver();
      const replica = isNew ? cluster.replica() : other;
      const resumed = readerAt(replica, { after: reader });
      const sent = await sentTo(resumed);
      expect(sent.slice(0, -1).toSorted()).toEqual(expected);
      expect(sent.at(-1)).toBe("synced");
      expect(new Map(resumed.known)).toEqual(truthOf(replica));
      const again = readerAt(one, { after: resumed });
      one.deliver();
      await one.time.advance(50);
      expect(await sentTo(again)).toEqual(["synced"]);
    }
  });

  it("sends what changes while it catches up, and after", async ({ expect }) => {
    const cluster = clusterOf("shop/web", "shop/db", "lab/web");
    const reader = await syncedReader(cluster.replica());
    cluster.setVm("shop/web", [up("eth0"), down("eth1")]);
    const other = cluster.replica();
    let pages = 0;
    cluster.beforePage = async () => {
      pages += 1;
      if (pages !== 3) return;
      cluster.setVm("shop/db", [up("eth0")]);
      other.deliver();
    };
    const resumed = readerAt(other, { after: reader });
    expect(await sentTo(resumed)).toEqual([
      "shop/web/eth1 LINK_DOWN",
      "shop/db/eth0 UP",
      "shop/db/eth1 removed",
      "synced",
    ]);
    cluster.removeVm("lab/web");
    other.deliver();
    await resumed.drain();
    expect(new Map(resumed.known)).toEqual(truthOf(other));
  });

  it("asks the API server nothing if nothing in its scope has changed", async ({ expect }) => {
    const cluster = clusterOf("shop/web", "lab/web");
    const scope = scopeOf(["shop"]);
    const reader = await syncedReader(cluster.replica(), { scope });
    cluster.setVm("lab/web", [down("eth0")]);
    cluster.compact();
    expect(await sentTo(readerAt(cluster.replica(), { scope, after: reader }))).toEqual(["synced"]);
    expect(cluster.lists).toEqual([]);
  });

  it.for<readonly [string, StatusScope, readonly string[]]>([
    ["all objects", everything, [""]],
    ["one namespace", scopeOf(["shop"]), ["shop"]],
    ["each of some namespaces", scopeOf(["shop", "lab"]), ["lab", "shop"]],
    ["all objects for many namespaces", scopeOf(["shop", "a", "b", "c", "d", "e", "f", "g", "h"]), [""]],
    ["one VM", scopeOf(["shop"], ["web"]), ["shop metadata.name=web"]],
    ["the namespace of some VMs", scopeOf(["shop"], ["web", "gone"]), ["shop"]],
  ])("lists %s", async ([, scope, listed], { expect }) => {
    const cluster = clusterOf("shop/web", "shop/db", "lab/web");
    const reader = await syncedReader(cluster.replica(), { scope });
    for (const id of ["shop/web", "shop/db", "lab/web"]) cluster.setVm(id, [up("eth0"), down("eth1")]);
    const other = cluster.replica();
    const resumed = readerAt(other, { scope, after: reader });
    const sent = await sentTo(resumed);
    expect([...sent.slice(0, -1).toSorted(), sent.at(-1)]).toEqual([
      ...[...truthOf(other, scope).values()]
        .filter(({ nic }) => nic === "eth1")
        .map((status) => `${idOf(status)} LINK_DOWN`),
      "synced",
    ]);
    expect(cluster.lists.toSorted()).toEqual(
      ["virtualmachineinstances", "virtualmachines"].flatMap((plural) =>
        listed.map((what) => `${plural} ${what}`.trim()),
      ),
    );
  });

  it("lists once for all readers with the same token, however many there are and whenever they come", async ({
    expect,
  }) => {
    const cluster = clusterOf("shop/web", "lab/web");
    const reader = await syncedReader(cluster.replica());
    cluster.setVm("shop/web", [up("eth0"), down("eth1")]);
    const other = cluster.replica();
    const resumed = Array.from({ length: 50 }, () => readerAt(other, { after: reader }));
    for (const sent of await Promise.all(resumed.map((each) => sentTo(each)))) {
      expect(sent).toEqual(["shop/web/eth1 LINK_DOWN", "synced"]);
    }
    cluster.setVm("lab/web", [up("eth0")]);
    other.deliver();
    const late = readerAt(other, { after: reader });
    expect(await sentTo(late)).toEqual([
      "shop/web/eth1 LINK_DOWN",
      "lab/web/eth0 UP",
      "lab/web/eth1 removed",
      "synced",
    ]);
    expect(cluster.lists).toHaveLength(2);
  });

  it("runs two searches at a time, and gives a snapshot to readers that would wait too long", async ({
    expect,
  }) => {
    const cluster = clusterOf("shop/web");
    const readers: StreamReader[] = [];
    const one = cluster.replica();
    for (let round = 0; round < 4; round += 1) {
      readers.push(await syncedReader(one));
      cluster.setVm("shop/web", [up("eth0"), up("eth1"), up(`nic-${round}`)]);
      one.deliver();
    }
    const other = cluster.replica();
    let answer = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      answer = resolve;
    });
    cluster.beforePage = async () => await held;
    const resumed = readers.map((reader) => readerAt(other, { after: reader }));
    for (const reader of resumed) expect(await reader.next()).toBeUndefined();
    expect(cluster.lists).toHaveLength(4);
    await other.time.advance(10_000);
    for (const reader of resumed) {
      expect(await sentTo(reader)).toEqual(["reset", "snapshot of 3", "synced"]);
    }
    answer();
    await settled();
    expect(cluster.lists).toHaveLength(8);
    expect(other.time.pending).toBe(0);
  });

  it("waits for a second if a replica may be behind, and asks the API server nothing if its states are the same", async ({
    expect,
  }) => {
    const cluster = clusterOf("shop/web");
    const one = cluster.replica();
    // A version without a change of VMs or instances, as after a change of any other object.
    const later = cluster.replica();
    for (const cache of [later.vms, later.vmis]) cache.at("1100");
    const resumed = readerAt(one, { after: await syncedReader(later) });
    for (let waited = 0; waited < 1_000; waited += 50) {
      expect(await resumed.next()).toBeUndefined();
      await one.time.advance(50);
    }
    expect(await sentTo(resumed)).toEqual(["synced"]);
    expect(cluster.lists).toEqual([]);
  });

  it("waits for a replica that is behind, and never shows it an earlier state", async ({ expect }) => {
    const cluster = clusterOf("shop/web", "shop/db");
    const [ahead, behind] = [cluster.replica(), cluster.replica()];
    cluster.setVm("shop/web", [down("eth0"), up("eth1")]);
    ahead.deliver(2);
    const reader = await syncedReader(ahead);
    cluster.setVm("shop/db", [down("eth0"), up("eth1")]);
    const resumed = readerAt(behind, { after: reader });
    expect(await resumed.next()).toBeUndefined();
    behind.deliver(2);
    await behind.time.advance(50);
    expect(await sentTo(resumed)).toEqual(["synced"]);
    behind.deliver();
    await resumed.drain();
    expect(new Map(resumed.known)).toEqual(truthOf(behind));
    expect(resumed.received).toBe(1);
  });
});

describe("a stream starts with a reset", () => {
  it.for<readonly [string, (cluster: ReplicatedCluster, one: Replica) => Promise<void> | void]>([
    ["if the history was compacted", (c) => c.compact()],
    [
      "if the store was restored, and has gone beyond the version of the token",
      (c) => {
        const { version } = c;
        c.restore(version - 4);
        for (let round = 0; round < 3; round += 1) c.setVm("shop/web", [down("eth0"), down(`nic-${round}`)]);
      },
    ],
    [
      "if the store was restored, and has not reached the version of the token",
      (c) => {
        c.restore(1_001);
        c.setVm("shop/web", [up("eth0")]);
      },
    ],
    [
      "if the API server does not answer",
      (c) => void (c.beforePage = () => Promise.reject(new Error("away"))),
    ],
  ])("%s", async ([, happens], { expect }) => {
    const cluster = clusterOf("shop/web", "shop/db");
    const one = cluster.replica();
    const reader = await syncedReader(one);
    cluster.setVm("shop/db", [down("eth0"), down("eth1")]);
    await happens(cluster, one);
    const other = cluster.replica();
    const resumed = readerAt(other, { after: reader });
    expect((await sentTo(resumed, other))[0]).toBe("reset");
    expect(new Map(resumed.known)).toEqual(truthOf(other));
  });

  it("if a replica is behind for 6 s", async ({ expect }) => {
    const cluster = clusterOf("shop/web");
    const [ahead, behind] = [cluster.replica(), cluster.replica()];
    cluster.setVm("shop/web", [down("eth0"), up("eth1")]);
    ahead.deliver();
    const reader = await syncedReader(ahead);
    const resumed = readerAt(behind, { after: reader });
    for (let waited = 0; waited < 6_000; waited += 50) {
      expect(await resumed.next()).toBeUndefined();
      await behind.time.advance(50);
    }
    expect(await sentTo(resumed)).toEqual(["reset", "snapshot of 2", "synced"]);
  });

  it("if the reader was shown STALE states, or the replica shows them now", async ({ expect }) => {
    const cluster = clusterOf("shop/web");
    const [one, other] = [cluster.replica(), cluster.replica()];
    const fresh = await syncedReader(one);
    await one.model.setStaleSince(new Date(5_000));
    const stale = await syncedReader(one);
    expect(await sentTo(readerAt(other, { after: stale }))).toEqual(["reset", "snapshot of 2", "synced"]);
    await other.model.setStaleSince(new Date(5_000));
    const resumed = readerAt(other, { after: fresh });
    for (let waited = 0; waited < 6_000; waited += 50) {
      await resumed.next();
      await other.time.advance(50);
    }
    expect((await sentTo(resumed)).at(-1)).toBe("synced");
    expect(new Map(resumed.known)).toEqual(truthOf(other));
  });

  it("if the token was of a message with only a part of the changes", async ({ expect }) => {
    const cluster = clusterOf("shop/web");
    const [one, other] = [cluster.replica(), cluster.replica()];
    const bytesOf = () => 2_000_000;
    const reader = await syncedReader(one, { bytesOf });
    cluster.setVm("shop/web", [down("eth0"), down("eth1")]);
    one.deliver();
    await reader.next();
    await reader.time.advance(10);
    expect((await reader.expect("changes")).updated).toHaveLength(1);
    // Both are as the reader knew them first.
    cluster.setVm("shop/web", [up("eth0"), up("eth1")]);
    other.deliver();
    const resumed = readerAt(other, { after: reader });
    expect((await sentTo(resumed))[0]).toBe("reset");
    expect(new Map(resumed.known)).toEqual(truthOf(other));
  });

  it("for each text that is not a token, and for each forged one", async ({ expect }) => {
    const cluster = clusterOf("shop/web");
    const one = cluster.replica();
    const token = Buffer.from((await syncedReader(one)).token, "base64url").toString();
    const [scope = "", epoch = "", , vms = "", vmis = "", digest = ""] = token.split(".");
    const forged = [
      "no token",
      `${scope}.${epoch}.99999999.${vms}.${vmis}.0000000000000000`,
      `${scope}.other..${vms}.${vmis}.0000000000000000`,
      `${scope}.other..0.${vmis}.${digest}`,
      `${scope}.other..1&watch=1.${vmis}.${digest}`,
      `${scope}.other..99999999999999999999.${vmis}.0000000000000000`,
      `${scope}.other..${vms}.${vmis}.xxxxxxxxxxxxxxxx`,
      `${scope}.other.${"1".repeat(400)}.${vms}.${vmis}.${digest}`,
    ];
    for (const text of [...forged.map((each) => Buffer.from(each).toString("base64url")), "%%%", "\u0000"]) {
      const sent = await sentTo(readerAt(one, { token: text }), one);
      expect([text, sent]).toEqual([text, ["reset", "snapshot of 2", "synced"]]);
    }
    expect(cluster.lists.length).toBeLessThanOrEqual(2 * 3);
  });
});

describe("resume tokens", () => {
  it("say the same of their scope at every replica, and nothing of another one", ({ expect }) => {
    const shared = { versions: { vms: "12", vmis: "18446744073709551615" }, digest: 0xffff_0000_0000_0001n };
    const [one, other] = [createResumeTokens("a"), createResumeTokens("b")];
    const scope = scopeOf(["shop", "lab"]);
    const token = one.write(scope, { revision: 7, shared });
    expect(one.read(scopeOf(["lab", "shop"]), token)).toEqual({ revision: 7, shared });
    expect(other.read(scope, token)).toEqual({ revision: undefined, shared });
    expect(other.read(everything, token)).toBeUndefined();
    const opaque = { ...shared, versions: { vms: "a1", vmis: "12" } };
    const local = one.write(scope, { revision: 7, shared: opaque });
    expect(one.read(scope, local)).toEqual({ revision: 7, shared: undefined });
  });
});

const textOf = (status: InterfaceStatus | undefined): string =>
  status === undefined ? "removed" : JSON.stringify({ ...status, stateSince: "" });

/** A replica that follows every change, and knows each state that each NIC had, in order. */
function followAll(cluster: ReplicatedCluster) {
  const replica = cluster.replica();
  const states = new Map<string, string[]>();
  const seen = new Map<string, number>();
  replica.model.subscribe(({ id, status }) => states.set(id, [...(states.get(id) ?? []), textOf(status)]));
  return {
    deliver: () => replica.deliver(),
    /** @throws if the NIC never had this state after the one that was named last. */
    requireNext(id: string, text: string): void {
      replica.deliver();
      const index = (states.get(id) ?? []).indexOf(text, (seen.get(id) ?? -1) + 1);
      if (index === -1) throw new Error(`${id} was already, or never, ${text}`);
      seen.set(id, index);
    },
  };
}

describe("a reader that goes from replica to replica", () => {
  const vm = constantFrom("shop/web", "shop/db", "lab/web");
  const nics = array(constantFrom("eth0", "eth1", "eth2"), { maxLength: 3 });
  const step = oneof(
    {
      weight: 6,
      arbitrary: record({ do: constant("set" as const), vm, nics, running: constantFrom(true, false) }),
    },
    { weight: 1, arbitrary: record({ do: constant("remove" as const), vm }) },
    { weight: 4, arbitrary: record({ do: constant("read" as const) }) },
    { weight: 3, arbitrary: record({ do: constant("wait" as const) }) },
    {
      weight: 4,
      arbitrary: record({
        do: constant("deliver" as const),
        to: integer({ min: 0, max: 2 }),
        count: integer({ min: 1, max: 4 }),
      }),
    },
    { weight: 2, arbitrary: record({ do: constant("hop" as const), to: integer({ min: 0, max: 2 }) }) },
    {
      weight: 1,
      arbitrary: record({ do: constant("restart" as const), replica: integer({ min: 0, max: 2 }) }),
    },
  );
  const steps = array(step, { maxLength: 50, size: "max" });
  const scopes = constantFrom(
    everything,
    scopeOf(["shop"]),
    scopeOf(["shop", "lab"]),
    scopeOf(["shop"], ["web"]),
  );

  it.for([
    ["gets each change once and in order, without a reset", undefined],
    ["ends in the right state, however small the messages are", () => 2_000_000],
  ] as const)("%s", { timeout: 120_000 }, async ([, bytesOf], { expect }) => {
    await assert(
      asyncProperty(scopes, steps, async (scope, history) => {
        const cluster = createReplicatedCluster();
        const replicas = [cluster.replica(), cluster.replica(), cluster.replica()];
        const at = (index: number): Replica => replicas[index] ?? cluster.replica();
        const options = { scope, ...(bytesOf !== undefined && { bytesOf }) };
        let writes = 0;
        let place = 0;
        let reader = await syncedReader(at(0), options);
        const truth = followAll(cluster);
        const read = async (): Promise<boolean> => {
          const message = await reader.next();
          const event = message?.event;
          if (bytesOf !== undefined) return message !== undefined;
          expect(event?.type).not.toBe("reset");
          if (event?.type === "changes") {
            for (const status of event.updated) truth.requireNext(idOf(status), textOf(status));
            for (const key of event.removed) truth.requireNext(idOf(key), textOf(undefined));
          }
          return message !== undefined;
        };
        const hop = async (to: number): Promise<void> => {
          await reader.cut();
          place = to;
          reader = readerAt(at(to), { ...options, after: reader });
        };
        for (const each of history) {
          truth.deliver();
          if (each.do === "set") {
            writes += 1;
            const mac = `02:00:00:00:${(writes >> 8).toString(16).padStart(2, "0")}:${(writes & 255).toString(16).padStart(2, "0")}`;
            cluster.setVm(
              each.vm,
              [...new Set(each.nics)].map((name) => ({
                name,
                mac,
                ...(each.running && { linkState: "up" as const }),
              })),
            );
          } else if (each.do === "remove") cluster.removeVm(each.vm);
          else if (each.do === "read") await read();
          else if (each.do === "wait") {
            await reader.time.advance(10);
            await at(place).time.advance(10);
          } else if (each.do === "deliver") at(each.to).deliver(each.count);
          else if (each.do === "hop") await hop(each.to);
          else {
            replicas[each.replica] = cluster.replica();
            if (each.replica === place) await hop(place);
          }
        }
        for (const each of [...replicas, truth]) each.deliver();
        for (let quiet = 0; quiet < 3;) {
          quiet = (await read()) ? 0 : quiet + 1;
          await reader.time.advance(10);
          await at(place).time.advance(50);
        }
        expect(new Map(reader.known)).toEqual(truthOf(at(place), scope));
        await reader.cut();
      }),
      { numRuns: 150 },
    );
  });
});
