// The API without a cluster and without a port, for commands that check and render in this process.
import { type ConnectRouter, createRouterTransport, type Transport } from "@connectrpc/connect";
import { NetworkService } from "../../gen/multinic/v1/network_service_pb.ts";
import { errorInterceptor } from "../api/error-mapping.ts";
import { createNetworkService } from "../api/network-service.ts";
import type { Catalogue } from "../domain/catalogue.ts";

/** A transport within this process; its answers list the checks that need a cluster as not done. */
export function createOfflineTransport(catalogue: Catalogue): Transport {
  const routes = (router: ConnectRouter): void => {
    router.service(NetworkService, createNetworkService({ catalogue, cluster: undefined }));
  };
  return createRouterTransport(routes, { router: { interceptors: [errorInterceptor] } });
}
