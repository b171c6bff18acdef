// What the nodes have of bridges and devices, from the marks and reports that clusters keep of them.
import type { NodeBridge, NodeFact } from "../facts.ts";

type BridgeName = Pick<NodeBridge, "kind" | "name">;

/** bridge-marker and ovs-cni's marker offer each bridge of a node as a resource under this prefix. */
const markPrefix = { linux: "bridge.network.kubevirt.io/", ovs: "ovs-cni.network.kubevirt.io/" } as const;

/** The resource that marks the bridge. */
export function markOf({ kind, name }: BridgeName): string {
  return markPrefix[kind] + name;
}

/** Answers about a list of nodes, kept as long as the list itself: it may be long, and is asked about by every check. */
const answers = new WeakMap<readonly NodeFact[], Map<string, readonly NodeFact[] | undefined>>();

function once(
  nodes: readonly NodeFact[],
  question: string,
  answer: () => readonly NodeFact[] | undefined,
): readonly NodeFact[] | undefined {
  const known = answers.get(nodes) ?? new Map<string, readonly NodeFact[] | undefined>();
  answers.set(nodes, known);
  if (!known.has(question)) known.set(question, answer());
  return known.get(question);
}

const noNodes: readonly NodeFact[] = [];

/** The nodes where KubeVirt starts VMs. */
export function nodesForVms(nodes: readonly NodeFact[] = noNodes): readonly NodeFact[] {
  return once(nodes, "for VMs", () => nodes.filter(({ takesVms }) => takesVms)) ?? noNodes;
}

/** The nodes without the bridge; undefined when nothing tells of any node's bridges of that kind. */
export function nodesWithoutBridge(
  nodes: readonly NodeFact[],
  bridge: BridgeName,
): readonly NodeFact[] | undefined {
  return once(nodes, `without ${markOf(bridge)}`, () => without(nodes, bridge));
}

function without(nodes: readonly NodeFact[], bridge: BridgeName): readonly NodeFact[] | undefined {
  const prefix = markPrefix[bridge.kind];
  const marked = nodes.some(({ allocatable }) =>
    Object.keys(allocatable).some((name) => name.startsWith(prefix)),
  );
  if (!marked && nodes.every(({ bridges }) => bridges === undefined)) return undefined;
  return nodes.filter((node) => {
    if (node.bridges !== undefined) return bridgeOf(node, bridge) === undefined;
    return marked && !offers(node, markOf(bridge));
  });
}

/** The node whose bridge of that name carries the smallest frames, by NMState; undefined when no node tells. */
export function smallestMtu(
  nodes: readonly NodeFact[],
  bridge: BridgeName,
): { readonly node: string; readonly mtu: number } | undefined {
  const mtuOf = (node: NodeFact): number => bridgeOf(node, bridge)?.mtu ?? Infinity;
  const [node] =
    once(nodes, `smallest ${markOf(bridge)}`, () =>
      nodes.toSorted((a, b) => mtuOf(a) - mtuOf(b)).slice(0, 1),
    ) ?? noNodes;
  return node === undefined || mtuOf(node) === Infinity ? undefined : { node: node.name, mtu: mtuOf(node) };
}

/** NMState's report of that bridge on that node. */
function bridgeOf({ bridges = [] }: NodeFact, { kind, name }: BridgeName): NodeBridge | undefined {
  return bridges.find((bridge) => bridge.kind === kind && bridge.name === name);
}

/** True when the kubelet offers at least one of the resource. */
export function offers({ allocatable }: NodeFact, resource: string): boolean {
  return Object.hasOwn(allocatable, resource) && allocatable[resource] !== "0";
}
