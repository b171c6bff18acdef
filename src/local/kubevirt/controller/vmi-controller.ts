// Brings one VMI from Pending to Scheduled by creating its pod, keeps its status, and ends it (KubeVirt: watch/vmi).
import { findCondition } from "../../../domain/objects/conditions.ts";
import { isKubeError } from "../../../kube/errors.ts";
import { hasEnded, annotations, labels, pods as podResource, type Pod } from "../resources.ts";
import { migrationRequiredType } from "../status-fields.ts";
import { refOf } from "../../../kube/object-key.ts";
import { currentPod, isReady, podsOf } from "./launcher-state.ts";
import { createLauncher, MissingNadError } from "./create-launcher.ts";
import { runningNetworksAnnotation, UnknownBindingError } from "./network-annotation.ts";
import { isControlledBy, type Vmi } from "./objects.ts";
import { nextVmi, type VmiView } from "./vmi-status.ts";
import type { Outcome } from "../../../kube/watch/work-queue.ts";
import type { ControllerContext } from "./context.ts";
import { fieldManager, ignoring, patchVmi } from "./writes.ts";

/** Delay before another attempt to create a pod. */
const failedPodRetryMs = 5_000;

/** Reconciles one VMI. @throws KubeError; the next call continues from there. */
export async function reconcileVmi(context: ControllerContext, key: string): Promise<Outcome> {
  const vmi = context.vmis.get(refOf(key));
  if (vmi === undefined) return undefined;
  const known = await knownPods(context, vmi);
  const { pod, failure } = await syncPod(context, vmi, known);
  const vm = context.vms.get(vmi.metadata);
  const next = nextVmi({
    vmi,
    pods:
      pod === undefined || known.some(({ metadata }) => metadata.uid === pod.metadata.uid) ? known : [pod],
    pod,
    hasVm: vm !== undefined && isControlledBy(vmi, vm),
    failure,
    now: context.clock(),
    migrationGraceMs: context.delays.migrationGraceMs,
  });
  await patchVmi(context.client, vmi, next);
  if (failure !== undefined) return failedPodRetryMs;
  const pending = findCondition(next.status?.conditions, migrationRequiredType)?.status === "False";
  return pending ? context.delays.reevaluateMs : undefined;
}

/** The VMI's pods, from the API server when an expected pod is not in the cache. */
async function knownPods(context: ControllerContext, vmi: Vmi): Promise<readonly Pod[]> {
  const cached = podsOf(vmi, context.launchers(vmi.metadata.uid ?? ""));
  if (isUnprocessed(vmi) || (hasEnded(vmi) ? cached.length > 0 : currentPod(vmi, cached) !== undefined)) {
    return cached;
  }
  const labelSelector = `${labels.createdBy}=${vmi.metadata.uid ?? ""}`;
  const { namespace } = vmi.metadata;
  return podsOf(vmi, (await context.client.list(podResource, { namespace, labelSelector })).items);
}

function isUnprocessed(vmi: Vmi): boolean {
  const phase = vmi.status?.phase ?? "";
  return phase === "" || phase === "Pending";
}

type Sync = Pick<VmiView, "pod" | "failure">;

async function syncPod(context: ControllerContext, vmi: Vmi, pods: readonly Pod[]): Promise<Sync> {
  const pod = currentPod(vmi, pods);
  if (vmi.metadata.deletionTimestamp !== undefined) {
    await deletePods(context, pods);
    return { pod };
  }
  if (pod === undefined) return isUnprocessed(vmi) ? await createPod(context, vmi) : { pod };
  if (!hasEnded(vmi) && isReady(pod)) await annotate(context, vmi, pod);
  return { pod };
}

async function deletePods({ client }: ControllerContext, pods: readonly Pod[]): Promise<void> {
  for (const pod of pods) {
    if (pod.metadata.deletionTimestamp !== undefined && !hasEnded(pod)) continue;
    await ignoring("NotFound", client.delete(podResource, pod.metadata, { uid: pod.metadata.uid }));
  }
}

async function createPod(context: ControllerContext, vmi: Vmi): Promise<Sync> {
  try {
    return { pod: await createLauncher(context, vmi) };
  } catch (error) {
    if (error instanceof UnknownBindingError || error instanceof MissingNadError) {
      return noPod(`failed to render launch manifest: ${error.message}`);
    }
    if (isKubeError(error, "Forbidden") || isKubeError(error, "Invalid")) {
      return noPod(`failed to create virtual machine pod: ${error.message}`);
    }
    throw error;
  }
}

function noPod(message: string): Sync {
  return { pod: undefined, failure: { reason: "FailedCreate", message } };
}

/** Writes NICs that were added or removed while the pod runs into Multus' annotation. */
async function annotate(context: ControllerContext, vmi: Vmi, pod: Pod): Promise<void> {
  const networks = runningNetworksAnnotation(vmi, context.rules.bindingPlugins);
  if (networks === undefined || networks === (pod.metadata.annotations?.[annotations.networks] ?? "")) return;
  const patch = { metadata: { annotations: { [annotations.networks]: networks } } };
  await context.client.mergePatch(podResource, pod.metadata, patch, { fieldManager });
}
