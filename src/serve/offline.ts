// The API in this process, without a cluster or a port, for commands that only check and render.
import { type ConnectRouter, createRouterTransport, type Transport } from "@connectrpc/connect";
import { NetworkService } from "../../gen/multinic/v1/network_service_pb.ts";
import { errorInterceptor } from "../api/error-mapping.ts";
import { createNetworkService } from "../api/network-service.ts";
import type { Catalogue } from "../domain/catalogue.ts";

/** Responses list the checks that need a cluster as not done. */
export function createOfflineTransport(catalogue: Catalogue, version: string): Transport {
  const routes = (router: ConnectRouter): void => {
    router.service(NetworkService, createNetworkService({ catalogue, cluster: undefined, version }));
  };
  return createRouterTransport(routes, { router: { interceptors: [errorInterceptor] } });
}
