// Data that is large and changes rarely: nodes, their bridges, the networks of Services. It is read at most every ten
// seconds for all callers together. The KubeVirt resource is small and read on every call.
import type { Facts, NodeBridge, NodeFact } from "../domain/facts.ts";
import { indexNodes } from "../domain/network/nodes.ts";
import type { KubernetesObject, KubeVirt, Node, NodeNetworkState } from "../domain/objects/kubernetes.ts";
import { isKubeError } from "../kube/errors.ts";
import type { CallOptions, KubeClient } from "../kube/kube-client.ts";
import { kubeVirts, nodeNetworkStates, nodes, type Resource, serviceCidrs } from "../kube/resource.ts";

/** undefined: the service may not read it, or the cluster has no such kind. */
export type Readings = Pick<Facts, "nodes" | "serviceCidrs">;

export interface ClusterReadings {
  /** @throws KubeError. */
  read(): Promise<Readings>;
}

const freshForMs = 10_000;

/** `now`: milliseconds of a monotonic clock. */
export function createClusterReadings(client: KubeClient, now: () => number): ClusterReadings {
  let last: { readonly at: number; readonly readings: Promise<Readings> } | undefined;
  return {
    async read() {
      if (last === undefined || now() - last.at >= freshForMs) {
        const readings = readAll(client);
        const reading = { at: now(), readings };
        last = reading;
        // A failed reading is not kept, so the next caller tries again.
        readings.catch(() => {
          if (last === reading) last = undefined;
        });
      }
      return await last.readings;
    },
  };
}

async function readAll(client: KubeClient): Promise<Readings> {
  const [nodeList, states, cidrs] = await Promise.all([
    listIfAllowed(client, nodes),
    listIfAllowed(client, nodeNetworkStates),
    listIfAllowed(client, serviceCidrs),
  ]);
  const stateOf = new Map(states?.map((state) => [state.metadata.name, state]));
  // If no node has virt-handler's label, KubeVirt has not set up any node yet, and all nodes count.
  const labelled =
    nodeList?.some(({ metadata }) => metadata.labels?.[schedulableLabel] !== undefined) ?? false;
  return {
    nodes:
      nodeList &&
      indexNodes(nodeList.map((node) => nodeFact(node, labelled, stateOf.get(node.metadata.name)))),
    serviceCidrs: cidrs?.flatMap(({ spec }) => spec?.cidrs ?? []),
  };
}

/** The KubeVirt resource, read on every call; undefined when the service may not read it, or there is none. */
export async function readKubeVirt(client: KubeClient, options: CallOptions): Promise<KubeVirt | undefined> {
  return (await listIfAllowed(client, kubeVirts, options))?.[0];
}

/** undefined if the service may not list it, or the cluster does not have the kind. */
async function listIfAllowed<T extends KubernetesObject>(
  client: KubeClient,
  resource: Resource<T>,
  options: CallOptions = {},
): Promise<readonly T[] | undefined> {
  try {
    return (await client.list(resource, options)).items;
  } catch (error) {
    const isAbsent = isKubeError(error, "NotServed") || isKubeError(error, "NotFound");
    if (isAbsent || isKubeError(error, "Forbidden")) return undefined;
    throw error;
  }
}

/** Set by virt-handler to "true" on nodes where KubeVirt may start VMs. */
const schedulableLabel = "kubevirt.io/schedulable";

function nodeFact(node: Node, labelled: boolean, state: NodeNetworkState | undefined): NodeFact {
  const { metadata, spec, status } = node;
  return {
    name: metadata.name,
    takesVms: spec?.unschedulable !== true && (!labelled || metadata.labels?.[schedulableLabel] === "true"),
    allocatable: status?.allocatable ?? {},
    addresses: (status?.addresses ?? [])
      .filter(({ type }) => type === "InternalIP" || type === "ExternalIP")
      .map(({ address }) => address),
    podCidrs: spec?.podCIDRs ?? [],
    bridges: state?.status?.currentState?.interfaces?.flatMap(({ name, type, mtu }): NodeBridge[] => {
      if (type !== "linux-bridge" && type !== "ovs-bridge") return [];
      return [{ kind: type === "ovs-bridge" ? "ovs" : "linux", name, mtu }];
    }),
  };
}
