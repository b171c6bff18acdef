// What the nodes have of bridges and devices, from the marks and reports that clusters keep of them.
import type { NodeBridge, NodeFact } from "./facts.ts";

type BridgeName = Pick<NodeBridge, "kind" | "name">;

/** bridge-marker and ovs-cni's marker offer each bridge of a node as a resource under this prefix. */
const markPrefix = { linux: "bridge.network.kubevirt.io/", ovs: "ovs-cni.network.kubevirt.io/" } as const;

/** The resource that marks the bridge. */
export function markOf({ kind, name }: BridgeName): string {
  return markPrefix[kind] + name;
}

/** The nodes where KubeVirt starts VMs. */
export function nodesForVms(nodes: readonly NodeFact[] | undefined): readonly NodeFact[] {
  return nodes?.filter(({ takesVms }) => takesVms) ?? [];
}

/** The nodes without the bridge; undefined when nothing tells of any node's bridges of that kind. */
export function nodesWithoutBridge(
  nodes: readonly NodeFact[],
  bridge: BridgeName,
): readonly NodeFact[] | undefined {
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

/** NMState's report of that bridge on that node. */
export function bridgeOf({ bridges = [] }: NodeFact, { kind, name }: BridgeName): NodeBridge | undefined {
  return bridges.find((bridge) => bridge.kind === kind && bridge.name === name);
}

/** True when the kubelet offers at least one of the resource. */
export function offers({ allocatable }: NodeFact, resource: string): boolean {
  return Object.hasOwn(allocatable, resource) && allocatable[resource] !== "0";
}
