// Brings one Wukong and its VM together: finalizer, apply, status; and the VM's deletion before the Wukong's.
import { isDeepStrictEqual } from "node:util";
import type { ApplyDependencies } from "../app/apply/apply-request.ts";
import { deleteVm } from "../app/delete-vm.ts";
import { ObjectExists, VersionMismatch } from "../app/errors.ts";
import type { StatusModel } from "../app/status-model.ts";
import { readDocumentValue } from "../domain/document/read-document.ts";
import type { OwnerReference, VirtualMachine, Wukong, WukongStatus } from "../domain/objects/kubernetes.ts";
import { wukongOf } from "../domain/objects/ownership.ts";
import { refOf } from "../kube/object-key.ts";
import { virtualMachines, wukongs as wukongResource } from "../kube/resource.ts";
import type { Cache } from "../kube/watch/cache.ts";
import { applyWukong, type Outcome } from "./apply-wukong.ts";
import type { EventRecorder } from "./events.ts";
import { wholeSeconds } from "./time.ts";
import { wukongStatus } from "./wukong-status.ts";

export interface ReconcileDependencies extends ApplyDependencies {
  readonly model: StatusModel;
  readonly wukongs: Cache<Wukong>;
  readonly events: EventRecorder;
  readonly clock: () => Date;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
  /** Aborted when another replica takes over. */
  readonly signal: AbortSignal;
}

export interface Reconciler {
  /** The work of the queue. Resolves with the milliseconds after which to look again. */
  reconcile(key: string): Promise<number | undefined>;
  /** The next reconcile applies the Wukong again, even if neither it nor its VM has changed. */
  markOutdated(key: string): void;
  /** Keys of the Wukongs that were refused. */
  refused(): readonly string[];
}

/** What this replica knows of a Wukong that it has applied. */
interface Known {
  readonly uid: string | undefined;
  readonly generation: number | undefined;
  /** The VM as the cache had it before the apply. */
  readonly vm: string;
  readonly outcome: Outcome;
  /** Refusals in a row. */
  readonly refusals: number;
  /** When to apply again without a change, on the monotonic clock. */
  readonly again: number;
  readonly status: WukongStatus | undefined;
}

const controllerManager = "multinic-controller";
export const wukongFinalizer = "multinic.novasphere.dev/vm";

/** Repairs what no watch reports, such as a deleted Secret. */
const repairEveryMs = 10 * 60_000;
const firstRetryMs = 1_000;
const longestRetryMs = 60_000;
/** The deletion of a VM is reported by its watch; this is for one that the cache never had. */
const deletionPollMs = 2_000;
const raceRetryMs = 50;

