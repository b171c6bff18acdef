// Prepares what a pod's containers need to start: its Secrets, and its networks from Multus.
import { timestamp } from "../../timestamp.ts";
import { secrets } from "../../../kube/resource.ts";
import { annotations, pods as podResource, type Pod } from "../resources.ts";
import { networkStatuses, type NetworkStatus } from "../network-status.ts";
import type { NodeContext } from "./context.ts";
import { attachNetworks, type AttachFailure } from "./multus.ts";
import { recordPodEvent, type PodEvent } from "./pod-events.ts";

interface Sandboxes {
  /**
   * @returns "ready" when the pod as given has network-status; "written" when it was just written and a change of the pod
   * will follow; after a failure, with its events, the milliseconds until the retry.
   */
  prepare(pod: Pod, podIP: string): Promise<"ready" | "written" | number>;
  /** Forgets the failures of a removed pod. */
  forget(podUid: string): void;
}

/** Writes the events of a failure at most once per retry, and logs it once. */
export function createSandboxes(context: NodeContext): Sandboxes {
  const { client, nodeName, delays, clock, log } = context;
  /** The last failure by pod uid. */
  const reported = new Map<string, { readonly text: string; readonly atMs: number }>();

  async function report(pod: Pod, failures: readonly PodEvent[]): Promise<number> {
    const { uid = "", namespace, name } = pod.metadata;
    const atMs = clock().getTime();
    const text = failures.map(({ message }) => message).join("; ");
    const before = reported.get(uid);
    const known = before?.text === text;
    if (known && atMs < before.atMs + delays.sandboxRetryMs)
      return before.atMs + delays.sandboxRetryMs - atMs;
    reported.set(uid, { text, atMs });
    if (!known) log.warn({ namespace, pod: name, why: text }, "the pod cannot start");
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
      if (missing !== undefined) return await report(pod, [missing]);
      const attachment = attachNetworks(pod, podIP, (ref) => context.nads.get(ref));
      if (attachment.kind === "failed") return await report(pod, sandboxEvents(attachment.failure));
      await writeNetworkStatus(context, pod, attachment.statuses);
      return "written";
    },
    forget(podUid) {
      reported.delete(podUid);
    },
  };
}

/** With the uid the API server refuses the patch if another pod now has the name. */
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
  const reason = "FailedCreatePodSandBox";
  const kubelet = { type: "Warning", reason, message, component: "kubelet" } as const;
  return event === undefined ? [kubelet] : [{ type: "Warning", component: "multus", ...event }, kubelet];
}
