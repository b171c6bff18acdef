// The sources of virt-handler's metrics: its pods, through the API server, or URLs that the operator configured.
import type { Pod } from "../domain/objects/kubernetes.ts";
import { boundedText } from "../kube/bounded-text.ts";
import type { KubeClient } from "../kube/kube-client.ts";
import { kubeVirts, pods, resourcePath } from "../kube/resource.ts";

export interface ScrapeTarget {
  /** Its URL, or its path at the API server; identifies it in logs and metrics. */
  readonly url: string;
  /** Its metrics in the Prometheus text format. */
  readonly read: (signal: AbortSignal) => Promise<string>;
}

/** Returns the virt-handlers that run now. */
export type FindTargets = (signal: AbortSignal) => Promise<readonly ScrapeTarget[]>;

/** The metrics of a node with 100 VMs are about 4 MB. */
export const maxBytes = 32 * 1024 * 1024;

/** The label and port of virt-handler's pods (KubeVirt pkg/virt-operator/resource/generate/components/daemonsets.go). */
const labelSelector = "kubevirt.io=virt-handler";
export const metricsPort = 8443;

/**
 * The running virt-handler pods in the namespace of the KubeVirt resource. Pods of other namespaces are not read, because
 * anyone who may create a pod there could forge counters.
 */
export async function runningPods(client: KubeClient, signal: AbortSignal): Promise<readonly Pod[]> {
  const { items: installations } = await client.list(kubeVirts, { signal });
  const lists = await Promise.all(
    installations.map(({ metadata: { namespace } }) =>
      client.list(pods, { namespace, labelSelector, signal }),
    ),
  );
  return lists.flatMap(({ items }) => items.filter(({ status }) => status?.phase === "Running"));
}

/**
 * The running pods, through the API server, which does not check virt-handler's certificate: it is of KubeVirt's own CA and
 * names no address (kube-apiserver's CreateProxyTransport). virt-handler asks for no client certificate (KubeVirt's SetupPromTLS).
 * Needs `list` of kubevirts, and `list` of pods and `get` of pods/proxy in that namespace.
 */
export function podTargets(client: KubeClient): FindTargets {
  return async (signal) => (await runningPods(client, signal)).map((pod) => podTarget(client, pod));
}

function podTarget(client: KubeClient, { metadata: { namespace, name } }: Pod): ScrapeTarget {
  const url = `${resourcePath(pods, { namespace })}/https:${encodeURIComponent(name)}:${metricsPort}/proxy/metrics`;
  return { url, read: (signal) => client.getText(url, { signal, maxBytes }) };
}

/** URLs that are read directly, without credentials. */
export function urlTargets(urls: readonly string[]): FindTargets {
  const targets = [...new Set(urls)].map((url) => ({
    url,
    read: (signal: AbortSignal) => fetchText(url, signal),
  }));
  return () => Promise.resolve(targets);
}

async function fetchText(url: string, signal: AbortSignal): Promise<string> {
  const answer = await fetch(url, { signal, headers: { accept: "text/plain;version=0.0.4" } });
  if (!answer.ok) {
    await answer.body?.cancel();
    throw new Error(`HTTP ${answer.status}`);
  }
  return answer.body === null ? "" : await boundedText(answer.body, maxBytes);
}
