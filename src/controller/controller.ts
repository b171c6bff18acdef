// The controller of Wukong resources: one active replica, which works through a queue of Wukongs by namespace and name.
import type { ApplyDependencies } from "../app/apply/apply-request.ts";
import { whenSynced } from "../app/cluster-view.ts";
import type { StatusModel } from "../app/status-model.ts";
import { nadNamesOf } from "../domain/names.ts";
import type { Wukong } from "../domain/objects/kubernetes.ts";
import { type ElectionDurations, runElection, usualDurations } from "../kube/leader-election.ts";
import type { KubeLog } from "../kube/log.ts";
import { keyOf, refOf } from "../kube/object-key.ts";
import { wukongs as wukongResource } from "../kube/resource.ts";
import { systemTiming } from "../kube/timing.ts";
import { type Cache, startCache } from "../kube/watch/cache.ts";
import { createWorkQueue, type WorkQueue } from "../kube/watch/work-queue.ts";
import { createEventRecorder } from "./events.ts";
import { createReconciler, type Reconciler } from "./reconcile.ts";

export interface ControllerOptions extends ApplyDependencies {
  readonly model: StatusModel;
  readonly log: KubeLog;
  /** Where the Lease is; all replicas must use the same. */
  readonly leaseNamespace: string;
  /** Unique for each process. */
  readonly identity: string;
  /** Default: those of kube-controller-manager. */
  readonly durations?: ElectionDurations | undefined;
}

export interface Controller {
  /** Resolves when all work has ended and the Lease is released. */
  /** `isActive`: while this replica holds the Lease. */
  readonly election: { readonly name: string; readonly isActive: boolean };
  stop(): Promise<void>;
}

const leaseName = "multinic-controller";

/** Watches at once, and works whenever this replica holds the Lease. */
export function startController(options: ControllerOptions): Controller {
  const { client, view, log, leaseNamespace, identity, durations = usualDurations } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  const wukongs = startCache(client, wukongResource, {
    log,
    project: withoutManagedFields,
  });

  let isActive = false;
  async function participate(): Promise<void> {
    await Promise.all([whenSynced(view, signal), wukongs.whenSynced(signal)]);
    await runElection({
      client,
      lease: { namespace: leaseNamespace, name: leaseName },
      identity,
      durations,
      log,
      timing: systemTiming,
      async lead(leading) {
        isActive = true;
        try {
          await lead(options, wukongs, leading);
        } finally {
          isActive = false;
        }
      },
      signal,
    });
  }
  const participation = participate().catch((error: unknown) => {
    if (!signal.aborted) log.error({ err: error }, "the controller of Wukongs has stopped");
  });

  return {
    get election() {
      return { name: leaseName, isActive };
    },
    async stop() {
      stopping.abort();
      await participation;
      await wukongs.stop();
    },
  };
}

/** Works until the signal is aborted; resolves when no work is left. */
async function lead(options: ControllerOptions, wukongs: Cache<Wukong>, signal: AbortSignal): Promise<void> {
  const { client, log } = options;
  const { clock, now } = systemTiming;
  const events = createEventRecorder({ client, clock, log });
  const reconciler = createReconciler({ ...options, wukongs, events, clock, now, signal });
  const queue = createWorkQueue({ name: "Wukong", work: (key) => reconciler.reconcile(key), log });
  const end = follow(options, wukongs, { queue, reconciler });
  for (const { metadata } of wukongs.values()) queue.add(keyOf(metadata));
  queue.start();
  await aborted(signal);
  end();
  await queue.stop();
}

/** Queues a Wukong after every change that concerns it, until the returned function is called. */
function follow(
  { view, model }: ControllerOptions,
  wukongs: Cache<Wukong>,
  { queue, reconciler }: { readonly queue: WorkQueue; readonly reconciler: Reconciler },
): () => void {
  const addIfThere = (key: string): void => {
    if (wukongs.get(refOf(key)) !== undefined) queue.add(key);
  };
  const applyAgain = (key: string): void => {
    if (wukongs.get(refOf(key)) === undefined) return;
    reconciler.markOutdated(key);
    queue.add(key);
  };
  const ends = [
    wukongs.subscribe(({ key }) => queue.add(keyOf(key))),
    view.vms.subscribe(({ key }) => addIfThere(keyOf(key))),
    model.subscribe(({ key: { namespace, vm } }) => addIfThere(keyOf({ namespace, name: vm }))),
    view.nads.subscribe(({ key, type }) => {
      // A NAD that a Wukong names may be there now; one that is gone may have to be created again.
      for (const refused of reconciler.refused()) applyAgain(refused);
      if (type === "set") return;
      for (const { vm } of view.vms.values())
        if (nadNamesOf(vm).includes(keyOf(key))) applyAgain(keyOf(vm.metadata));
    }),
  ];
  return () => {
    for (const end of ends) end();
  };
}

/** managedFields are most of an object. */
function withoutManagedFields(wukong: Wukong): Wukong {
  const { managedFields: _, ...metadata } = wukong.metadata;
  return { ...wukong, metadata };
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
