// Events about pods: one object per pod, reason and message, with a count of its repetitions.
import { createHash } from "node:crypto";
import type { KubernetesObject } from "../../../domain/objects/kubernetes.ts";
import { isKubeError } from "../../../kube/errors.ts";
import type { FullKubeClient } from "../../../kube/kube-client.ts";
import type { Resource } from "../../../kube/resource.ts";
import type { Pod } from "../resources.ts";

interface Event extends KubernetesObject {
  apiVersion: "v1";
  kind: "Event";
  involvedObject: { apiVersion: string; kind: string; namespace: string; name: string; uid: string };
  type: "Normal" | "Warning";
  reason: string;
  message: string;
  source: { component: string; host?: string };
  firstTimestamp: string;
  lastTimestamp: string;
  count: number;
}

export const events: Resource<Event> = {
  group: "",
  version: "v1",
  plural: "events",
  kind: "Event",
  namespaced: true,
};

export interface PodEvent {
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
  readonly component: "multus" | "kubelet" | "default-scheduler";
}

/** Creates the event, or increments the count of the same one. */
export async function recordPodEvent(
  client: FullKubeClient,
  pod: Pod,
  event: PodEvent,
  where: { readonly host: string; readonly now: string },
): Promise<void> {
  const { namespace = "", name, uid = "" } = pod.metadata;
  const digest = createHash("sha256")
    .update(`${uid}/${event.reason}/${event.message}`)
    .digest("hex")
    .slice(0, 16);
  const ref = { namespace, name: `${name}.${digest}` };
  const { component, ...said } = event;
  try {
    await client.create(events, {
      apiVersion: "v1",
      kind: "Event",
      metadata: ref,
      involvedObject: { apiVersion: "v1", kind: "Pod", namespace, name, uid },
      ...said,
      source: { component, host: where.host },
      firstTimestamp: where.now,
      lastTimestamp: where.now,
      count: 1,
    });
  } catch (error) {
    if (!isKubeError(error, "AlreadyExists")) throw error;
    const known = await client.get(events, ref);
    await client.mergePatch(events, ref, { count: known.count + 1, lastTimestamp: where.now });
  }
}
