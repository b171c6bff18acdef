// The service over the embedded cluster in the test's own process, on ports that the system chooses.
import { createClient, type Client } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { InterfaceStatusService } from "../../gen/multinic/v1/interface_status_service_pb.ts";
import { NetworkService } from "../../gen/multinic/v1/network_service_pb.ts";
import { VirtualMachineService } from "../../gen/multinic/v1/virtual_machine_service_pb.ts";
import { builtInCatalogue, type Catalogue } from "../../src/domain/catalogue.ts";
import { connectKube } from "../../src/kube/connection/connect.ts";
import type { FullKubeClient, KubeClient } from "../../src/kube/kube-client.ts";
import { silentLog } from "../support/log.ts";
import { namespaces } from "../../src/kube/resource.ts";
import { startLocalCluster } from "../../src/local/local-cluster.ts";
import { startService, type Service } from "../../src/serve/service.ts";
import { namespaceOf } from "../support/objects.ts";

const anyPort = { host: "127.0.0.1", port: 0 };

export interface Clients {
  readonly networks: Client<typeof NetworkService>;
  readonly vms: Client<typeof VirtualMachineService>;
  readonly nics: Client<typeof InterfaceStatusService>;
}

/** Clients over gRPC. */
export function clientsOf(url: string): Clients {
  const transport = createGrpcTransport({ baseUrl: url });
  return {
    networks: createClient(NetworkService, transport),
    vms: createClient(VirtualMachineService, transport),
    nics: createClient(InterfaceStatusService, transport),
  };
}

export interface RunningService extends Clients {
  readonly url: string;
  readonly clusterUrl: string;
  /** Has all permissions on the cluster. */
  readonly cluster: FullKubeClient;
  namespace(name: string): Promise<void>;
  stop(): Promise<void>;
}

/** The service over `client`; it need not be ready. Default: the built-in catalogue, and a port that the system chooses. */
export async function startServiceOver(
  client: KubeClient,
  catalogue: Catalogue = builtInCatalogue(),
  port = 0,
): Promise<Service> {
  return await startService({
    client,
    catalogue,
    listen: { ...anyPort, port },
    virtHandlerMetrics: [],
    log: silentLog,
    version: "test",
  });
}

/** Resolves when the service is ready. Default: the built-in catalogue. */
export async function startRunningService(catalogue?: Catalogue): Promise<RunningService> {
  const clock = (): Date => new Date();
  const local = await startLocalCluster({ apiListen: anyPort, delays: "fast", log: silentLog, clock });
  const cluster = connectKube({ server: local.url });
  const service = await startServiceOver(cluster, catalogue);
  await service.whenReady();
  return {
    ...clientsOf(service.url),
    url: service.url,
    clusterUrl: local.url,
    cluster,
    async namespace(name) {
      await cluster.create(namespaces, namespaceOf(name));
    },
    async stop() {
      await service.stop();
      await cluster.close();
      await local.stop();
    },
  };
}
