// Brings one VMI from Pending to Scheduled by way of its pod, keeps its status, and ends it (KubeVirt: watch/vmi).
import { findCondition } from "../../../domain/objects/conditions.ts";
import { isKubeError } from "../../../kube/errors.ts";
import { hasEnded, annotations, labels, pods as podResource, type Pod } from "../resources.ts";
import { refOf } from "../../../kube/object-key.ts";
import { launcherPod } from "./launcher-pod.ts";
import { currentPod, isReady, podsOf } from "./launcher-state.ts";
import { createPodOnce } from "./create-pod.ts";
import { migrationRequiredType } from "./migration-required.ts";
import { runningNetworksAnnotation, UnknownBindingError } from "./network-annotation.ts";
import { isControlledBy, type Vmi } from "./objects.ts";
import { askedResources, MissingNadError } from "./network-resources.ts";
import { patchVmi } from "./vmi-patch.ts";
import { nextVmi, type VmiView } from "./vmi-status.ts";
import type { Outcome } from "../../../kube/watch/work-queue.ts";
import { fieldManager, type ControllerContext } from "./context.ts";

/** When a VMI whose pod could not be made is looked at again. */
const failedPodRetryMs = 5_000;

/** One look at a VMI. @throws KubeError; the next look goes on from there. */
export async function reconcileVmi(context: ControllerContext, key: string): Promise<Outcome> {
  const vmi = context.vmis.get(refOf(key));
  if (vmi === undefined) return undefined;
  const known = await knownPods(context, vmi);
  const { pod, failure } = await syncPod(context, vmi, known);
  const view: VmiView = {
    vmi,
    pods:
      pod === undefined || known.some(({ metadata }) => metadata.uid === pod.metadata.uid) ? known : [pod],
    pod,
    hasVm: hasVm(context, vmi),
    failure,
    now: context.clock(),
    migrationGraceMs: context.delays.migrationGraceMs,
  };
  const next = nextVmi(view);
  await patchVmi(context.client, vmi, next);
  if (failure !== undefined) return failedPodRetryMs;
  const pending = findCondition(next.status?.conditions, migrationRequiredType)?.status === "False";
  return pending ? context.delays.reevaluateMs : undefined;
}

/** The VMI's pods. That one which ought to be there is missing is believed only of the API server itself. */
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
    return { pod, failure: undefined };
  }
  if (pod === undefined)
    return isUnprocessed(vmi) ? await createPod(context, vmi) : { pod, failure: undefined };
  if (!hasEnded(vmi) && isReady(pod)) await annotate(context, vmi, pod);
  return { pod, failure: undefined };
}

async function deletePods(context: ControllerContext, pods: readonly Pod[]): Promise<void> {
  for (const pod of pods) {
    if (pod.metadata.deletionTimestamp !== undefined && !hasEnded(pod)) continue;
    try {
      await context.client.delete(podResource, pod.metadata, { uid: pod.metadata.uid });
    } catch (error) {
      if (!isKubeError(error, "NotFound")) throw error;
    }
  }
}

async function createPod(context: ControllerContext, vmi: Vmi): Promise<Sync> {
  try {
    const networkResources = await askedResources(context, vmi);
    const wanted = launcherPod(vmi, { rules: context.rules, networkResources });
    return { pod: await createPodOnce(context.client, wanted), failure: undefined };
  } catch (error) {
    if (error instanceof UnknownBindingError || error instanceof MissingNadError) {
      const message = `failed to render launch manifest: ${error.message}`;
      return { pod: undefined, failure: { reason: "FailedCreate", message } };
    }
    if (isKubeError(error, "Forbidden") || isKubeError(error, "Invalid")) {
      const message = `failed to create virtual machine pod: ${error.message}`;
      return { pod: undefined, failure: { reason: "FailedCreate", message } };
    }
    throw error;
  }
}

/** Tells Multus of NICs that came or went while the pod runs. */
async function annotate(context: ControllerContext, vmi: Vmi, pod: Pod): Promise<void> {
  const networks = runningNetworksAnnotation(vmi, context.rules.bindingPlugins);
  if (networks === undefined || networks === (pod.metadata.annotations?.[annotations.networks] ?? "")) return;
  const patch = { metadata: { annotations: { [annotations.networks]: networks } } };
  await context.client.mergePatch(podResource, pod.metadata, patch, { fieldManager });
}

function hasVm(context: ControllerContext, vmi: Vmi): boolean {
  const vm = context.vms.get(vmi.metadata);
  return vm !== undefined && isControlledBy(vmi, vm);
}
