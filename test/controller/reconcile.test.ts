// One Wukong at a time: what the controller writes, and what it leaves alone, when the cluster is not well.
import { afterAll, beforeAll, describe, it, vi } from "vitest";
import {
  startClusterView,
  stopClusterView,
  whenSynced,
  type ClusterView,
} from "../../src/app/cluster-view.ts";
import { startStatusModel } from "../../src/app/status-model.ts";
import { createReconciler, wukongFinalizer } from "../../src/controller/reconcile.ts";
import { builtInCatalogue } from "../../src/domain/catalogue.ts";
import { secretNameOf } from "../../src/domain/objects/ownership.ts";
import { staleStatus } from "../../src/domain/status/stale-status.ts";
import type { Wukong } from "../../src/domain/objects/kubernetes.ts";
import { connectKube } from "../../src/kube/connection/connect.ts";
import { KubeError } from "../../src/kube/errors.ts";
import type { FullKubeClient, KubeClient } from "../../src/kube/kube-client.ts";
import { secrets, virtualMachines, wukongs } from "../../src/kube/resource.ts";
import { type Cache, startCache } from "../../src/kube/watch/cache.ts";
import { createApiServer } from "../../src/local/api/api-server.ts";
import { silentLog } from "../support/log.ts";
import { patience, wukong } from "./stand.ts";

const halted = { runStrategy: "Halted", networks: [{ name: "eth0" }] };

describe("the controller", () => {
  const server = createApiServer();
  let client: FullKubeClient;
  let view: ClusterView;
  let cache: Cache<Wukong>;
  beforeAll(async () => {
    const { url } = await server.listen({ host: "127.0.0.1", port: 0 });
    client = connectKube({ server: url });
    view = startClusterView(client, { log: silentLog, now: () => performance.now() });
    cache = startCache(client, wukongs, { log: silentLog, project: (object: Wukong) => object });
    await whenSynced(view);
  });
  afterAll(async () => {
    await cache.stop();
    await stopClusterView(view);
    await client.close();
    await server.close();
  });

  /** A controller of one Wukong, which the test tells when to work. */
  function controllerOf(name: string, by: Partial<KubeClient> = {}) {
    const ref = { namespace: "default", name };
    const model = startStatusModel(view, { clock: () => new Date() });
    let isStale = false;
    let now = 0;
    const reconciler = createReconciler({
      client: { ...client, ...by },
      view,
      model: {
        ...model,
        of: (key) =>
          isStale ? model.of(key).map((nic) => staleStatus(nic, "2026-01-01T00:00:00Z")) : model.of(key),
      },
      catalogue: builtInCatalogue(),
      wukongs: cache,
      events: { record: async () => undefined },
      clock: () => new Date(),
      now: () => now,
      signal: new AbortController().signal,
    });
    const read = () => client.get(wukongs, ref);
    return {
      read,
      /** Works on the Wukong as it is stored now. */
      async work(): Promise<number | undefined> {
        const { metadata } = (await client.find(wukongs, ref)) ?? {};
        await vi.waitUntil(
          () => cache.get(ref)?.metadata.resourceVersion === metadata?.resourceVersion,
          patience,
        );
        return await reconciler.reconcile(`default/${name}`);
      },
      conditions: async (): Promise<readonly string[]> =>
        ((await read()).status?.conditions ?? []).map(
          ({ type, status, reason }) => `${type} ${status} ${reason}`,
        ),
      setStale(value: boolean) {
        isStale = value;
      },
      pass(ms: number) {
        now += ms;
      },
    };
  }

  const untilVm = (name: string): Promise<unknown> =>
    vi.waitUntil(() => view.vms.get({ namespace: "default", name }), patience);

  it("writes nothing for a Wukong that is as requested", async ({ expect }) => {
    await client.create(wukongs, wukong("quiet", halted));
    const controller = controllerOf("quiet");
    await controller.work();
    await untilVm("quiet");
    await controller.work();
    const { metadata } = await controller.read();

    await controller.work();

    expect((await controller.read()).metadata.resourceVersion).toBe(metadata.resourceVersion);
    expect(metadata.finalizers).toEqual([wukongFinalizer]);
  });

  it("leaves the status as it is while the states of the NICs are out of date", async ({ expect }) => {
    await client.create(wukongs, wukong("stale", halted));
    const controller = controllerOf("stale");
    await controller.work();
    await untilVm("stale");
    await controller.work();
    const before = await controller.read();
    expect(before.status?.networks).toMatchObject([{ state: "Down", reason: "VM_STOPPED" }]);

    controller.setStale(true);
    await controller.work();

    expect((await controller.read()).metadata.resourceVersion).toBe(before.metadata.resourceVersion);
  });

  it("says so when a webhook cannot answer, and tries again ever more rarely until it can", async ({
    expect,
  }) => {
    let isDown = true;
    await client.create(wukongs, wukong("webhook", halted));
    const controller = controllerOf("webhook", {
      async apply(resource, object, options) {
        if (isDown && object.kind === "VirtualMachine")
          throw new KubeError(
            "InternalError",
            500,
            'failed calling webhook "virtualmachine-validator.kubevirt.io"',
          );
        return await client.apply(resource, object, options);
      },
    });

    const waits: (number | undefined)[] = [];
    for (let attempt = 0; attempt < 8; attempt += 1) {
      const wait = await controller.work();
      waits.push(wait);
      controller.pass(wait ?? 0);
    }
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
    expect((await controller.conditions())[0]).toBe("Accepted Unknown KubernetesInternalError");
    expect((await controller.read()).status?.conditions?.[0]?.message).toContain("virtualmachine-validator");

    isDown = false;
    await controller.work();
    expect((await controller.conditions())[0]).toBe("Accepted True Applied");
  });

  it("applies a change at once, however long it has been waiting", async ({ expect }) => {
    await client.create(wukongs, wukong("corrected", { networks: [{ name: "eth0", nadName: "missing" }] }));
    const controller = controllerOf("corrected");
    await controller.work();
    expect((await controller.conditions())[0]).toBe("Accepted False NETWORK_NOT_FOUND");

    const ref = { namespace: "default", name: "corrected" };
    await client.mergePatch(wukongs, ref, {
      spec: { runStrategy: "Halted", networks: [{ name: "eth0", nadName: null }] },
    });
    await controller.work();

    expect((await controller.conditions())[0]).toBe("Accepted True Applied");
    expect(await client.find(virtualMachines, ref)).toBeDefined();
  });

  it("repairs after ten minutes what no watch reports", async ({ expect }) => {
    await client.create(wukongs, wukong("repaired", halted));
    const controller = controllerOf("repaired");
    await controller.work();
    await untilVm("repaired");
    expect(await controller.work()).toBe(600_000);
    const vm = await client.get(virtualMachines, { namespace: "default", name: "repaired" });
    const secretRef = { namespace: "default", name: secretNameOf("repaired") };
    const before = await client.get(secrets, secretRef);
    await client.delete(secrets, secretRef);

    controller.pass(600_000);
    await controller.work();

    const after = await client.get(secrets, secretRef);
    expect(after.data).toEqual(before.data);
    expect(after.metadata.uid).not.toBe(before.metadata.uid);
    expect(after.metadata.ownerReferences).toMatchObject([{ uid: vm.metadata.uid }]);
  });

  it("does nothing for a Wukong that is gone", async ({ expect }) => {
    expect(await controllerOf("nowhere").work()).toBeUndefined();
  });
});
