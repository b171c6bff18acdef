// Reads virt-handler's metrics at its pods' addresses, over TLS with the CA of KubeVirt, without the API server in between.
import { request } from "node:https";
import type { PeerCertificate } from "node:tls";
import { checkServerIdentity } from "node:tls";
import { boundedText } from "../kube/bounded-text.ts";
import type { KubernetesObject } from "../domain/objects/kubernetes.ts";
import type { KubeClient } from "../kube/kube-client.ts";
import type { Resource } from "../kube/resource.ts";
import { type FindTargets, maxBytes, metricsPort, runningPods } from "./virt-handler-targets.ts";

interface ConfigMap extends KubernetesObject {
  readonly data?: Readonly<Record<string, string>>;
}
const configMaps: Resource<ConfigMap> = {
  group: "",
  version: "v1",
  plural: "configmaps",
  kind: "ConfigMap",
  namespaced: true,
};

/** Written by virt-operator (KubeVirt pkg/virt-operator/resource/generate/components/secrets.go). */
const caName = "kubevirt-ca";
const caKey = "ca-bundle";
/** The certificates of virt-handler name no address of a pod; KubeVirt's own clients check this name instead. */
const commonName = "kubevirt.io:system:node:virt-handler";

/**
 * The running virt-handler pods, as podTargets finds them, at `https://IP:8443/metrics`. A peer whose certificate is not of
 * KubeVirt's CA, or is of another component, is not read. The CA is read again with the pods, because KubeVirt rotates it.
 * Needs `list` of kubevirts, and `list` of pods and `get` of the ConfigMap kubevirt-ca in the namespace of KubeVirt.
 */
export function directTargets(client: KubeClient): FindTargets {
  const bundles = new Map<string, string>();
  return async (signal) => {
    const pods = await runningPods(client, signal);
    for (const namespace of new Set(pods.map(({ metadata }) => metadata.namespace ?? ""))) {
      const { data } = (await client.find(configMaps, { namespace, name: caName }, { signal })) ?? {};
      const bundle = data?.[caKey];
      if (bundle === undefined) {
        throw new Error(`the ConfigMap ${namespace}/${caName} has no ${caKey}; is KubeVirt deployed?`);
      }
      bundles.set(namespace, bundle);
    }
    return pods.flatMap(({ metadata: { namespace = "" }, status }) => {
      if (status?.podIP === undefined) return [];
      const host = status.podIP.includes(":") ? `[${status.podIP}]` : status.podIP;
      const url = `https://${host}:${metricsPort}/metrics`;
      return [{ url, read: async (until) => await readTls(url, bundles.get(namespace) ?? "", until) }];
    });
  };
}

/** GET over TLS. @throws Error for another peer than virt-handler, and for any answer but 200. */
export async function readTls(url: string, ca: string, signal: AbortSignal): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const options = {
    ca,
    signal,
    agent: false,
    checkServerIdentity: identityError,
    headers: { accept: "text/plain;version=0.0.4" },
  };
  const sent = request(url, options, (answer) => {
    if (answer.statusCode === 200) boundedText(answer, maxBytes).then(resolve, reject);
    else {
      answer.resume();
      reject(new Error(`HTTP ${answer.statusCode}`));
    }
  });
  sent.on("error", reject);
  sent.end();
  return await promise;
}

function identityError(host: string, certificate: PeerCertificate): Error | undefined {
  return certificate.subject.CN === commonName ? undefined : checkServerIdentity(host, certificate);
}
