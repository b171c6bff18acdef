// The scheduler's choice among the nodes for one virt-launcher pod. Pure, and the same on every node: the node that is
// chosen binds the pod itself, so that several node parts need not talk to each other.
import { hasEnded, labels, type Node, type Pod } from "../resources.ts";

/** Label of nodes on which KubeVirt may start VMs. */
export const schedulableLabel = "kubevirt.io/schedulable";

export type Choice =
  | { readonly kind: "node"; readonly name: string }
  /** `message` is the text of the condition PodScheduled. */
  | { readonly kind: "none"; readonly message: string };

/**
 * The first node by name that takes the pod. Pods of one VMI avoid each other, which sends a migration target to
 * another node. `siblings` are the other pods of the same VMI.
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

/** Selectors that are KubeVirt's or the platform's own are met by every node of the stand-in. */
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

/** Device-plugin resources that the pod asks for; how many are left is not counted. */
function extendedResources(pod: Pod): string[] {
  return pod.spec.containers
    .flatMap(({ resources }) => Object.keys({ ...resources?.requests, ...resources?.limits }))
    .filter((name) => name.includes("/") && !name.startsWith("devices.kubevirt.io/"));
}

function occupies(pod: Pod): boolean {
  return !hasEnded(pod) && pod.metadata.deletionTimestamp === undefined && pod.spec.nodeName !== undefined;
}

/** The uid of the VMI that the pod belongs to. */
export function vmiUid(pod: Pod): string | undefined {
  return pod.metadata.labels?.[labels.createdBy];
}
