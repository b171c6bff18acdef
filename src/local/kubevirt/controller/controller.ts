// Simulates virt-controller: watches VMs, VMIs, their pods and migrations at any API server, and reconciles them by key.
import type { KubernetesObject } from "../../../domain/objects/kubernetes.ts";
import { startCache, type Cache } from "../../../kube/watch/cache.ts";
import type { FullKubeClient } from "../../../kube/kube-client.ts";
import type { KubeLog } from "../../../kube/log.ts";
import type { Resource } from "../../../kube/resource.ts";
import type { KubevirtSpec } from "../configuration.ts";
import { labels, pods, virtLauncher, virtualMachineInstanceMigrations, type Pod } from "../resources.ts";
import { createWorkQueue, type WorkQueue, type WorkQueueOptions } from "../../../kube/watch/work-queue.ts";
import { keyOf } from "../../../kube/object-key.ts";
import { indexCache } from "../../../kube/watch/cache-index.ts";
import { controllerRules, kubevirtDelays, type ControllerDelays } from "./configuration.ts";
import { reconcileMigration } from "./migration-controller.ts";
import { vmis, vms } from "./objects.ts";
import { VmController } from "./vm-controller.ts";
import { reconcileVmi } from "./vmi-controller.ts";
import { migrateOnUpdate, wantsMigration } from "./workload-update.ts";
import type { ControllerContext } from "./context.ts";

interface ControllerOptions {
  readonly client: FullKubeClient;
  readonly log: KubeLog;
  readonly clock: () => Date;
  /** The KubeVirt resource's `spec`. Default: that of a new installation. */
  readonly configuration?: KubevirtSpec | undefined;
  /** Default: KubeVirt's delays. */
  readonly delays?: Partial<ControllerDelays> | undefined;
}

/** Starts at once; `stop` resolves when the controller has stopped completely. */
export function startController(options: ControllerOptions): { stop(): Promise<void> } {
  const { client, log, clock } = options;
  const caches: Cache<unknown>[] = [];
  function cache<T extends KubernetesObject>(resource: Resource<T>, labelSelector?: string): Cache<T> {
    const started = startCache(client, resource, { log, labelSelector, project: (object: T) => object });
    caches.push(started);
    return started;
  }
  const podCache = cache(pods, `${labels.app}=${virtLauncher}`);
  const launchers = indexCache(podCache, ({ metadata }) => metadata.labels?.[labels.createdBy]);
  const context: ControllerContext = {
    client,
    clock,
    rules: controllerRules(options.configuration),
    delays: { ...kubevirtDelays, ...options.delays },
    vms: cache(vms),
    vmis: cache(vmis),
    migrations: cache(virtualMachineInstanceMigrations),
    launchers,
  };

  const vmController = new VmController(context);
  const queues: WorkQueue[] = [];
  function queue(name: string, work: WorkQueueOptions["work"]): WorkQueue {
    const made = createWorkQueue({ name, work, log });
    queues.push(made);
    return made;
  }
  const vmQueue = queue("VirtualMachine", (key) => vmController.reconcile(key));
  const vmiQueue = queue("VirtualMachineInstance", (key) => reconcileVmi(context, key));
  const migrationQueue = queue("VirtualMachineInstanceMigration", (key) => reconcileMigration(context, key));
  const updateQueue = queue("workload update", (key) => migrateOnUpdate(context, key));
  const migrationsOf = indexCache(context.migrations, ({ metadata, spec }) =>
    keyOf({ ...metadata, name: spec.vmiName }),
  );

  function addMigrationsOf(vmiKey: string): void {
    for (const { metadata } of migrationsOf(vmiKey)) migrationQueue.add(keyOf(metadata));
  }

  context.vms.subscribe(({ key, type, previous }) => {
    if (type === "delete") vmController.forget(previous);
    vmQueue.add(keyOf(key));
    vmiQueue.add(keyOf(key));
  });
  context.vmis.subscribe(({ key, value }) => {
    vmQueue.add(keyOf(key));
    vmiQueue.add(keyOf(key));
    addMigrationsOf(keyOf(key));
    if (value !== undefined && context.rules.migrateOnUpdate && wantsMigration(value)) {
      updateQueue.addAfter(keyOf(key), context.delays.workloadUpdateMs);
    }
  });
  podCache.subscribe(({ value, previous }) => {
    for (const vmiKey of ownersOf(value ?? previous)) {
      vmiQueue.add(vmiKey);
      addMigrationsOf(vmiKey);
    }
  });
  context.migrations.subscribe(({ key, value, previous }) => {
    migrationQueue.add(keyOf(key));
    const vmiName = (value ?? previous)?.spec.vmiName;
    // The next migration of the VMI may be waiting for this one.
    if (vmiName !== undefined && context.rules.migrateOnUpdate) {
      updateQueue.addAfter(keyOf({ ...key, name: vmiName }), context.delays.workloadUpdateMs);
    }
  });

  const stopping = new AbortController();
  const started = startWhenSynced(caches, queues, stopping.signal);

  return {
    async stop() {
      stopping.abort();
      await started;
      await Promise.all(queues.map(async (each) => await each.stop()));
      await Promise.all(caches.map(async (each) => await each.stop()));
    },
  };
}

/** No key is processed before all caches are complete. */
async function startWhenSynced(
  caches: readonly Cache<unknown>[],
  queues: readonly WorkQueue[],
  signal: AbortSignal,
): Promise<void> {
  try {
    await Promise.all(caches.map(async (each) => await each.whenSynced(signal)));
  } catch (error) {
    if (signal.aborted) return;
    throw error;
  }
  for (const each of queues) each.start();
}

function ownersOf(pod: Pod | undefined): string[] {
  return (pod?.metadata.ownerReferences ?? [])
    .filter(({ kind }) => kind === "VirtualMachineInstance")
    .map(({ name }) => keyOf({ namespace: pod?.metadata.namespace, name }));
}
