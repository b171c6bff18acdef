// The recorded changes again, each made to a VM on the embedded API: the whole controller, with its migrations, must
// reach the final state that KubeVirt 1.9.0 reached.
import { isDeepStrictEqual } from "node:util";
import { afterAll, beforeAll, describe, it } from "vitest";
import { startCache, type Cache } from "../../../src/kube/watch/cache.ts";
import { connectKube } from "../../../src/kube/connection/connect.ts";
import type { FullKubeClient } from "../../../src/kube/kube-client.ts";
import { namespaces, networkAttachmentDefinitions } from "../../../src/kube/resource.ts";
import { createApiServer } from "../../../src/local/api/api-server.ts";
import { findCondition } from "../../../src/domain/objects/conditions.ts";
import { startController } from "../../../src/local/kubevirt/controller/controller.ts";
import { vmis, vms, type Vm, type Vmi } from "../../../src/local/kubevirt/controller/objects.ts";
import { silentLog } from "../../support/log.ts";
import { changes, nicLines, recorded, type Outcome, type RecordedChange, type Step } from "./recorded.ts";
import { changeVm } from "./stand.ts";
import { startTestNode } from "./test-node.ts";

const name = "vm";

/** Cases whose recording stopped too early: the final state by KubeVirt's own rules. */
const recordedTooEarly: Readonly<Record<string, Partial<Outcome>>> = {
  // A second migration, 20 s after the first, plugs the NIC again.
  "absent-then-up": { domainNICsAtEnd: ["default", "a", "b"] },
  // Recorded for 8 s of the 15 s grace period.
  rename: {
    migrationRequired: "pending-then-true",
    migrated: true,
    domainNICsAtEnd: ["default", "a", "b", "renamed"],
  },
};

/** Follows the successive VMIs of a VM, as the recorder did. */
interface Watch {
  migrationRequired: Outcome["migrationRequired"];
  migrated: boolean;
  vmiSpecChanged: boolean;
  last: Vmi | undefined;
}

function follow(watch: Watch, vmi: Vmi): void {
  const { last } = watch;
  watch.last = vmi;
  if (last === undefined) return;
  watch.vmiSpecChanged ||= lines(last) !== lines(vmi);
  const from = last.metadata.uid === vmi.metadata.uid ? last.status?.nodeName : undefined;
  watch.migrated ||= from !== undefined && from !== vmi.status?.nodeName;
  const required = findCondition(vmi.status?.conditions, "MigrationRequired")?.status;
  if (required === "False") watch.migrationRequired = "pending";
  if (required === "True" && watch.migrationRequired === "pending")
    watch.migrationRequired = "pending-then-true";
  if (required === "True" && watch.migrationRequired === "never") watch.migrationRequired = "immediate";
}

function lines(vmi: Vmi): string {
  return nicLines({
    ...vmi,
    kind: "VirtualMachine",
    spec: { template: { spec: vmi.spec } },
    status: {},
  }).join();
}

