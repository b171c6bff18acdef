// The scheduler, one per node. Its choice among the nodes is pure and the same on every node: the chosen node binds the
// pod, so that nodes need not communicate.
import { timestamp } from "../../timestamp.ts";
import {
  hasEnded,
  labels,
  nodes as nodeResource,
  pods as podResource,
  type Node,
  type Pod,
} from "../resources.ts";
import { resourcePath } from "../../../kube/resource.ts";
import type { NodeContext } from "./context.ts";
import { recordPodEvent } from "./pod-events.ts";
import { unschedulableStatus } from "./pod-status.ts";

/** Binds the pod if this node is chosen; if no node is, writes the condition and the event once. */
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
  // Only the first node reports it.
  const first = nodes.map(({ metadata }) => metadata.name).sort()[0];
  const reported = pod.status?.conditions?.find(({ type }) => type === "PodScheduled")?.message;
  const { message } = choice;
  if (first !== nodeName || reported === message) return;
  const now = timestamp(clock());
  await client.replaceStatus(podResource, { ...pod, status: unschedulableStatus(pod, message, now) });
  const component = "default-scheduler";
  const event = { type: "Warning", reason: "FailedScheduling", message, component } as const;
  await recordPodEvent(client, pod, event, { host: nodeName, now });
}

/** Label of nodes on which KubeVirt may start VMs. */
export const schedulableLabel = "kubevirt.io/schedulable";

type Choice =
  | { readonly kind: "node"; readonly name: string }
  /** `message` is the text of the condition PodScheduled. */
  | { readonly kind: "none"; readonly message: string };

/**
 * The first node by name that fits. Pods of one VMI avoid each other, so a migration target goes to another node.
 * `siblings` are the other pods of the same VMI.
 */
export function chooseNode(pod: Pod, nodes: readonly Node[], siblings: readonly Pod[]): Choice {
  const taken = new Set(siblings.filter(occupies).map(({ spec }) => spec.nodeName));
  const refusals = new Map<string, number>();
  for (const node of [...nodes].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))) {
    const why = whyNot(pod, node) ?? (taken.has(node.metadata.name) ? antiAffinity : undefined);
    if (why === undefined) return { kind: "node", name: node.metadata.name };
    refusals.set(why, (refusals.get(why) ?? 0) + 1);
  }
  const reasons = [...refusals].map(([why, count]) => `${count} ${why}`).join(", ");
  return { kind: "none", message: `0/${nodes.length} nodes are available: ${reasons}.` };
}

const antiAffinity = "node(s) didn't match pod anti-affinity rules";

/** Every simulated node matches the selectors of KubeVirt and the platform. */
const metEverywhere = /^(?:.*\.)?kubevirt\.io\/|^kubernetes\.io\/(?:arch|os)$/;

function whyNot(pod: Pod, node: Node): string | undefined {
  if (node.spec?.unschedulable === true) return "node(s) were unschedulable";
  if (node.metadata.labels?.[schedulableLabel] !== "true")
    return "node(s) didn't match Pod's node affinity/selector";
  const unmet = Object.entries(pod.spec.nodeSelector ?? {}).find(
    ([key, value]) => !metEverywhere.test(key) && node.metadata.labels?.[key] !== value,
  );
  if (unmet !== undefined) return "node(s) didn't match Pod's node affinity/selector";
  const missing = extendedResources(pod).find((name) => node.status?.allocatable?.[name] === undefined);
  return missing === undefined ? undefined : `Insufficient ${missing}`;
}

/** Device-plugin resources that the pod requests; how many are left is not counted. */
function extendedResources(pod: Pod): string[] {
  return pod.spec.containers
    .flatMap(({ resources }) => Object.keys({ ...resources?.requests, ...resources?.limits }))
    .filter((name) => name.includes("/") && !name.startsWith("devices.kubevirt.io/"));
}

function occupies(pod: Pod): boolean {
  return !hasEnded(pod) && pod.metadata.deletionTimestamp === undefined && pod.spec.nodeName !== undefined;
}

/** The uid of the pod's VMI. */
export function vmiUid(pod: Pod): string | undefined {
  return pod.metadata.labels?.[labels.createdBy];
}
