// Which bridges and devices the nodes have, from marker resources and reports of NMState.
import type { BridgeOnNodes, NodeBridge, NodeFact, NodeIndex } from "../facts.ts";
import { clusterNetwork } from "./cluster-networks.ts";

type BridgeName = Pick<NodeBridge, "kind" | "name">;

/** bridge-marker and ovs-cni's marker add a resource with this prefix for each bridge of a node. */
const markPrefix = { linux: "bridge.network.kubevirt.io/", ovs: "ovs-cni.network.kubevirt.io/" } as const;

/** The resource that marks the bridge. */
export function markOf({ kind, name }: BridgeName): string {
  return markPrefix[kind] + name;
}

export function indexNodes(nodes: readonly NodeFact[]): NodeIndex {
  const forVms = nodes.filter(({ takesVms }) => takesVms);
  const withNmstate = forVms.filter(({ bridges }) => bridges !== undefined);
  const reporting = (kind: NodeBridge["kind"]): readonly NodeFact[] | undefined => {
    const isMarked = forVms.some(({ allocatable }) =>
      Object.keys(allocatable).some((name) => name.startsWith(markPrefix[kind])),
    );
    if (isMarked) return forVms;
    return withNmstate.length > 0 ? withNmstate : undefined;
  };
  return {
    forVms,
    reporting: { linux: reporting("linux"), ovs: reporting("ovs") },
    bridges: bridgesOf(forVms),
    networks: nodes.flatMap(({ name, podCidrs, addresses }) => [
      ...podCidrs.flatMap((text) => clusterNetwork(`the pod network of node ${name}`, text)),
      ...addresses.flatMap((text) =>
        clusterNetwork(`the address of node ${name}`, `${text}/${text.includes(":") ? 128 : 32}`),
      ),
    ]),
  };
}

export const noNodes = indexNodes([]);

/** The report of NMState takes precedence over the marker resources of a node. */
function bridgesOf(nodes: readonly NodeFact[]): NodeIndex["bridges"] {
  const found = new Map<string, { nodes: Set<NodeFact>; smallestMtu: BridgeOnNodes["smallestMtu"] }>();
  for (const node of nodes) {
    const reported = node.bridges?.map((bridge) => ({ mark: markOf(bridge), mtu: bridge.mtu }));
    for (const { mark, mtu = Infinity } of reported ?? marksOf(node)) {
      const bridge = found.get(mark) ?? { nodes: new Set(), smallestMtu: undefined };
      found.set(mark, bridge);
      bridge.nodes.add(node);
      if (mtu < (bridge.smallestMtu?.mtu ?? Infinity)) bridge.smallestMtu = { node: node.name, mtu };
    }
  }
  return found;
}

function marksOf(node: NodeFact): readonly { readonly mark: string; readonly mtu: undefined }[] {
  return Object.keys(node.allocatable)
    .filter((name) => Object.values(markPrefix).some((prefix) => name.startsWith(prefix)))
    .filter((name) => offers(node, name))
    .map((mark) => ({ mark, mtu: undefined }));
}

/** The nodes without the bridge; undefined if nothing reports bridges of its kind. */
export function nodesWithoutBridge(
  { reporting, bridges }: NodeIndex,
  bridge: BridgeName,
): readonly NodeFact[] | undefined {
  const nodes = reporting[bridge.kind];
  const having = bridges.get(markOf(bridge))?.nodes;
  if (nodes === undefined || having === undefined) return nodes;
  return having.size === nodes.length ? [] : nodes.filter((node) => !having.has(node));
}

/** The node whose bridge has the smallest MTU by NMState; undefined if no node reports an MTU. */
export function smallestMtu({ bridges }: NodeIndex, bridge: BridgeName): BridgeOnNodes["smallestMtu"] {
  return bridges.get(markOf(bridge))?.smallestMtu;
}

/** True if the node has at least one of the resource. */
export function offers({ allocatable }: NodeFact, resource: string): boolean {
  return Object.hasOwn(allocatable, resource) && allocatable[resource] !== "0";
}
