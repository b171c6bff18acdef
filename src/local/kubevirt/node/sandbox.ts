// What must be there before a pod's containers can start: its Secrets, and its networks by Multus.
import { timestamp } from "../../timestamp.ts";
import { secrets } from "../../../kube/resource.ts";
import { annotations, pods as podResource, type Pod } from "../resources.ts";
import { networkStatuses, type NetworkStatus } from "../network-status.ts";
import type { NodeContext } from "./context.ts";
import { attachNetworks, type AttachFailure } from "./multus.ts";
import { recordPodEvent, type PodEvent } from "./pod-events.ts";

/** Makes sandboxes of the pods of one node. */
export interface Sandboxes {
  /**
   * "ready" once network-status is on the pod as given; "made" when it was just written and the pod comes again with
   * it; a number: it failed, the events say why, and it is to be tried again after that many milliseconds.
   */
  prepare(pod: Pod, podIP: string): Promise<"ready" | "made" | number>;
  /** Forgets what it said about the pod. */
  forget(podUid: string): void;
}

/** Writes the events of a failed attempt at most once per retry, and logs a failure once. */
export function createSandboxes(context: NodeContext): Sandboxes {
  const { client, nodeName, delays, clock, log } = context;
  /** By pod uid: what the last attempt failed with. */
  const complaints = new Map<string, { readonly text: string; readonly atMs: number }>();

  async function complain(pod: Pod, failures: readonly PodEvent[]): Promise<number> {
    const { uid = "", namespace, name } = pod.metadata;
    const atMs = clock().getTime();
    const text = failures.map(({ message }) => message).join("; ");
    const before = complaints.get(uid);
    const said = before?.text === text;
    if (said && atMs < before.atMs + delays.sandboxRetryMs) return before.atMs + delays.sandboxRetryMs - atMs;
    complaints.set(uid, { text, atMs });
    if (!said) log.warn({ namespace, pod: name, why: text }, "the pod cannot start");
    for (const event of failures) {
      await recordPodEvent(client, pod, event, { host: nodeName, now: timestamp(clock()) });
    }
    return delays.sandboxRetryMs;
  }

  async function missingSecret(pod: Pod): Promise<PodEvent | undefined> {
    for (const volume of pod.spec.volumes ?? []) {
      const source = volume["secret"] as { secretName?: string; optional?: boolean } | undefined;
      if (source?.secretName === undefined || source.optional === true) continue;
      const ref = { namespace: pod.metadata.namespace, name: source.secretName };
      if ((await client.find(secrets, ref)) !== undefined) continue;
      const message = `MountVolume.SetUp failed for volume "${volume.name}" : secret "${source.secretName}" not found`;
      return { type: "Warning", reason: "FailedMount", message, component: "kubelet" };
    }
    return undefined;
  }

  return {
    async prepare(pod, podIP) {
      if (networkStatuses(pod).length > 0) return "ready";
      const missing = await missingSecret(pod);
      if (missing !== undefined) return await complain(pod, [missing]);
      const attachment = attachNetworks(pod, podIP, (ref) => context.nads.get(ref));
      if (attachment.kind === "failed") return await complain(pod, sandboxEvents(attachment.failure));
      await writeNetworkStatus(context, pod, attachment.statuses);
      return "made";
    },
    forget(podUid) {
      complaints.delete(podUid);
    },
  };
}

/** Multus' answer on the pod; refused when another pod has the name by now. */
export async function writeNetworkStatus(
  { client }: NodeContext,
  pod: Pod,
  statuses: readonly NetworkStatus[],
): Promise<void> {
  const { namespace, name, uid } = pod.metadata;
  const patch = { metadata: { uid, annotations: { [annotations.networkStatus]: JSON.stringify(statuses) } } };
  await client.mergePatch(podResource, { namespace, name }, patch);
}

function sandboxEvents({ event, error }: AttachFailure): PodEvent[] {
  const message =
    "Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox: " +
    `plugin type="multus-shim" name="multus-cni-network" failed (add): ${error}`;
  const kubelet = {
    type: "Warning",
    reason: "FailedCreatePodSandBox",
    message,
    component: "kubelet",
  } as const;
  return event === undefined ? [kubelet] : [{ type: "Warning", component: "multus", ...event }, kubelet];
}
