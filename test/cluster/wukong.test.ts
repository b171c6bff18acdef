// Wukong resources as kubectl applies them: their VMs, status, events, changes and deletion, and who wins over ApplyVM.
import { readFile } from "node:fs/promises";
import { Code } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, it, vi } from "vitest";
import { parse } from "yaml";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { builtInCatalogue } from "../../src/domain/catalogue.ts";
import type { KubernetesEvent, Wukong, WukongStatus } from "../../src/domain/objects/kubernetes.ts";
import { events, virtualMachines, wukongs } from "../../src/kube/resource.ts";
import { secretText } from "../../src/domain/objects/cloud-init.ts";
import { ownedObjects } from "./owned-objects.ts";
import { refusalOf } from "../contract/refusal.ts";
import { machine, startStand, type Stand } from "./stand.ts";

/** On the real control plane a guest needs seconds to start or end. */
const patience = { timeout: 60_000, interval: 50 };

describe.concurrent("a Wukong", { timeout: 120_000 }, () => {
  let stand: Stand;
  beforeAll(async () => {
    stand = await startStand(builtInCatalogue(), { controller: true });
  });
  afterAll(async () => await stand.stop());

  const wukong = (namespace: string, name: string, spec: object): Wukong => ({
    apiVersion: "vm.novasphere.dev/v1alpha1",
    kind: "Wukong",
    metadata: { namespace, name },
    spec,
  });

  async function example(file: string, namespace: string): Promise<Wukong> {
    const text = await readFile(new URL(`../../examples/${file}`, import.meta.url), "utf8");
    const document = parse(text) as Wukong;
    return { ...document, metadata: { ...document.metadata, namespace } };
  }

  const create = (object: Wukong): Promise<Wukong> => stand.target.client.create(wukongs, object);

  async function edit({ metadata: { namespace, name } }: Wukong, spec: object): Promise<void> {
    await stand.target.client.mergePatch(wukongs, { namespace, name }, { spec });
  }

  /** Waits until the status is as asked. @throws with the last status. */
  async function untilStatus(
    { metadata }: Wukong,
    holds: (status: WukongStatus, generation: number) => boolean,
  ): Promise<WukongStatus> {
    let last: Wukong | undefined;
    const look = async (): Promise<WukongStatus | undefined> => {
      last = await stand.target.client.find(wukongs, metadata);
      const { status, metadata: now } = last ?? {};
      return status !== undefined && holds(status, now?.generation ?? 0) ? status : undefined;
    };
    try {
      return await vi.waitUntil(look, patience);
    } catch (error) {
      throw new Error(`the last status is ${JSON.stringify(last?.status)}`, { cause: error });
    }
  }

  const conditionOf = (status: WukongStatus, type: string) =>
    status.conditions?.find((condition) => condition.type === type);

  const isReady = (status: WukongStatus, generation: number): boolean =>
    status.observedGeneration === generation && conditionOf(status, "Ready")?.status === "True";

  const isRefused = (status: WukongStatus, generation: number): boolean =>
    status.observedGeneration === generation && conditionOf(status, "Accepted")?.status === "False";

  async function eventsOf({ metadata }: Wukong): Promise<readonly KubernetesEvent[]> {
    const { items } = await stand.target.client.list(events, { namespace: metadata.namespace });
    return items.filter(
      ({ involvedObject }) => involvedObject.kind === "Wukong" && involvedObject.name === metadata.name,
    );
  }

  const untilGone = async ({ metadata }: Wukong): Promise<void> => {
    await vi.waitUntil(
      async () => (await stand.target.client.find(wukongs, metadata)) === undefined,
      patience,
    );
  };

  const documents: readonly (readonly [string, readonly (string | undefined)[]])[] = [
    ["3.2-three-networks.yaml", [undefined, "10.0.1.100", "192.168.1.100"]],
    ["6.1-basic.yaml", [undefined, "10.0.1.100"]],
    ["6.2-routes.yaml", [undefined, "10.0.1.100"]],
    ["6.3-multi-vlan.yaml", [undefined, "192.168.100.100", "192.168.200.100"]],
  ];

  it.for(documents)(
    "from examples/%s gets a VM with NICs that are Up",
    async ([file, addresses], { expect }) => {
      const object = await example(file, await stand.namespace());
      const { metadata } = await create(object);

      const status = await untilStatus(object, isReady);

      expect(status.conditions?.map(({ type, status }) => [type, status])).toEqual([
        ["Accepted", "True"],
        ["RoutesApplied", "True"],
        ["Ready", "True"],
      ]);
      const vm = await stand.target.client.get(virtualMachines, object.metadata);
      expect(vm.metadata.ownerReferences).toEqual([
        {
          apiVersion: object.apiVersion,
          kind: "Wukong",
          name: metadata.name,
          uid: metadata.uid,
          controller: true,
        },
      ]);
      const interfaces = vm.spec.template.spec.domain.devices.interfaces ?? [];
      expect(status.networks).toEqual(
        addresses.map((address, index) => ({
          name: `eth${index}`,
          nadName: vm.spec.template.spec.networks?.[index]?.multus?.networkName,
          interfaceName: `eth${index}`,
          macAddress: interfaces[index]?.macAddress,
          ipAddress: address ?? expect.stringMatching(/^\d+(\.\d+){3}$/),
          ipAddresses: expect.arrayContaining(address === undefined ? [] : [address]) as unknown,
          state: "Up",
          reason: "UP",
        })),
      );
      expect((await eventsOf(object)).map(({ type, reason }) => `${type} ${reason}`)).toEqual([
        "Normal Applied",
      ]);
    },
  );

  it("changes its VM when it is edited", async ({ expect }) => {
    const object = wukong(await stand.namespace(), "edited", {
      networks: [{ name: "eth0" }, { name: "eth1", vlanId: 100 }],
    });
    await create(object);
    await untilStatus(object, isReady);

    await edit(object, { networks: [{ name: "eth0" }, { name: "eth1", vlanId: 100, linkState: "down" }] });

    const status = await untilStatus(
      object,
      ({ networks, observedGeneration }, generation) =>
        observedGeneration === generation && networks?.[1]?.reason === "LINK_DOWN",
    );
    expect(status.networks?.map(({ state }) => state)).toEqual(["Up", "Down"]);
    expect(conditionOf(status, "Ready")).toMatchObject({ status: "False", reason: "LINK_DOWN" });
  });

  it("is gone only after its VM, and leaves nothing behind", async ({ expect }) => {
    const object = wukong(await stand.namespace(), "deleted", { networks: [{ name: "eth0", vlanId: 7 }] });
    await create(object);
    await untilStatus(object, isReady);

    await stand.target.client.delete(wukongs, object.metadata);
    await untilGone(object);

    expect(await stand.target.client.find(virtualMachines, object.metadata)).toBeUndefined();
    const { namespace = "", name } = object.metadata;
    await vi.waitUntil(async () => {
      const { secret, nads, pods } = await ownedObjects(stand.target.client, { namespace, name });
      return secret === undefined && nads.length === 0 && pods.length === 0;
    }, patience);
  });

  it("that cannot work is refused with its findings, and applied once it is corrected", async ({
    expect,
  }) => {
    const object = wukong(await stand.namespace(), "refused", {
      networks: [
        { name: "eth0", nadName: "missing" },
        { name: "eth1", ipConfig: { address: "10.0.1.0/24" } },
      ],
    });
    await create(object);

    const refused = await untilStatus(object, isRefused);

    const accepted = conditionOf(refused, "Accepted");
    expect(accepted?.reason).toBe("NETWORK_NOT_FOUND");
    expect(accepted?.message.split("\n")).toEqual([
      expect.stringMatching(/^networks\[0\]\.nadName: .*\(NETWORK_NOT_FOUND\)$/),
      expect.stringMatching(/^networks\[1\]\.ipConfig\.address: .*\(ADDRESS_IS_NETWORK\)$/),
    ]);
    expect(conditionOf(refused, "Ready")).toMatchObject({ status: "False", reason: "NETWORK_NOT_FOUND" });
    expect(refused.networks).toEqual([]);
    expect((await eventsOf(object)).map(({ type, reason }) => `${type} ${reason}`)).toEqual([
      "Warning NETWORK_NOT_FOUND",
    ]);
    expect(await stand.target.client.find(virtualMachines, object.metadata)).toBeUndefined();

    await edit(object, { networks: [{ name: "eth0" }] });
    await untilStatus(object, isReady);
  });

  it("is applied without an edit when the NAD that it names is created", async () => {
    const namespace = await stand.namespace();
    const object = wukong(namespace, "waiting", { networks: [{ name: "eth0", nadName: "later" }] });
    await create(object);
    await untilStatus(object, isRefused);

    await stand.makeNad(namespace, "later", { type: "bridge", bridge: "br0" });

    await untilStatus(object, isReady);
  });

  it("gets its networks without the routes that are rejected", async ({ expect }) => {
    const namespace = await stand.namespace();
    const object = wukong(namespace, "routed", {
      networks: [
        { name: "eth0" },
        {
          name: "eth1",
          ipConfig: { mode: "static", address: "10.9.1.2/24" },
          routes: [
            { destination: "192.168.1.0/16", gateway: "10.9.1.1" },
            { destination: "172.16.0.0/12", gateway: "10.9.1.1" },
            { destination: "198.51.100.0/24", gateway: "10.7.7.7" },
          ],
        },
      ],
    });
    await create(object);

    const status = await untilStatus(object, isReady);

    const routes = conditionOf(status, "RoutesApplied");
    expect(routes).toMatchObject({ status: "False", reason: "ROUTE_HOST_BITS" });
    expect(routes?.message).toContain("networks[1].routes[0].destination");
    expect(routes?.message).toContain("networks[1].routes[2].gateway");
    expect(conditionOf(status, "Accepted")?.status).toBe("True");
    const { secret } = await ownedObjects(stand.target.client, { namespace, name: "routed" });
    const config = parse(secret === undefined ? "" : (secretText(secret, "networkdata") ?? "")) as {
      ethernets: Record<string, { routes?: { to: string }[] }>;
    };
    expect(config.ethernets["eth1"]?.routes?.map(({ to }) => to)).toEqual(["172.16.0.0/12"]);
    expect((await eventsOf(object)).map(({ reason }) => reason)).toContain("ROUTE_HOST_BITS");
  });

  it("gets its VM again if somebody deletes it", async ({ expect }) => {
    const object = wukong(await stand.namespace(), "again", { networks: [{ name: "eth0" }] });
    await create(object);
    await untilStatus(object, isReady);
    const first = await stand.target.client.get(virtualMachines, object.metadata);

    await stand.target.client.delete(virtualMachines, object.metadata);

    const second = await vi.waitUntil(async () => {
      const found = await stand.target.client.find(virtualMachines, object.metadata);
      return found !== undefined && found.metadata.uid !== first.metadata.uid && found;
    }, patience);
    expect(second.metadata.ownerReferences).toEqual(first.metadata.ownerReferences);
    await untilStatus(object, isReady);
  });

  it("keeps its VM from ApplyVM and DeleteVM", async ({ expect }) => {
    const namespace = await stand.namespace();
    const object = wukong(namespace, "owned", { runStrategy: "Halted", networks: [{ name: "eth0" }] });
    await create(object);
    await untilStatus(object, ({ networks }) => networks?.length === 1);
    const before = await stand.target.client.get(virtualMachines, object.metadata);

    const calls = [
      stand.apply(machine(namespace, "owned", [{ name: "other" }])),
      stand.vms.deleteVM({ namespace, name: "owned" }),
    ];
    for (const error of await Promise.all(calls.map(refusalOf))) {
      expect(error.code).toBe(Code.FailedPrecondition);
      expect(error.findDetails(ErrorInfoSchema)[0]?.reason).toBe("VM_OWNED_BY_WUKONG");
    }

    const after = await stand.target.client.get(virtualMachines, object.metadata);
    expect(after.spec).toEqual(before.spec);
  });

  it("does not take a VM that ApplyVM created, and leaves it at its own deletion", async ({ expect }) => {
    const namespace = await stand.namespace();
    await stand.apply({ ...machine(namespace, "taken", [{ name: "eth0" }]), runStrategy: "Halted" });
    const before = await stand.target.client.get(virtualMachines, { namespace, name: "taken" });
    const object = wukong(namespace, "taken", { networks: [{ name: "other" }] });
    await create(object);

    const status = await untilStatus(object, isRefused);

    expect(conditionOf(status, "Accepted")).toMatchObject({ reason: "VM_NOT_OWNED_BY_WUKONG" });
    expect(status.networks).toEqual([]);
    await stand.target.client.delete(wukongs, object.metadata);
    await untilGone(object);
    const after = await stand.target.client.get(virtualMachines, { namespace, name: "taken" });
    expect([after.metadata.uid, after.metadata.deletionTimestamp, after.spec]).toEqual([
      before.metadata.uid,
      undefined,
      before.spec,
    ]);
  });

  it("takes the place of a VM that ApplyVM created once that is deleted", async ({ expect }) => {
    const namespace = await stand.namespace();
    await stand.apply({ ...machine(namespace, "next", [{ name: "eth0" }]), runStrategy: "Halted" });
    const object = wukong(namespace, "next", { networks: [{ name: "other" }] });
    await create(object);
    await untilStatus(object, isRefused);

    await stand.vms.deleteVM({ namespace, name: "next" });

    const status = await untilStatus(object, isReady);
    expect(status.networks?.map(({ name }) => name)).toEqual(["other"]);
  });

  it("leaves its VM, which ApplyVM may then change, if it is deleted with orphans", async ({ expect }) => {
    const namespace = await stand.namespace();
    const object = wukong(namespace, "orphan", { runStrategy: "Halted", networks: [{ name: "eth0" }] });
    await create(object);
    await untilStatus(object, ({ networks }) => networks?.length === 1);

    await stand.target.client.delete(wukongs, object.metadata, { propagation: "Orphan" });
    await untilGone(object);

    const spec = machine(namespace, "orphan", [{ name: "eth0" }, { name: "eth1" }]);
    const applied = await stand.apply({ ...spec, runStrategy: "Halted" });
    expect(applied.written).toBe(true);
  });
});
