// kubelet for the virt-launcher pods of one node: starts them when their sandbox is ready, ends them with their guest, and
// removes them.
import type { VirtualMachineInstance } from "../../../domain/objects/kubernetes.ts";
import { timestamp } from "../../timestamp.ts";
import { hasEnded, pods as podResource, type Pod } from "../resources.ts";
import type { Outcome } from "../../../kube/watch/work-queue.ts";
import { refOf } from "../../../kube/object-key.ts";
import type { NodeContext } from "./context.ts";
import { reattachNetworks } from "./multus.ts";
import { createPodAddresses } from "./pod-addresses.ts";
import { creatingStatus, runningStatus, succeededStatus } from "./pod-status.ts";
import { createSandboxes, writeNetworkStatus } from "./sandbox.ts";
import { schedulePod, vmiUid } from "./scheduler.ts";
import { createStopwatch } from "./delays.ts";

/** How often a deleted pod is checked for the end of its guest. */
const shutdownPollMs = 50;

/**
 * @returns the reconciler of a pod, by key. `dynamicNetworks`: multus-dynamic-networks-controller runs too, so that changed
 * annotations reach running pods.
 */
export function createKubelet(
  context: NodeContext,
  { dynamicNetworks }: { readonly dynamicNetworks: boolean },
): (key: string) => Promise<Outcome> {
  const { client, nodeName, delays, clock } = context;
  const addresses = createPodAddresses(nodeName, () => context.pods.values());
  const sandboxes = createSandboxes(context);
  const stopwatch = createStopwatch(clock);

  async function create(pod: Pod): Promise<number | undefined> {
    if (pod.status?.containerStatuses === undefined) {
      await client.replaceStatus(podResource, { ...pod, status: creatingStatus(pod, timestamp(clock())) });
      return;
    }
    const podIP = addresses.of(pod);
    const sandbox = await sandboxes.prepare(pod, podIP);
    if (sandbox !== "ready") return sandbox === "written" ? undefined : sandbox;
    const left = stopwatch.remaining(`start/${pod.metadata.uid ?? ""}`, delays.podStartMs);
    if (left > 0) return left;
    await client.replaceStatus(podResource, {
      ...pod,
      status: runningStatus(pod, podIP, timestamp(clock())),
    });
    return;
  }

  async function keepRunning(pod: Pod): Promise<undefined> {
    if (launcherEnds(pod)) {
      await client.replaceStatus(podResource, { ...pod, status: succeededStatus(pod, timestamp(clock())) });
      return;
    }
    if (!dynamicNetworks) return;
    const statuses = reattachNetworks(pod, addresses.of(pod), (ref) => context.nads.get(ref));
    if (statuses !== undefined) await writeNetworkStatus(context, pod, statuses);
  }

  /** virt-launcher ends when its guest has ended or moved to another node. */
  function launcherEnds(pod: Pod): boolean {
    const vmi = vmiOf(pod);
    if (vmi === undefined) return false;
    if (hasEnded(vmi)) return true;
    const { migrationState: state, nodeName: vmiNode } = vmi.status ?? {};
    return state?.["completed"] === true && state["sourcePod"] === pod.metadata.name && vmiNode !== nodeName;
  }

  /** The guest ends first; then the pod is removed. */
  async function remove(pod: Pod): Promise<number | undefined> {
    const { namespace, name, uid = "" } = pod.metadata;
    const left = stopwatch.remaining(`stop/${uid}`, delays.shutdownMs);
    if (left > 0) return left;
    if (runsGuest(pod)) return shutdownPollMs;
    await client.delete(podResource, { namespace, name }, { gracePeriodSeconds: 0, uid });
    addresses.release(uid);
    sandboxes.forget(uid);
    return;
  }

  function runsGuest(pod: Pod): boolean {
    const status = vmiOf(pod)?.status;
    const active = status?.phase === "Scheduled" || status?.phase === "Running";
    return (
      active &&
      status.nodeName === nodeName &&
      context.machines.running.get(vmiUid(pod) ?? "")?.node === nodeName
    );
  }

  function vmiOf(pod: Pod): VirtualMachineInstance | undefined {
    return context.vmisByUid(vmiUid(pod) ?? "")[0];
  }

  return async (key) => {
    const pod = context.pods.get(refOf(key));
    if (pod === undefined) return;
    const { nodeName: bound = "" } = pod.spec;
    const deleted = pod.metadata.deletionTimestamp !== undefined;
    if (bound === "" && !deleted) await schedulePod(context, pod);
    if (bound !== nodeName) return;
    if (deleted) return await remove(pod);
    if (pod.status?.phase === undefined || pod.status.phase === "Pending") return await create(pod);
    if (pod.status.phase === "Running") return await keepRunning(pod);
    return;
  };
}
