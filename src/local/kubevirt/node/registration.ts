// The Node object of one node, with KubeVirt's labels and virt-handler's heartbeat.
import { isKubeError } from "../../../kube/errors.ts";
import type { FullKubeClient } from "../../../kube/kube-client.ts";
import { nodes, type Node } from "../resources.ts";
import { schedulableLabel } from "./scheduler.ts";

/** virt-controller marks the VMIs of a node as failed when its heartbeat is five minutes old. */
export const heartbeatEveryMs = 30_000;

const heartbeat = "kubevirt.io/heartbeat";

/** Creates the node, or updates an existing one. `resources` are added to those of every KubeVirt node. */
export async function registerNode(
  client: FullKubeClient,
  nodeName: string,
  resources: Readonly<Record<string, string>>,
  now: string,
): Promise<void> {
  const labels = {
    [schedulableLabel]: "true",
    "kubernetes.io/arch": "amd64",
    "kubernetes.io/os": "linux",
    "kubernetes.io/hostname": nodeName,
    "machine-type.node.kubevirt.io/q35": "true",
  };
  const metadata = { name: nodeName, labels, annotations: { [heartbeat]: now } };
  try {
    await client.create(nodes, { apiVersion: "v1", kind: "Node", metadata });
  } catch (error) {
    if (!isKubeError(error, "AlreadyExists")) throw error;
    await client.mergePatch(nodes, metadata, { metadata: { labels, annotations: metadata.annotations } });
  }
  await client.mergePatch(nodes, metadata, { status: nodeStatus(resources, now) }, { subresource: "status" });
}

/** Writes virt-handler's heartbeat. */
export async function beat(client: FullKubeClient, nodeName: string, now: string): Promise<void> {
  await client.mergePatch(nodes, { name: nodeName }, { metadata: { annotations: { [heartbeat]: now } } });
}

function nodeStatus(resources: Readonly<Record<string, string>>, now: string): NonNullable<Node["status"]> {
  const capacity = {
    cpu: "64",
    memory: "512Gi",
    pods: "500",
    "ephemeral-storage": "1Ti",
    "devices.kubevirt.io/kvm": "1k",
    "devices.kubevirt.io/tun": "1k",
    "devices.kubevirt.io/vhost-net": "1k",
    ...resources,
  };
  return {
    capacity,
    allocatable: capacity,
    conditions: [{ type: "Ready", status: "True", reason: "KubeletReady", lastTransitionTime: now }],
  };
}
