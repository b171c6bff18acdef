// The scheduler, one per node: binds the pods that fall to its node, and says of the others why no node takes them.
import { timestamp } from "../../timestamp.ts";
import { nodes as nodeResource, pods as podResource, type Pod } from "../resources.ts";
import { resourcePath } from "../../../kube/resource.ts";
import type { NodeContext } from "./context.ts";
import { recordPodEvent } from "./pod-events.ts";
import { unschedulableStatus } from "./pod-status.ts";
import { chooseNode, vmiUid } from "./scheduling.ts";

/** Binds the pod when it falls to this node; writes the condition and the event once when it falls to none. */
export async function schedulePod(context: NodeContext, pod: Pod): Promise<void> {
  const { client, nodeName, clock } = context;
  const siblings = context
    .podsByVmi(vmiUid(pod) ?? "")
    .filter(({ metadata }) => metadata.uid !== pod.metadata.uid);
  const nodes = [...context.nodes.values()];
  const choice = chooseNode(pod, nodes, siblings);
  if (choice.kind === "node") {
    if (choice.name !== nodeName) return;
    const { namespace, name } = pod.metadata;
    const target = { apiVersion: "v1", kind: nodeResource.kind, name: nodeName };
    const binding = { apiVersion: "v1", kind: "Binding", metadata: { namespace, name }, target };
    await client.post(resourcePath(podResource, { namespace, name }, "binding"), binding);
    return;
  }
  // One of the nodes says so for all.
  const first = nodes.map(({ metadata }) => metadata.name).sort()[0];
  const said = pod.status?.conditions?.find(({ type }) => type === "PodScheduled")?.message;
  const { message } = choice;
  if (first !== nodeName || said === message) return;
  const now = timestamp(clock());
  await client.replaceStatus(podResource, { ...pod, status: unschedulableStatus(pod, message, now) });
  const event = {
    type: "Warning",
    reason: "FailedScheduling",
    message,
    component: "default-scheduler",
  } as const;
  await recordPodEvent(client, pod, event, { host: nodeName, now });
}