describe.each(["plugins", "stage"] as const)("under configuration %s", (config) => {
  const group = recorded.changes.filter((change) => change.config === config);
  const watches = new Map<string, Watch>();
  const stack = new AsyncDisposableStack();
  let client: FullKubeClient;
  let vmCache: Cache<Vm>;
  let vmiCache: Cache<Vmi>;
  /** The last change of a VM, by namespace. */
  const lastEvents = new Map<string, number>();

  /** Resolves when the VM, or any VM without `namespace`, has not changed for this time. */
  async function quietFor(ms: number, namespace?: string): Promise<void> {
    const last = (): number =>
      namespace === undefined ? Math.max(...lastEvents.values()) : (lastEvents.get(namespace) ?? 0);
    for (let left = ms; left > 0; left = last() + ms - performance.now()) {
      await new Promise((resolve) => setTimeout(resolve, left));
    }
  }

  beforeAll(async () => {
    const api = createApiServer();
    const { url } = await api.listen({ host: "127.0.0.1", port: 0 });
    stack.defer(async () => await api.close());
    client = connectKube({ server: url });
    stack.defer(async () => await client.close());
    for (const { id } of group) await prepareNamespace(client, id);
    const controller = startController({
      client,
      log: silentLog,
      clock: () => new Date(),
      configuration: {
        configuration: {
          network: { binding: { macvtap: { domainAttachmentType: "tap" } } },
          vmRolloutStrategy: config === "stage" ? "Stage" : "LiveUpdate",
        },
        workloadUpdateStrategy: { workloadUpdateMethods: ["LiveMigrate"] },
      },
      delays: { migrationGraceMs: 1_500, reevaluateMs: 200, workloadUpdateMs: 1_500 },
    });
    stack.defer(async () => await controller.stop());
    const dynamic = new Set(group.filter((change) => change.dynamicNetworksController).map(({ id }) => id));
    const node = startTestNode({ client, dynamicNetworks: (namespace) => dynamic.has(namespace) });
    stack.defer(async () => await node.stop());
    vmCache = startCache(client, vms, { log: silentLog, project: (vm: Vm) => vm });
    vmiCache = startCache(client, vmis, { log: silentLog, project: (vmi: Vmi) => vmi });
    stack.defer(async () => {
      await Promise.all([vmCache.stop(), vmiCache.stop()]);
    });
    vmCache.subscribe(({ key }) => lastEvents.set(key.namespace, performance.now()));
    vmiCache.subscribe(({ key, value }) => {
      lastEvents.set(key.namespace, performance.now());
      const watch = watches.get(key.namespace);
      if (watch !== undefined && value !== undefined) follow(watch, value);
    });
    for (const { id } of group) await client.create(vms, inNamespace(changes[id]?.base, id));
    await until(() => group.every(({ id }) => runs(vmiCache.get({ namespace: id, name }))));
    await quietFor(300);
    for (const { id } of group) watches.set(id, newWatch(vmiCache.get({ namespace: id, name })));
    await takeSteps();
    await until(() => group.every((was) => isDeepStrictEqual(outcome(was), expected(was))));
    // Longer than the controller's longest delay, so that an unexpected change would have happened by now.
    await quietFor(2_000);
  }, 120_000);

  afterAll(async () => {
    await stack.disposeAsync();
  });

  /** The steps of each VM; each waits for the immediate effects of the one before. */
  async function takeSteps(): Promise<void> {
    await Promise.all(
      group.map(async ({ id }) => {
        for (const step of changes[id]?.steps ?? []) {
          await take(client, id, step);
          await seenByController(id);
          await quietFor(300, id);
        }
      }),
    );
  }

  /** Resolves when the VM's status is about its current spec or a later one. */
  async function seenByController(namespace: string): Promise<void> {
    const { metadata } = await client.get(vms, { namespace, name });
    await until(() => {
      const vmi = vmiCache.get({ namespace, name });
      // The status of a stopping VM has no generation.
      if (vmi === undefined || vmi.metadata.deletionTimestamp !== undefined) return true;
      const { desiredGeneration = 0 } = vmCache.get({ namespace, name })?.status ?? {};
      return desiredGeneration >= (metadata.generation ?? 0);
    });
  }

  function outcome({ id, dynamicNetworksController, outcome: was }: RecordedChange): Partial<Outcome> {
    const watch = watches.get(id) ?? newWatch(undefined);
    const vm = vmCache.get({ namespace: id, name });
    const vmi = vmiCache.get({ namespace: id, name });
    // multus-dynamic-networks-controller may be done before the condition appears.
    const byChance = dynamicNetworksController && watch.migrationRequired === "pending";
    return {
      restartRequired: findCondition(vm?.status?.conditions, "RestartRequired")?.status === "True",
      migrationRequired: byChance ? was.migrationRequired : watch.migrationRequired,
      migrated: watch.migrated,
      vmiSpecChanged: watch.vmiSpecChanged,
      domainNICsAtEnd: vmi === undefined ? null : inDomain(vmi),
      vmNICsAtEnd: vm === undefined ? [] : nicLines(vm),
    };
  }

  it.for(group)("$id: $description", (was: RecordedChange, { expect }) => {
    expect(outcome(was)).toEqual(expected(was));
  });
});

function expected({ id, outcome }: RecordedChange): Outcome {
  return { ...outcome, ...recordedTooEarly[id] };
}

/** Resolves when the condition holds, or after half a minute; the tests then report what is missing. */
async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (!condition() && performance.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, 20));
}

function newWatch(last: Vmi | undefined): Watch {
  return { migrationRequired: "never", migrated: false, vmiSpecChanged: false, last };
}

/** True when all NICs are plugged. */
function runs(vmi: Vmi | undefined): boolean {
  const wanted = vmi?.spec.domain.devices.interfaces?.length;
  return vmi?.status?.phase === "Running" && inDomain(vmi).length === wanted;
}

function inDomain(vmi: Vmi): string[] {
  const wanted = vmi.status?.interfaces?.filter(({ infoSource }) => infoSource?.includes("domain") === true);
  return (wanted ?? []).map((status) => status.name ?? "");
}

async function prepareNamespace(client: FullKubeClient, id: string): Promise<void> {
  await client.create(namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name: id } });
  for (const nad of ["net", "net2", "net3", "sriov"]) {
    await client.create(networkAttachmentDefinitions, {
      apiVersion: "k8s.cni.cncf.io/v1",
      kind: "NetworkAttachmentDefinition",
      metadata: { name: nad, namespace: id },
      spec: { config: '{"cniVersion":"0.3.1","type":"bridge","bridge":"br1"}' },
    });
  }
}

function inNamespace(vm: Vm | undefined, namespace: string): Vm {
  if (vm === undefined) throw new Error(`no VM for ${namespace}`);
  return { ...structuredClone(vm), metadata: { ...vm.metadata, namespace } };
}

async function take(client: FullKubeClient, namespace: string, step: Step): Promise<void> {
  if (step === "nothing") return;
  if (step === "restart") {
    const vmi = await client.get(vmis, { namespace, name });
    const stateChangeRequests = [
      { action: "Stop" as const, uid: vmi.metadata.uid ?? "" },
      { action: "Start" as const },
    ];
    await client.mergePatch(
      vms,
      { namespace, name },
      { status: { stateChangeRequests } },
      { subresource: "status" },
    );
    return;
  }
  await changeVm(client, { namespace, name }, ({ spec }) => {
    step(spec);
    for (const { multus } of spec.template.spec.networks ?? []) {
      if (multus !== undefined)
        multus.networkName = multus.networkName.replace(/^default\//, `${namespace}/`);
    }
  });
}
