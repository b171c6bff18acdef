// The pod of a node's virt-handler, which virt-operator's DaemonSet creates on a real cluster.
import type { FullKubeClient } from "../../../kube/kube-client.ts";
import { labels, pods, virtHandler, type Pod } from "../resources.ts";

/** KubeVirt's name and number (pkg/virt-operator/resource/generate/components/daemonsets.go). */
const metricsPort = { name: "metrics", containerPort: 8443 };

/** Creates the pod in phase Running. @returns the address of its metrics, `IP:PORT`. */
export async function createHandlerPod(
  client: FullKubeClient,
  nodeName: string,
  podIP: string,
): Promise<string> {
  const metadata = {
    namespace: "kubevirt",
    name: `${virtHandler}-${nodeName}`,
    labels: { [labels.app]: virtHandler },
  };
  const spec: Pod["spec"] = {
    nodeName,
    containers: [{ name: virtHandler, image: virtHandler, ports: [metricsPort] }],
  };
  await client.create(pods, { apiVersion: "v1", kind: "Pod", metadata, spec });
  const status: Pod["status"] = {
    phase: "Running",
    podIP,
    podIPs: [{ ip: podIP }],
    conditions: [{ type: "Ready", status: "True" }],
  };
  await client.mergePatch(pods, metadata, { status }, { subresource: "status" });
  return `${podIP}:${metricsPort.containerPort}`;
}
