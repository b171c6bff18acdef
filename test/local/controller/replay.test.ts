// The recorded changes once more, each made to a VM that runs on the embedded API: the controller as a whole, with
// its migrations, has to end where KubeVirt 1.9.0 ended.
import { afterAll, beforeAll, describe, it } from "vitest";
import { startCache, type Cache } from "../../../src/kube/cache.ts";
import { connectKube } from "../../../src/kube/connect.ts";
import type { KubeClient } from "../../../src/kube/kube-client.ts";
import { namespaces, networkAttachmentDefinitions } from "../../../src/kube/resource.ts";
import { createApiServer } from "../../../src/local/api/api-server.ts";
import { findCondition } from "../../../src/local/kubevirt/controller/conditions.ts";
import { startController } from "../../../src/local/kubevirt/controller/controller.ts";
import { vmis, vms, type Vm, type Vmi } from "../../../src/local/kubevirt/controller/objects.ts";
import { quiet } from "./quiet-log.ts";
import { changes, nicLines, recorded, type Outcome, type RecordedChange, type Step } from "./recorded.ts";
import { changeVm } from "./stand.ts";
import { startTestNode } from "./test-node.ts";

const name = "vm";

/** Where the recording stopped before KubeVirt did: what its own rules lead to next. */
const recordedTooEarly: Readonly<Record<string, Partial<Outcome>>> = {
  // The NIC that came back is plugged by a second migration, 20 s after the first.
  "absent-then-up": { domainNICsAtEnd: ["default", "a", "b"] },
  // Watched for 8 s, of 15 s of grace.
  rename: {
    migrationRequired: "pending-then-true",
    migrated: true,
    domainNICsAtEnd: ["default", "a", "b", "renamed"],
  },
};

/** Follows one VMI after another of a VM, as the recorder did. */
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
  let client: KubeClient;
  let vmCache: Cache<Vm>;
  let vmiCache: Cache<Vmi>;
  let lastEvent = 0;

  /** Resolves when nothing has changed for a while; longer than every wait of the controller here. */
  async function quietFor(ms: number): Promise<void> {
    for (let left = ms; left > 0; left = lastEvent + ms - performance.now()) {
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
      log: quiet,
      clock: () => new Date(),
      configuration: {
        configuration: {
          network: { binding: { macvtap: { domainAttachmentType: "tap" } } },
          vmRolloutStrategy: config === "stage" ? "Stage" : "LiveUpdate",
        },
        workloadUpdateStrategy: { workloadUpdateMethods: ["LiveMigrate"] },
      },
      delays: { migrationGraceMs: 1_500, reevaluateMs: 200, workloadUpdateMs: 500 },
    });
    stack.defer(async () => await controller.stop());
    const dynamic = new Set(group.filter((change) => change.dynamicNetworksController).map(({ id }) => id));
    const node = startTestNode({ client, dynamicNetworks: (namespace) => dynamic.has(namespace) });
    stack.defer(async () => await node.stop());
    vmCache = startCache(client, vms, { log: quiet, project: (vm: Vm) => vm });
    vmiCache = startCache(client, vmis, { log: quiet, project: (vmi: Vmi) => vmi });
    stack.defer(async () => {
      await Promise.all([vmCache.stop(), vmiCache.stop()]);
    });
    vmCache.subscribe(() => (lastEvent = performance.now()));
    vmiCache.subscribe(({ key, value }) => {
      lastEvent = performance.now();
      const watch = watches.get(key.namespace);
      if (watch !== undefined && value !== undefined) follow(watch, value);
    });
    for (const { id } of group) await client.create(vms, inNamespace(changes[id]?.base, id));
    await quietFor(1_500);
    for (const { id } of group) watches.set(id, newWatch(vmiCache.get({ namespace: id, name })));
    await takeSteps();
    await quietFor(2_500);
  });

  afterAll(async () => {
    await stack.disposeAsync();
  });

  /** The first steps of all VMs, a short while later the second ones, and so on. */
  async function takeSteps(): Promise<void> {
    for (let index = 0; group.some(({ id }) => changes[id]?.steps[index] !== undefined); index += 1) {
      await Promise.all(
        group.map(async ({ id }) => {
          const step = changes[id]?.steps[index];
          if (step !== undefined) await take(client, id, step);
        }),
      );
      await quietFor(100);
    }
  }

  it.for(group)("$id: $description", (was: RecordedChange, { expect }) => {
    const watch = watches.get(was.id);
    const vm = vmCache.get({ namespace: was.id, name });
    const vmi = vmiCache.get({ namespace: was.id, name });
    expect({
      restartRequired: findCondition(vm?.status?.conditions, "RestartRequired")?.status === "True",
      migrationRequired: was.dynamicNetworksController ? byTiming(watch, was) : watch?.migrationRequired,
      migrated: watch?.migrated,
      vmiSpecChanged: watch?.vmiSpecChanged,
      domainNICsAtEnd: vmi === undefined ? null : inDomain(vmi),
      vmNICsAtEnd: vm === undefined ? [] : nicLines(vm),
    }).toEqual({ ...was.outcome, ...recordedTooEarly[was.id] });
  });
});

/** Whether the condition shows at all before multus-dynamic-networks-controller has done its work is chance. */
function byTiming(
  watch: Watch | undefined,
  { outcome }: RecordedChange,
): Outcome["migrationRequired"] | undefined {
  return watch?.migrationRequired === "pending" ? outcome.migrationRequired : watch?.migrationRequired;
}

function newWatch(last: Vmi | undefined): Watch {
  return { migrationRequired: "never", migrated: false, vmiSpecChanged: false, last };
}

function inDomain(vmi: Vmi): string[] {
  const wanted = vmi.status?.interfaces?.filter(({ infoSource }) => infoSource?.includes("domain") === true);
  return (wanted ?? []).map((status) => status.name ?? "");
}

async function prepareNamespace(client: KubeClient, id: string): Promise<void> {
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

async function take(client: KubeClient, namespace: string, step: Step): Promise<void> {
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