export function createReconciler(dependencies: ReconcileDependencies): Reconciler {
  const { client, view, model, wukongs, events, clock, now, signal } = dependencies;
  const known = new Map<string, Known>();
  /** Apart from `known`, because a mark may come while the key is worked on. */
  const marked = new Set<string>();

  async function reconcile(key: string): Promise<number | undefined> {
    signal.throwIfAborted();
    const ref = refOf(key);
    const wukong = wukongs.get(ref);
    if (wukong === undefined) {
      known.delete(key);
      marked.delete(key);
      return undefined;
    }
    const owner = ownerReferenceTo(wukong);
    if (wukong.metadata.deletionTimestamp !== undefined) {
      known.delete(key);
      return await release(wukong, owner);
    }
    const vm = view.vms.get(ref)?.vm;
    // While the old VM ends, its status is shown; its deletion queues the key again.
    const isEnding = vm?.metadata.deletionTimestamp !== undefined && wukongOf(vm)?.uid === owner.uid;
    let last = known.get(key);
    if (!isEnding && (last === undefined || marked.has(key) || isOutdated(last, wukong, vm))) {
      marked.delete(key);
      await setFinalizers(wukong, [wukongFinalizer]);
      const outcome = await apply(wukong, owner);
      if (outcome === undefined) return raceRetryMs;
      last = await remember(key, wukong, vm, outcome, last);
    }
    if (last === undefined) return deletionPollMs;
    const status = await writeStatus(wukong, last);
    known.set(key, { ...last, status });
    return Math.max(last.again - now(), 0);
  }

  function isOutdated(last: Known, { metadata }: Wukong, vm: VirtualMachine | undefined): boolean {
    return (
      last.uid !== metadata.uid ||
      last.generation !== metadata.generation ||
      last.vm !== versionOf(vm) ||
      last.again <= now()
    );
  }

  /** undefined: another client was faster, and the cache will soon show it. */
  async function apply(wukong: Wukong, owner: OwnerReference): Promise<Outcome | undefined> {
    const read = readDocumentValue(wukong, { namespace: wukong.metadata.namespace ?? "" });
    try {
      return await applyWukong(dependencies, read, owner, signal);
    } catch (error) {
      if (error instanceof VersionMismatch || error instanceof ObjectExists) return undefined;
      throw error;
    }
  }

  async function remember(
    key: string,
    wukong: Wukong,
    vm: VirtualMachine | undefined,
    outcome: Outcome,
    last: Known | undefined,
  ): Promise<Known> {
    const { uid, generation } = wukong.metadata;
    const same = last?.uid === uid && last?.generation === generation ? last : undefined;
    const refusals = outcome.kind === "applied" ? 0 : (same?.refusals ?? 0) + 1;
    const waitMs =
      refusals === 0 ? repairEveryMs : Math.min(firstRetryMs * 2 ** (refusals - 1), longestRetryMs);
    const fresh: Known = {
      uid,
      generation,
      vm: versionOf(vm),
      outcome,
      refusals,
      again: now() + waitMs,
      status: last?.uid === uid ? last?.status : undefined,
    };
    known.set(key, fresh);
    await announce(wukong, outcome, same?.outcome);
    return fresh;
  }

  /** Each refusal once, also across replicas: the conditions say whether it was announced. */
  async function announce(wukong: Wukong, outcome: Outcome, last: Outcome | undefined): Promise<void> {
    const conditions = wukong.status?.conditions ?? [];
    const isKnown = (type: string, reason: string): boolean =>
      conditions.some(
        (condition) =>
          condition.type === type &&
          condition.reason === reason &&
          condition.observedGeneration === wukong.metadata.generation,
      );
    if (outcome.kind === "refused") {
      const wasAnnounced = last?.kind === "refused" && last.reason === outcome.reason;
      if (!wasAnnounced && !isKnown("Accepted", outcome.reason))
        await events.record(wukong, "Warning", outcome.reason, outcome.message);
      return;
    }
    if (outcome.written.length > 0) {
      const written = outcome.written.map(({ action, kind, name }) => `${action} ${kind} ${name}`);
      await events.record(wukong, "Normal", "Applied", written.join(", "));
    }
    const [route] = outcome.routes;
    const wasAnnounced = last?.kind === "applied" && last.routes[0]?.code === route?.code;
    if (route !== undefined && !wasAnnounced && !isKnown("RoutesApplied", route.code))
      await events.record(wukong, "Warning", route.code, `applied without this route: ${route.message}`);
  }

  /** Nothing is written of states that are out of date: at the moment of the write they would be known again. */
  async function writeStatus(
    wukong: Wukong,
    { outcome, status: before = wukong.status }: Known,
  ): Promise<WukongStatus | undefined> {
    const { namespace = "", name, generation = 0 } = wukong.metadata;
    const isNotOurs = outcome.kind === "refused" && outcome.isNotOurs;
    const nics = isNotOurs ? [] : model.of({ namespace, vm: name });
    if (nics.some(({ reason }) => reason === "STALE")) return before;
    const status = wukongStatus({ generation, outcome, nics, before, now: wholeSeconds(clock()) });
    if (isDeepStrictEqual(status, wukong.status)) return status;
    const options = { fieldManager: controllerManager, force: true, subresource: "status", signal } as const;
    await client.apply(wukongResource, { ...identityOf(wukong), status }, options);
    return status;
  }

  /** Deletes the VM, unless it is to be kept (`kubectl delete --cascade=orphan`), and then releases the Wukong. */
  async function release(wukong: Wukong, owner: OwnerReference): Promise<number | undefined> {
    const { namespace = "", name, finalizers = [] } = wukong.metadata;
    if (!finalizers.includes(wukongFinalizer)) return undefined;
    if (!finalizers.includes("orphan")) {
      const vm = await client.find(virtualMachines, { namespace, name }, { signal });
      if (vm !== undefined && wukongOf(vm)?.uid === owner.uid) {
        if (vm.metadata.deletionTimestamp === undefined)
          await deleteVm(dependencies, { namespace, name, allowMissing: true, owner, signal });
        return deletionPollMs;
      }
    }
    await setFinalizers(wukong, []);
    return undefined;
  }

  /** Of the finalizers only multinic's own are written. */
  async function setFinalizers(wukong: Wukong, finalizers: string[]): Promise<void> {
    const has = wukong.metadata.finalizers?.includes(wukongFinalizer) === true;
    if (has === finalizers.includes(wukongFinalizer)) return;
    const { metadata, ...kind } = identityOf(wukong);
    const object = { ...kind, metadata: { ...metadata, finalizers } };
    await client.apply(wukongResource, object, { fieldManager: controllerManager, signal });
  }

  return {
    reconcile,
    markOutdated(key) {
      marked.add(key);
    },
    refused: () => [...known].filter(([, { refusals }]) => refusals > 0).map(([key]) => key),
  };
}

/** With the uid, by which the API server never creates a Wukong that is gone. */
function identityOf({ apiVersion, kind, metadata: { namespace = "", name, uid = "" } }: Wukong): Wukong {
  return { apiVersion, kind, metadata: { namespace, name, uid } };
}

function ownerReferenceTo({ apiVersion, kind, metadata: { name, uid = "" } }: Wukong): OwnerReference {
  return { apiVersion, kind, name, uid, controller: true };
}

/** Changes with everything that multinic writes to a VM, and with its deletion; not with the status. */
function versionOf(vm: VirtualMachine | undefined): string {
  if (vm === undefined) return "";
  const { uid, generation, deletionTimestamp, annotations, labels, ownerReferences } = vm.metadata;
  return JSON.stringify([uid, generation, deletionTimestamp, annotations, labels, ownerReferences]);
}
