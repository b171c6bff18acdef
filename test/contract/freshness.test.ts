// What a client sees that follows the comments of the API only, when the API server goes away and comes back.
import { type Duration, durationMs, type Timestamp, timestampMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { describe, it, type TestContext } from "vitest";
import type { WatchInterfaceStatusResponse } from "../../gen/multinic/v1/interface_status_service_pb.ts";
import { InterfaceState, type InterfaceStatus } from "../../gen/multinic/v1/virtual_machine_pb.ts";
import { VirtualMachineListView } from "../../gen/multinic/v1/virtual_machine_service_pb.ts";
import { connectKube } from "../../src/kube/connection/connect.ts";
import { namespaces, virtualMachines } from "../../src/kube/resource.ts";
import { startLocalCluster } from "../../src/local/local-cluster.ts";
import { startTcpProxy } from "../faults/tcp-proxy.ts";
import { type Clients, clientsOf, startServiceOver } from "../serve/running-service.ts";
import { silentLog } from "../support/log.ts";

const namespace = "shop";
const key = `${namespace}/web/eth0`;
const patience = { timeout: 40_000, interval: 100 };

/** The tests run at the same time, so each ends what belongs to it by its own context. */
type Test = Pick<TestContext, "expect" | "onTestFinished">;

/** The versions of the embedded API begin at the time. */
async function startCluster({ onTestFinished }: Test, port = 0, clock = () => new Date()) {
  const apiListen = { host: "127.0.0.1", port };
  const local = await startLocalCluster({ apiListen, delays: "fast", log: silentLog, clock });
  onTestFinished(() => local.stop());
  return local;
}

/** The service over the API server at that URL, with one running VM. */
async function startService(
  { onTestFinished }: Test,
  apiUrl: string,
): Promise<Clients & { readonly url: string }> {
  const cluster = connectKube({ server: apiUrl });
  onTestFinished(() => cluster.close());
  const service = await startServiceOver(cluster);
  onTestFinished(() => service.stop());
  await service.whenReady();
  const clients = clientsOf(service.url);
  await cluster.create(namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  await clients.vms.applyVM({ virtualMachine: { namespace, name: "web", networks: [{ name: "eth0" }] } });
  return { ...clients, url: service.url };
}

interface Follower {
  readonly nics: ReadonlyMap<string, InterfaceStatus>;
  /** States of the NIC in the order in which they came. */
  readonly reasons: readonly string[];
  /** False when the last heartbeat is of a state that is older than two heartbeats. */
  readonly isTrusted: () => boolean;
  readonly currentAsOf: () => Timestamp | undefined;
}

/** A client of the stream that knows what the comments of the API say, and nothing else. */
function follow({ onTestFinished }: Test, { nics: service }: Clients): Follower {
  const stop = new AbortController();
  const nics = new Map<string, InterfaceStatus>();
  const reasons: string[] = [];
  let heartbeatInterval: Duration | undefined;
  let currentAsOf: Timestamp | undefined;
  let trusted = false;

  function take({ time, event }: WatchInterfaceStatusResponse): void {
    const states =
      event.case === "snapshot"
        ? event.value.interfaces
        : event.case === "changes"
          ? event.value.updated
          : [];
    for (const status of states) {
      nics.set(`${status.namespace}/${status.vm}/${status.nic}`, status);
      reasons.push(status.reason);
    }
    if (event.case === "changes")
      for (const gone of event.value.removed) nics.delete(`${gone.namespace}/${gone.vm}/${gone.nic}`);
    if (event.case === "synced") heartbeatInterval = event.value.heartbeatInterval;
    if (event.case !== "synced" && event.case !== "heartbeat") return;
    currentAsOf = event.value.currentAsOf;
    if (time === undefined || currentAsOf === undefined || heartbeatInterval === undefined)
      throw new Error(`${event.case} without a time`);
    trusted = timestampMs(time) - timestampMs(currentAsOf) <= 2 * durationMs(heartbeatInterval);
  }

  const reading = (async () => {
    for await (const message of service.watchInterfaceStatus({}, { signal: stop.signal })) take(message);
  })().catch((reason: unknown) => {
    if (!stop.signal.aborted) throw reason;
  });
  onTestFinished(async () => {
    stop.abort();
    await reading;
  });
  return { nics, reasons, isTrusted: () => trusted, currentAsOf: () => currentAsOf };
}

async function seconds({ expect }: Test, condition: () => boolean): Promise<number> {
  const began = performance.now();
  await expect.poll(condition, patience).toBe(true);
  return (performance.now() - began) / 1_000;
}

const codeOf = (call: Promise<unknown>): Promise<Code | undefined> =>
  call.then(
    () => undefined,
    (reason: unknown) => ConnectError.from(reason).code,
  );

describe.concurrent("a service that loses contact with the API server", { timeout: 120_000 }, () => {
  it("says so within 20 s in stream, lists and metrics, and takes it back when contact returns", async (test) => {
    const { expect, onTestFinished } = test;
    const local = await startCluster(test);
    const network = await startTcpProxy(local.url);
    onTestFinished(() => network[Symbol.asyncDispose]());
    const service = await startService(test, network.url);
    const follower = follow(test, service);
    const reason = () => follower.nics.get(key)?.reason;
    await expect.poll(reason, patience).toBe("UP");
    await expect.poll(follower.isTrusted, patience).toBe(true);
    const list = () => service.nics.listInterfaceStatus({});
    const { currentAsOf: before } = await list();
    expect(Date.now() - timestampMs(before!)).toBeLessThan(10_000);

    await network.cut();
    const cutAt = Date.now();
    const [known, untrusted] = await Promise.all([
      seconds(test, () => reason() === "STALE"),
      seconds(test, () => !follower.isTrusted()),
    ]);
    expect(known).toBeLessThan(20);
    expect(untrusted).toBeLessThan(20);
    const stale = follower.nics.get(key);
    expect(stale).toMatchObject({ state: InterfaceState.UNKNOWN, guestInterface: "eth0" });
    expect(stale?.message).toMatch(/check/);
    const lastContact = stale?.evidence[0]?.value ?? "";
    expect(Date.parse(lastContact)).toBeLessThanOrEqual(cutAt);
    expect(Date.parse(lastContact)).toBeGreaterThan(cutAt - 10_000);

    const [listed, listedVms, listedNetworks] = await Promise.all([
      list(),
      service.vms.listVMs({ view: VirtualMachineListView.FULL }),
      service.networks.listNetworks({ namespace }),
    ]);
    expect(listed.interfaces).toMatchObject([{ state: InterfaceState.UNKNOWN, reason: "STALE" }]);
    expect(listedVms.virtualMachines).toMatchObject([{ interfaces: [{ reason: "STALE" }] }]);
    for (const { currentAsOf } of [listed, listedVms, listedNetworks]) {
      expect(timestampMs(currentAsOf!)).toBeLessThanOrEqual(cutAt);
    }
    expect((await list()).currentAsOf).toEqual(listed.currentAsOf);
    expect(await codeOf(service.vms.getVM({ namespace, name: "web" }))).toBe(Code.Unavailable);
    const metrics = await (await fetch(`${service.url}/metrics`)).text();
    expect(metrics).toContain(
      'multinic_interface_state_reason{namespace="shop",vm="web",nic="eth0",reason="STALE"} 1',
    );
    const [, metricTime] =
      /multinic_cache_current_timestamp_seconds\{resource="vmis"\} (\S+)/.exec(metrics) ?? [];
    expect(Number(metricTime) * 1_000).toBeLessThanOrEqual(cutAt);
    expect((await fetch(`${service.url}/readyz`)).status).toBe(200);

    await network.mend();
    await expect.poll(reason, patience).toBe("UP");
    await expect.poll(follower.isTrusted, patience).toBe(true);
    expect((await list()).interfaces).toMatchObject([{ state: InterfaceState.UP, reason: "UP" }]);
    expect(follower.reasons.slice(-3)).toEqual(["UP", "STALE", "UP"]);
  });

  it("sends what the API server has when it is started again on the same port", async (test) => {
    const { expect } = test;
    const first = await startCluster(test);
    const service = await startService(test, first.url);
    const follower = follow(test, service);
    await expect.poll(() => follower.nics.get(key)?.reason, patience).toBe("UP");
    await first.stop();
    const stoppedAt = Date.now();
    expect(await seconds(test, () => follower.nics.get(key)?.reason === "STALE")).toBeLessThan(20);

    await startCluster(test, Number(new URL(first.url).port));
    // The embedded cluster keeps its objects in memory: the one that was started has none.
    await expect.poll(() => follower.nics.size, patience).toBe(0);
    await expect.poll(follower.isTrusted, patience).toBe(true);
    expect(timestampMs(follower.currentAsOf()!)).toBeGreaterThan(stoppedAt);
  });

  it("F2: sends what an API server has whose store went back to a backup, and is ready", async (test) => {
    const { expect } = test;
    const first = await startCluster(test);
    const service = await startService(test, first.url);
    const follower = follow(test, service);
    await expect.poll(() => follower.nics.get(key)?.reason, patience).toBe("UP");
    await first.stop();

    const hourAgo = (): Date => new Date(Date.now() - 3_600_000);
    await startCluster(test, Number(new URL(first.url).port), hourAgo);
    const restoredAt = Date.now();
    await expect.poll(() => follower.nics.size, patience).toBe(0);
    await expect.poll(() => timestampMs(follower.currentAsOf()!) > restoredAt, patience).toBe(true);
    expect((await service.vms.listVMs({})).virtualMachines).toEqual([]);
    expect((await fetch(`${service.url}/readyz`)).status).toBe(200);
    const metrics = await (await fetch(`${service.url}/metrics`)).text();
    expect(metrics).toContain('multinic_cache_reconnects_total{resource="vms",reason="restored"} 1');
  });

  it("F4: sends within 10 s what it missed of an API server that vanished without closing its connections", async (test) => {
    const { expect, onTestFinished } = test;
    const local = await startCluster(test);
    const network = await startTcpProxy(local.url);
    onTestFinished(() => network[Symbol.asyncDispose]());
    const service = await startService(test, network.url);
    const follower = follow(test, service);
    await expect.poll(() => follower.nics.get(key)?.reason, patience).toBe("UP");
    await expect.poll(follower.isTrusted, patience).toBe(true);

    network.blackHole();
    const admin = connectKube({ server: local.url });
    onTestFinished(() => admin.close());
    await admin.delete(virtualMachines, { namespace, name: "web" });
    await expect.poll(() => follower.isTrusted(), patience).toBe(false);
    expect([...follower.nics.keys()]).toEqual([key]);

    await network.mend();
    expect(await seconds(test, () => follower.nics.size === 0)).toBeLessThan(10);
    await expect.poll(follower.isTrusted, patience).toBe(true);
  });

  it("changes nothing when the connection is lost for a moment", async (test) => {
    const { expect, onTestFinished } = test;
    const local = await startCluster(test);
    const network = await startTcpProxy(local.url);
    onTestFinished(() => network[Symbol.asyncDispose]());
    const service = await startService(test, network.url);
    const follower = follow(test, service);
    await expect.poll(() => follower.nics.get(key)?.reason, patience).toBe("UP");
    await expect.poll(follower.isTrusted, patience).toBe(true);
    const seen = follower.reasons.length;
    await network.cut();
    await network.mend();
    const mendedAt = Date.now();
    await seconds(test, () => timestampMs(follower.currentAsOf()!) > mendedAt);
    expect(follower.isTrusted()).toBe(true);
    expect(follower.reasons.slice(seen)).toEqual([]);
  });
});
