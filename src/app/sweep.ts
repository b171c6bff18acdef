// Every minute: removes NADs and Secrets that no VM owns or uses, and makes VMs the owners of just the NADs that they use.
import { ownerReferenceTo } from "../domain/objects/ownership.ts";
import { isKubeError } from "../kube/errors.ts";
import type { KubeClient } from "../kube/kube-client.ts";
import type { KubeLog } from "../kube/log.ts";
import { addOwner, removeOwner } from "./apply/nad-owners.ts";
import { keyOf } from "../kube/object-key.ts";
import { type ClusterView, whenSynced } from "./cluster-view.ts";
import {
  deleteLeft,
  type LeftObject,
  leftNads,
  leftSecrets,
  type NadOfVm,
  unownedUses,
  unusedOwned,
} from "./left-objects.ts";
import { usedByInstance } from "./nads-in-use.ts";

/** Longer than any call takes: what has been left for so long belongs to no call that still runs, at any replica. */
const leftForMs = 10 * 60_000;
const everyMs = 60_000;

export interface SweepOptions {
  readonly client: KubeClient;
  readonly view: ClusterView;
  readonly log: KubeLog;
  /** Milliseconds of a monotonic clock. Creation times are not used, because the API server's clock may differ. */
  readonly now: () => number;
  /** Resolves after `ms`, or when the signal is aborted. */
  readonly sleepOrAborted: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly signal: AbortSignal;
}

/** Resolves when the signal is aborted. A sweep that fails is logged. Several replicas may sweep at the same time. */
export async function sweepRegularly(options: SweepOptions): Promise<void> {
  const { log, signal, sleepOrAborted } = options;
  const sweep = createSweep(options);
  for (;;) {
    await sleepOrAborted(everyMs, signal);
    if (signal.aborted) return;
    try {
      await sweep();
    } catch (error) {
      if (!signal.aborted) log.warn({ err: error }, "the sweep of objects without a VM failed");
    }
  }
}

/** Acts on what has been left for ten minutes, in each sweep of that time. @throws KubeError. */
function createSweep({ client, view, log, now, signal }: SweepOptions): () => Promise<void> {
  let leftSince = new Map<string, number>();
  let isRefused = false;

  const remove = async (left: LeftObject): Promise<void> => {
    const { kind, metadata } = left.object;
    const { namespace, name } = metadata;
    if (await deleteLeft(client, left, { signal }))
      log.info({ kind, namespace, name }, "removed an object that no VM owns or uses");
  };
  const own = async ({ nad, vm }: NadOfVm): Promise<void> => {
    const { namespace, name } = nad.metadata;
    try {
      await addOwner(client, nad, ownerReferenceTo(vm), { signal });
    } catch (error) {
      // The NAD with this uid is gone.
      if (isKubeError(error, "Conflict") || isKubeError(error, "Invalid")) return;
      throw error;
    }
    log.info({ namespace, name, vm: vm.metadata.name }, "made the VM an owner of a NAD that it uses");
  };
  const disown = async ({ nad, vm }: NadOfVm): Promise<void> => {
    const { namespace, name } = nad.metadata;
    const isInUse = await usedByInstance(client, { vm, vmi: view.vmis.get(vm.metadata) }, { signal });
    if (isInUse(keyOf(nad.metadata))) return;
    if ((await removeOwner(client, nad, ownerReferenceTo(vm), { signal })) !== undefined)
      log.info({ namespace, name, vm: vm.metadata.name }, "the VM no longer owns a NAD that it does not use");
  };

  return async () => {
    await whenSynced(view, signal);
    const ofSecrets = await leftSecrets(client, view, { signal });
    if (ofSecrets === undefined && !isRefused) {
      isRefused = true;
      log.info({}, "Secrets without a VM are not looked for: the service may not list Secrets");
    }
    const found: readonly (readonly [string, () => Promise<void>])[] = [
      ...[...leftNads(view), ...(ofSecrets ?? [])].map(
        (left) => [left.object.metadata.uid ?? "", () => remove(left)] as const,
      ),
      ...unownedUses(view).map(
        (use) => [`${use.nad.metadata.uid} ${use.vm.metadata.uid}`, () => own(use)] as const,
      ),
      ...unusedOwned(view).map(
        (unused) => [`${unused.nad.metadata.uid} ${unused.vm.metadata.uid}`, () => disown(unused)] as const,
      ),
    ];
    const before = leftSince;
    leftSince = new Map(found.map(([id]) => [id, before.get(id) ?? now()]));
    for (const [id, act] of found) if (now() - (leftSince.get(id) ?? now()) >= leftForMs) await act();
  };
}
