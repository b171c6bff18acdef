// The embedded cluster: the Kubernetes API, KubeVirt's admission and controller, and two nodes with guests, in one process.
import type { KubeVirt } from "../domain/objects/kubernetes.ts";
import { connectKube } from "../kube/connection/connect.ts";
import type { KubeLog } from "../kube/log.ts";
import { kubeVirts, namespaces } from "../kube/resource.ts";
import { createApiServer } from "./api/api-server.ts";
import { createKubevirtAdmission } from "./kubevirt/admission/kubevirt-admission.ts";
import { type ControllerDelays } from "./kubevirt/controller/configuration.ts";
import { startController } from "./kubevirt/controller/controller.ts";
import { fastDelays, realisticDelays } from "./kubevirt/node/delays.ts";
import { createHandlerPod } from "./kubevirt/node/handler-pod.ts";
import { createMachines } from "./kubevirt/node/machines.ts";
import { startNode } from "./kubevirt/node/node.ts";

interface LocalClusterOptions {
  readonly apiListen: { readonly host: string; readonly port: number };
  /** fast: no wait without need; realistic: the usual times of a cluster. */
  readonly delays: "fast" | "realistic";
  readonly log: KubeLog;
  readonly clock: () => Date;
}

interface LocalCluster {
  /** The URL of the Kubernetes API. */
  readonly url: string;
  stop(): Promise<void>;
}

/** KubeVirt with macvtap as a registered binding plugin, and with live migration for changes of networks. */
const kubeVirt: KubeVirt = {
  apiVersion: "kubevirt.io/v1",
  kind: "KubeVirt",
  metadata: { name: "kubevirt", namespace: "kubevirt" },
  spec: {
    configuration: { network: { binding: { macvtap: { domainAttachmentType: "tap" } } } },
    workloadUpdateStrategy: { workloadUpdateMethods: ["LiveMigrate"] },
  },
};

/** The status that virt-operator sets at the end, with the version whose behaviour the simulation follows. */
const kubeVirtStatus: KubeVirt["status"] & {} = { phase: "Deployed", observedKubeVirtVersion: "v1.9.0" };

/** Two, so that VMs can migrate. */
const nodeNames = ["node-1", "node-2"];

const macvtapVlans = Array.from({ length: 4094 }, (_, index) => index + 1);

/** The resources of the nodes' device plugins: those of the built-in catalogue, with macvtap devices on every VLAN. */
export const deviceResources: Readonly<Record<string, string>> = Object.fromEntries(
  [
    "sriov.network/uplink",
    "macvtap.network.kubevirt.io/uplink",
    ...macvtapVlans.map((vlan) => `macvtap.network.kubevirt.io/uplink.${vlan}`),
  ].map((name) => [name, "1k"]),
);

const fastController: Partial<ControllerDelays> = {
  migrationGraceMs: 100,
  reevaluateMs: 50,
  workloadUpdateMs: 50,
  startBackoffMs: 100,
};

/** @throws the first failure, after it has stopped all that it started. */
export async function startLocalCluster({
  apiListen,
  delays,
  log,
  clock,
}: LocalClusterOptions): Promise<LocalCluster> {
  await using started = new AsyncDisposableStack();
  const configuration = kubeVirt.spec?.configuration ?? {};
  const podServers = new Map<string, string>();
  const server = createApiServer({
    clock,
    admission: [createKubevirtAdmission(() => configuration)],
    podServer: (address) => podServers.get(address),
  });
  const { url } = await server.listen(apiListen);
  started.defer(() => server.close());
  const client = connectKube({ server: url, userAgent: "kubevirt-stand-in" });
  started.defer(() => client.close());
  await client.create(namespaces, {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: "kubevirt" },
  });
  const installed = await client.create(kubeVirts, kubeVirt);
  await client.replaceStatus(kubeVirts, { ...installed, status: kubeVirtStatus });
  const controller = startController({
    client,
    log,
    clock,
    configuration: kubeVirt.spec,
    delays: delays === "fast" ? fastController : {},
  });
  started.defer(() => controller.stop());
  const machines = createMachines();
  for (const [index, nodeName] of nodeNames.entries()) {
    const node = await startNode({
      client,
      nodeName,
      log,
      clock,
      machines,
      delays: delays === "fast" ? fastDelays : realisticDelays,
      bindings: configuration.network?.binding ?? {},
      resources: deviceResources,
      metricsListen: { host: "127.0.0.1", port: 0 },
    });
    started.defer(() => node.stop());
    const address = await createHandlerPod(client, nodeName, `10.243.0.${index + 2}`);
    podServers.set(address, new URL(node.metricsUrl).origin);
  }
  const running = started.move();
  return { url, stop: () => running.disposeAsync() };
}
