// Simulates one node: scheduler, kubelet, Multus, virt-handler and the guests, as a client of any Kubernetes API server.
// It keeps no other state: after a restart, guests are booted again from their VMIs.
import { timestamp } from "../../timestamp.ts";
import { startCache } from "../../../kube/watch/cache.ts";
import type { FullKubeClient } from "../../../kube/kube-client.ts";
import type { KubeLog } from "../../../kube/log.ts";
import { networkAttachmentDefinitions, virtualMachineInstances } from "../../../kube/resource.ts";
import type { BindingPlugins } from "../configuration.ts";
import { labels, nodes as nodeResource, pods as podResource, virtLauncher } from "../resources.ts";
import { createWorkQueue } from "../../../kube/watch/work-queue.ts";
import { keyOf } from "../../../kube/object-key.ts";
import { indexCache } from "../../../kube/watch/cache-index.ts";
import type { NodeContext } from "./context.ts";
import { fastDelays, type NodeDelays } from "./delays.ts";
import { createKubelet } from "./kubelet.ts";
import { createMachines, type Machines } from "./machines.ts";
import { serveMetrics } from "./metrics-server.ts";
import { beat, heartbeatEveryMs, registerNode } from "./registration.ts";
import { vmiUid } from "./scheduler.ts";
import { createVirtHandler } from "./virt-handler.ts";

export interface NodeOptions {
  /** May read and write pods, nodes, NADs, Secrets and events. */
  readonly client: FullKubeClient;
  /**
   * Writes VMIs as this node's virt-handler. With KubeVirt's own virt-api it must act as the service account
   * kubevirt/kubevirt-handler with the extra `authentication.kubernetes.io/node-name`. Default: client.
   */
  readonly handlerClient?: FullKubeClient;
  readonly nodeName: string;
  readonly log: KubeLog;
  readonly clock: () => Date;
  /** Default: fastDelays. */
  readonly delays?: NodeDelays;
  /** The KubeVirt resource's binding plugins. Default: none. */
  readonly bindings?: BindingPlugins;
  /** The node's device-plugin resources besides KubeVirt's, such as `openshift.io/sriov: "8"`. */
  readonly resources?: Readonly<Record<string, string>>;
  /** multus-dynamic-networks-controller runs too: NICs reach running pods without a migration. Default false. */
  readonly dynamicNetworks?: boolean;
  /** Shared by the cluster's nodes, so that guests can move between them. Default: not shared. */
  readonly machines?: Machines;
  readonly metricsListen: { readonly host: string; readonly port: number };
}

export interface SimulatedNode {
  readonly metricsUrl: string;
  /** Resolves when the node has stopped completely. The Node object is not deleted. */
  stop(): Promise<void>;
}

/** @throws KubeError when the node cannot be registered. */
export async function startNode(options: NodeOptions): Promise<SimulatedNode> {
  const { client, nodeName, log, clock } = options;
  await registerNode(client, nodeName, options.resources ?? {}, timestamp(clock()));
  const caches = {
    pods: startCache(client, podResource, {
      labelSelector: `${labels.app}=${virtLauncher}`,
      project: (pod) => pod,
      log,
    }),
    nodes: startCache(client, nodeResource, { project: (node) => node, log }),
    vmis: startCache(client, virtualMachineInstances, { project: (vmi) => vmi, log }),
    nads: startCache(client, networkAttachmentDefinitions, { project: (nad) => nad, log }),
  };
  const context: NodeContext = {
    ...caches,
    podsByVmi: indexCache(caches.pods, vmiUid),
    vmisByUid: indexCache(caches.vmis, ({ metadata }) => metadata.uid),
    client,
    handlerClient: options.handlerClient ?? client,
    nodeName,
    machines: options.machines ?? createMachines(),
    plugins: options.bindings ?? {},
    delays: options.delays ?? fastDelays,
    clock,
    log,
  };
  const stopCaches = async (): Promise<void> => {
    await Promise.all(Object.values(caches).map((cache) => cache.stop()));
  };
  const metrics = await serveMetrics(context, options.metricsListen).catch(async (error: unknown) => {
    await stopCaches();
    throw error;
  });
  const kubelet = createKubelet(context, { dynamicNetworks: options.dynamicNetworks ?? false });
  const virtHandler = createVirtHandler(context);
  const podQueue = createWorkQueue({ name: "kubelet", work: kubelet, log });
  const vmiQueue = createWorkQueue({ name: "virt-handler", work: virtHandler, log });

  await Promise.all(Object.values(caches).map((cache) => cache.whenSynced()));
  const addWaitingPods = (): void => {
    for (const pod of caches.pods.values()) {
      if (options.dynamicNetworks === true || pod.status?.phase !== "Running")
        podQueue.add(keyOf(pod.metadata));
    }
  };
  const addPodsOf = (uid: string): void => {
    for (const pod of context.podsByVmi(uid)) podQueue.add(keyOf(pod.metadata));
  };
  const addVmiOf = (uid: string): void => {
    for (const vmi of context.vmisByUid(uid)) vmiQueue.add(keyOf(vmi.metadata));
  };
  caches.pods.subscribe(({ value, previous }) => {
    const pod = value ?? previous;
    if (pod === undefined) return;
    if (value !== undefined) podQueue.add(keyOf(value.metadata));
    addVmiOf(vmiUid(pod) ?? "");
  });
  caches.vmis.subscribe(({ value, previous }) => {
    if (value === undefined && previous?.metadata.uid !== undefined) {
      context.machines.running.delete(previous.metadata.uid);
    }
    if (value !== undefined) vmiQueue.add(keyOf(value.metadata));
    addPodsOf((value ?? previous)?.metadata.uid ?? "");
  });
  // A NAD that was missing may exist now, and a node that did not fit may fit.
  caches.nads.subscribe(addWaitingPods);
  caches.nodes.subscribe(addWaitingPods);
  for (const pod of caches.pods.values()) podQueue.add(keyOf(pod.metadata));
  for (const vmi of caches.vmis.values()) vmiQueue.add(keyOf(vmi.metadata));
  for (const queue of [podQueue, vmiQueue]) queue.start();

  const heartbeat = setInterval(() => {
    beat(client, nodeName, timestamp(clock())).catch((error: unknown) => {
      log.warn({ err: error, node: nodeName }, "the node's heartbeat was not written");
    });
  }, heartbeatEveryMs);
  return {
    metricsUrl: metrics.url,
    async stop() {
      clearInterval(heartbeat);
      await Promise.all([podQueue.stop(), vmiQueue.stop(), metrics.stop()]);
      await stopCaches();
    },
  };
}
