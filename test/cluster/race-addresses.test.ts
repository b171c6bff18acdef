// Two VMs are given the same MAC or IP address at the same time, at one replica or two: one gets it, the other call fails.
import { afterAll, beforeAll, describe, it, type TestContext, vi } from "vitest";
import type { ApplyResult } from "../../src/app/apply/apply-vm.ts";
import { stopClusterView } from "../../src/app/cluster-view.ts";
import { isUnchanged } from "../../src/domain/plan/plan.ts";
import type { NetworkConfig, VmSpec } from "../../src/domain/spec.ts";
import { ownedObjects, ownersOf } from "./owned-objects.ts";
import { meddled, type Replica, startReplica } from "./replica.ts";
import { machine, startStand, type Stand } from "./stand.ts";

describe.concurrent("an address that two VMs are given at the same time", { timeout: 110_000 }, () => {
  let stand: Stand;
  let replicas: readonly [Replica, Replica];
  beforeAll(async () => {
    stand = await startStand();
    const { client } = stand.target;
    replicas = [await startReplica(client), await startReplica(client)];
  });
  afterAll(async () => {
    for (const replica of replicas) await replica[Symbol.asyncDispose]();
    await stand.stop();
  });

  const ip: NetworkConfig = { name: "eth0", vlanId: 580, ipConfig: { address: "198.51.100.80/24" } };
  const mac = (namespace: string): NetworkConfig => ({
    name: "eth0",
    vlanId: 581,
    macAddress: `02:00:5e:${namespace.slice(-6).replaceAll(/(..)(..)(..)/g, "$1:$2:$3")}`,
  });
  const kinds: readonly (readonly [string, (namespace: string) => NetworkConfig])[] = [
    ["ADDRESS_IN_USE", () => ip],
    ["MAC_IN_USE", mac],
  ];
  const places = [
    ["one replica", 0],
    ["two replicas", 1],
  ] as const;
  const cases = kinds.flatMap(([code, nic]) =>
    places.map(([place, second]) => ({ code, nic, place, second: replicaAt(second) })),
  );
  function replicaAt(index: 0 | 1): () => Replica {
    return () => replicas[index];
  }
  const vmOf = (namespace: string, name: string, ...networks: NetworkConfig[]): VmSpec => ({
    ...machine(namespace, name, networks),
    runStrategy: "Halted",
  });

  /** The only success among the outcomes; the other has the finding. */
  function winnerOf(
    expect: TestContext["expect"],
    outcomes: readonly PromiseSettledResult<ApplyResult>[],
    code: string,
  ): number {
    const winners = outcomes.flatMap(({ status }, index) => (status === "fulfilled" ? [index] : []));
    expect(winners).toHaveLength(1);
    for (const outcome of outcomes) {
      if (outcome.status === "fulfilled") continue;
      expect(outcome.reason).toMatchObject({ name: "Refused" });
      const { findings } = outcome.reason as { findings: readonly { code: string; severity: string }[] };
      expect(findings.filter(({ severity }) => severity === "error").map((found) => found.code)).toEqual([
        code,
      ]);
    }
    return winners[0] ?? -1;
  }

  it.for(cases)(
    "$code: one of two new VMs gets it at $place, nothing of the other is left",
    async (each, { expect }) => {
      const { client } = stand.target;
      const namespace = await stand.namespace();
      const nic = each.nic(namespace);
      for (let round = 0; round < 2; round += 1) {
        const specs = ["a", "b"].map((name) =>
          vmOf(namespace, `${name}${round}`, { ...nic, vlanId: 582 + round }),
        );
        const outcomes = await Promise.allSettled([
          replicas[0].apply(specs[0]!),
          each.second().apply(specs[1]!),
        ]);
        const winner = winnerOf(expect, outcomes, each.code);
        const lost = specs[1 - winner]!;
        const isGone = async (): Promise<boolean> => {
          const { vm, secret } = await ownedObjects(client, lost);
          return vm === undefined && secret === undefined;
        };
        await vi.waitUntil(isGone, { timeout: 30_000 });
        const { vm, nads } = await ownedObjects(client, specs[winner]!);
        expect(vm).toBeDefined();
        const used = vm?.spec.template.spec.networks?.[0]?.multus?.networkName;
        expect(nads.find(({ metadata }) => metadata.name === used)?.spec?.config).toContain('"type"');
        // For the next round, which must not find an address of this one.
        await stand.vms.deleteVM({ namespace, name: specs[winner]!.name });
        const isFree = (): boolean =>
          replicas.every(({ view }) => specs.every((spec) => view.vms.get(spec) === undefined));
        await vi.waitUntil(isFree, { timeout: 30_000 });
      }
    },
  );

  it.for(cases)(
    "$code: one of two existing VMs gets it at $place, the other is as before",
    async (each, { expect }) => {
      const namespace = await stand.namespace();
      const wanted = each.nic(namespace);
      const former = (name: string): VmSpec => ({
        ...vmOf(namespace, name, { name: "eth0", vlanId: wanted.vlanId ?? 0 }),
        userData: { text: "#cloud-config\nhostname: former\n" },
      });
      const later = (name: string): VmSpec => ({
        ...vmOf(namespace, name, wanted, { name: "eth1", vlanId: 590 }),
        userData: { text: "#cloud-config\nhostname: later\n" },
      });
      const names = ["a", "b"];
      for (const name of names) await replicas[0].apply(former(name));
      const areSeen = (): boolean =>
        replicas.every(({ view }) => names.every((name) => view.vms.get({ namespace, name }) !== undefined));
      await vi.waitUntil(areSeen);
      const outcomes = await Promise.allSettled([
        replicas[0].apply(later("a")),
        each.second().apply(later("b")),
      ]);
      const winner = winnerOf(expect, outcomes, each.code);
      for (const [index, name] of names.entries()) {
        const spec = index === winner ? later(name) : former(name);
        const isCurrent = async (): Promise<boolean> => {
          const { plan } = await replicas[0].apply(spec, { validateOnly: true });
          return plan !== undefined && isUnchanged(plan);
        };
        await vi.waitUntil(isCurrent, { timeout: 30_000 });
      }
      const { nads } = await ownedObjects(stand.target.client, former("a"));
      expect(nads.filter((nad) => ownersOf(nad).length === 0)).toEqual([]);
    },
  );

  it.for(["NetworkAttachmentDefinition", "Secret", "VirtualMachine"])(
    "is the other VM's if another replica writes that right before the %s, even on a NAD of its own",
    async (kind, { expect }) => {
      const { client } = stand.target;
      const namespace = await stand.namespace();
      const mine = vmOf(namespace, "mine", ip);
      const theirs = vmOf(namespace, "theirs", { ...ip, mtu: 1400 });
      const other = meddled(
        client,
        "before",
        (applied) => applied.kind === kind && !applied.owning,
        () => replicas[1].apply(theirs),
      );
      const late = replicas[0].apply(mine, {}, other);
      await expect(late).rejects.toMatchObject({ name: "Refused", findings: [{ code: "ADDRESS_IN_USE" }] });
      await vi.waitUntil(async () => (await ownedObjects(client, mine)).vm === undefined, {
        timeout: 30_000,
      });
      expect((await ownedObjects(client, theirs)).nads.map(ownersOf)).toEqual([["theirs"]]);
    },
  );

  it("stays with the VM that was written first if the other is written before that call has ended", async ({
    expect,
  }) => {
    const { client } = stand.target;
    const namespace = await stand.namespace();
    const [mine, theirs] = [vmOf(namespace, "mine", ip), vmOf(namespace, "theirs", ip)];
    let second: Promise<ApplyResult> | undefined;
    // The second call has checked the address before the first one is written, and writes after it.
    const holding = Promise.withResolvers<void>();
    const slow = meddled(
      client,
      "before",
      ({ kind }) => kind === "VirtualMachine",
      () => holding.promise,
    );
    const other = meddled(
      client,
      "before",
      ({ kind }) => kind === "VirtualMachine",
      async () => {
        second = replicas[1].apply(theirs, {}, slow);
        second.catch(() => undefined);
        const isPrepared = async (): Promise<boolean> =>
          (await ownedObjects(client, theirs)).secret !== undefined;
        await vi.waitUntil(isPrepared, { timeout: 10_000 });
      },
    );
    const releasing = meddled(
      other,
      "after",
      ({ kind }) => kind === "VirtualMachine",
      async () => holding.resolve(),
    );
    expect((await replicas[0].apply(mine, {}, releasing)).written).toBe(true);
    await expect(second).rejects.toMatchObject({ name: "Refused", findings: [{ code: "ADDRESS_IN_USE" }] });
    expect((await ownedObjects(client, mine)).vm).toBeDefined();
    await vi.waitUntil(async () => (await ownedObjects(client, theirs)).vm === undefined, {
      timeout: 30_000,
    });
  });

  it("is looked for at the API server if the cache does not show the write", async ({ expect }) => {
    const { client } = stand.target;
    const namespace = await stand.namespace();
    await using blind = await startReplica(client);
    await stopClusterView(blind.view);
    await replicas[0].apply(vmOf(namespace, "first", ip));
    const late = blind.apply(vmOf(namespace, "second", ip));
    await expect(late).rejects.toMatchObject({ name: "Refused", findings: [{ code: "ADDRESS_IN_USE" }] });
    const isGone = async (): Promise<boolean> =>
      (await ownedObjects(client, { namespace, name: "second" })).vm === undefined;
    await vi.waitUntil(isGone, { timeout: 30_000 });
    const elsewhere = vmOf(namespace, "third", { ...ip, vlanId: 591 });
    expect((await blind.apply(elsewhere)).written).toBe(true);
  });

  it("is free again in this process when a call that wanted it has failed", async ({ expect }) => {
    const namespace = await stand.namespace();
    const failing = meddled(
      stand.target.client,
      "before",
      ({ kind }) => kind === "Secret",
      async () => {
        throw new Error("no");
      },
    );
    await expect(replicas[0].apply(vmOf(namespace, "first", ip), {}, failing)).rejects.toThrow("no");
    expect((await replicas[0].apply(vmOf(namespace, "second", ip))).written).toBe(true);
  });
});
