// Controllers on the embedded Kubernetes API alone, without KubeVirt: VMs are stored and do not run.
import { afterAll, beforeAll, vi } from "vitest";
import {
  startClusterView,
  stopClusterView,
  whenSynced,
  type ClusterView,
} from "../../src/app/cluster-view.ts";
import { startStatusModel } from "../../src/app/status-model.ts";
import { startController } from "../../src/controller/controller.ts";
import { builtInCatalogue } from "../../src/domain/catalogue.ts";
import type { StatusCondition, Wukong } from "../../src/domain/objects/kubernetes.ts";
import { connectKube } from "../../src/kube/connection/connect.ts";
import type { FullKubeClient, KubeClient } from "../../src/kube/kube-client.ts";
import type { ElectionDurations } from "../../src/kube/leader-election.ts";
import { wukongs } from "../../src/kube/resource.ts";
import { createApiServer } from "../../src/local/api/api-server.ts";
import { silentLog } from "../support/log.ts";

/** A Lease that expires soon, but that a busy machine can renew. */
const durations: ElectionDurations = { leaseMs: 2_000, renewWithinMs: 1_600, retryMs: 100 };
export const patience = { timeout: 60_000, interval: 20 };

export interface Replica {
  readonly view: ClusterView;
  stop(): Promise<void>;
}

/** One process with `--controller`. */
export function startReplica(client: KubeClient, identity: string): Replica {
  const view = startClusterView(client, { log: silentLog, now: () => performance.now() });
  const model = startStatusModel(view, { clock: () => new Date() });
  const controller = startController({
    client,
    view,
    model,
    catalogue: builtInCatalogue(),
    log: silentLog,
    leaseNamespace: "default",
    identity,
    durations,
  });
  return {
    view,
    async stop() {
      await controller.stop();
      model.stop();
      await stopClusterView(view);
    },
  };
}

export function wukong(name: string, spec: unknown): Wukong {
  return {
    apiVersion: "vm.novasphere.dev/v1alpha1",
    kind: "Wukong",
    metadata: { namespace: "default", name },
    spec,
  };
}

/** An embedded API and one replica for all tests of a group. */
export function controllerStand(): { readonly client: FullKubeClient; readonly view: ClusterView } {
  const server = createApiServer();
  let client: FullKubeClient | undefined;
  let replica: Replica | undefined;
  beforeAll(async () => {
    const { url } = await server.listen({ host: "127.0.0.1", port: 0 });
    client = connectKube({ server: url });
    replica = startReplica(client, "only");
    await whenSynced(replica.view);
  });
  afterAll(async () => {
    await replica?.stop();
    await client?.close();
    await server.close();
  });
  const started = <T>(value: T | undefined): T => {
    if (value === undefined) throw new Error("the stand is used before its beforeAll");
    return value;
  };
  return {
    get client() {
      return started(client);
    },
    get view() {
      return started(replica).view;
    },
  };
}

/** Waits until the condition of the Wukong's current generation has that status. @throws with the last Wukong. */
export async function untilCondition(
  client: KubeClient,
  name: string,
  [type, status]: readonly [string, StatusCondition["status"]],
): Promise<StatusCondition> {
  let last: Wukong | undefined;
  try {
    return await vi.waitUntil(async () => {
      last = await client.find(wukongs, { namespace: "default", name });
      return last?.status?.conditions?.find(
        (condition) =>
          condition.type === type &&
          condition.status === status &&
          condition.observedGeneration === last?.metadata.generation,
      );
    }, patience);
  } catch (error) {
    throw new Error(`the last Wukong is ${JSON.stringify(last)}`, { cause: error });
  }
}
