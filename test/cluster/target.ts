// The cluster of the suite: the embedded one, or a real control plane (MULTINIC_TARGET=real) where only nodes are simulated.
import { connectKube } from "../../src/kube/connection/connect.ts";
import { loadKubeConnection } from "../../src/kube/connection/credentials.ts";
import type { FullKubeClient } from "../../src/kube/kube-client.ts";
import type { KubeLog } from "../../src/kube/log.ts";
import { kubeVirts } from "../../src/kube/resource.ts";
import { deviceResources, startLocalCluster } from "../../src/local/local-cluster.ts";
import { createMachines } from "../../src/local/kubevirt/node/machines.ts";
import { startNode } from "../../src/local/kubevirt/node/node.ts";

export interface Target {
  readonly name: "embedded" | "real";
  /** Cluster admin. */
  readonly client: FullKubeClient;
  /** Empty: virt-handler's pods are found through the API server. */
  readonly virtHandlerMetricsUrls: readonly string[];
  stop(): Promise<void>;
}

const clock = (): Date => new Date();
const anyPort = { host: "127.0.0.1", port: 0 };

/** The target set by the environment. */
export async function startTarget(log: KubeLog): Promise<Target> {
  return process.env["MULTINIC_TARGET"] === "real" ? await startReal(log) : await startEmbedded(log);
}

async function startEmbedded(log: KubeLog): Promise<Target> {
  const cluster = await startLocalCluster({ apiListen: anyPort, delays: "fast", log, clock });
  const client = connectKube({ server: cluster.url });
  return {
    name: "embedded",
    client,
    virtHandlerMetricsUrls: [],
    async stop() {
      await client.close();
      await cluster.stop();
    },
  };
}

/** The identity of a virt-handler for KubeVirt's own virt-api. */
function handlerIdentity(nodeName: string): Record<string, string | string[]> {
  return {
    "impersonate-user": "system:serviceaccount:kubevirt:kubevirt-handler",
    "impersonate-group": [
      "system:serviceaccounts",
      "system:serviceaccounts:kubevirt",
      "system:authenticated",
    ],
    [`impersonate-extra-${encodeURIComponent("authentication.kubernetes.io/node-name")}`]: [nodeName],
  };
}

/** The nodes of test/real/README.md: scheduler, kubelet and Multus as cluster admin, virt-handler as itself. */
async function startReal(log: KubeLog): Promise<Target> {
  const connection = await loadKubeConnection();
  const client = connectKube(connection);
  const [installation] = (await client.list(kubeVirts)).items;
  const bindings = installation?.spec?.configuration?.network?.binding ?? {};
  const machines = createMachines();
  const parts = await Promise.all(
    ["node-1", "node-2"].map(async (nodeName) => {
      const handlerClient = connectKube({ ...connection, headers: handlerIdentity(nodeName) });
      const node = await startNode({
        client,
        handlerClient,
        nodeName,
        log,
        clock,
        bindings,
        machines,
        resources: deviceResources,
        metricsListen: anyPort,
      });
      return { node, handlerClient };
    }),
  );
  return {
    name: "real",
    client,
    virtHandlerMetricsUrls: parts.map(({ node }) => node.metricsUrl),
    async stop() {
      await Promise.all(
        parts.map(async ({ node, handlerClient }) => {
          await node.stop();
          await handlerClient.close();
        }),
      );
      await client.close();
    },
  };
}
