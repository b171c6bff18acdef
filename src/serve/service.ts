// Composes the service for one cluster: caches, status model, API and plain HTTP endpoints on its ports.
import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { setTimeout as sleepFor } from "node:timers/promises";
import { ConnectError, type ConnectRouter } from "@connectrpc/connect";
import { Health } from "../../gen/grpc/health/v1/health_pb.ts";
import { InterfaceStatusService } from "../../gen/multinic/v1/interface_status_service_pb.ts";
import { NetworkService } from "../../gen/multinic/v1/network_service_pb.ts";
import { VirtualMachineService } from "../../gen/multinic/v1/virtual_machine_service_pb.ts";
import { fitDetails } from "../api/error-budget.ts";
import { errorInterceptor } from "../api/error-mapping.ts";
import { createInterfaceStatusService } from "../api/interface-status-service.ts";
import { createNetworkService } from "../api/network-service.ts";
import { unavailable } from "../api/transport/errors.ts";
import { jsonViolations } from "../api/json-violations.ts";
import { createHandler } from "../api/transport/handler.ts";
import { createHealth } from "../api/transport/health.ts";
import { pathOf } from "../api/transport/http-types.ts";
import { listenTls } from "../api/transport/listen-tls.ts";
import { listen, type Listener } from "../api/transport/listen.ts";
import { createLogInterceptor } from "../api/transport/log-interceptor.ts";
import { createReflection } from "../api/transport/reflection.ts";
import type { TransportLog } from "../api/transport/transport-log.ts";
import { createVirtualMachineService } from "../api/virtual-machine-service.ts";
import { createCatchUp } from "../app/catch-up.ts";
import { startClusterView, stopClusterView, whenSynced, type ClusterView } from "../app/cluster-view.ts";
import { createResumeTokens } from "../app/resume-token.ts";
import { followStaleness } from "../app/staleness.ts";
import { startStatusModel, type StatusModel } from "../app/status-model.ts";
import { sweepRegularly } from "../app/sweep.ts";
import type { HostPort } from "../config/setting-table.ts";
import type { Settings } from "../config/settings.ts";
import type { Catalogue } from "../domain/catalogue.ts";
import { type Controller, startController } from "../controller/controller.ts";
import { createExporter } from "../exporter/exporter.ts";
import { directTargets } from "../exporter/virt-handler-direct.ts";
import { podTargets, urlTargets } from "../exporter/virt-handler-targets.ts";
import type { KubeClient } from "../kube/kube-client.ts";
import type { KubeLog } from "../kube/log.ts";
import { systemTiming } from "../kube/timing.ts";
import { createStatusMessages } from "../wire/status-to-proto.ts";
import { createHttpRoutes } from "./http-routes.ts";

export interface ServiceOptions {
  readonly client: KubeClient;
  readonly catalogue: Catalogue;
  readonly listen: HostPort;
  readonly tls?: Settings["tls"];
  /** URLs of virt-handler's /metrics; if empty, its pods are found and read through the API server. */
  readonly virtHandlerMetrics: readonly string[];
  /** The defaults of the transport if not given. */
  readonly limits?: Pick<Settings, "maxCalls" | "maxCallsPerConnection" | "messageTimeoutSeconds">;
  /** How its pods are read. Default "proxy": through the API server. */
  readonly virtHandlerAccess?: Settings["virtHandlerAccess"];
  /** The namespace of the controller's Lease; undefined: Wukong resources are not applied. */
  readonly controller?: { readonly leaseNamespace: string } | undefined;
  readonly log: KubeLog & TransportLog;
  readonly version: string;
}

export interface Service {
  /** http://HOST:PORT of the cleartext port. */
  readonly url: string;
  readonly tlsUrl: string | undefined;
  readonly view: ClusterView;
  readonly model: StatusModel;
  whenReady(signal?: AbortSignal): Promise<void>;
  /** Reports NOT_SERVING, ends streams, waits for calls in flight, then closes everything. */
  stop(): Promise<void>;
}

const now = systemTiming.now;
const clock = (): Date => new Date();
const services = [NetworkService, VirtualMachineService, InterfaceStatusService];
/** How long a shutdown waits for calls in flight. */
const graceMs = 5_000;

/** Resolves when the ports are open; the caches may still be loading. */
export async function startService(options: ServiceOptions): Promise<Service> {
  const { client, catalogue, log, limits, virtHandlerMetrics: urls } = options;
  const view = startClusterView(client, { log, now });
  const model = startStatusModel(view, { clock });
  const messages = createStatusMessages();
  const closing = new AbortController();
  const staleness = followStaleness({ model, now, sleepOrAborted, signal: closing.signal });
  const tokens = createResumeTokens(randomUUID());
  const catchUp = createCatchUp({ client, view, model, log, sleepOrAborted, signal: closing.signal });
  const sweeping = sweepRegularly({ client, view, log, now, sleepOrAborted, signal: closing.signal });
  let controller: Controller | undefined;
  const exporter = createExporter({
    model,
    caches: { vms: view.vms, vmis: view.vmis, nads: view.nads },
    findTargets:
      urls.length > 0
        ? urlTargets(urls)
        : options.virtHandlerAccess === "direct"
          ? directTargets(client)
          : podTargets(client),
    log,
    sleepOrAborted,
    now,
    version: options.version,
    election: () => controller?.election,
  });
  const health = createHealth();
  const reflection = createReflection([...services, Health]);
  const stopping = new AbortController();

  const routes = (router: ConnectRouter): void => {
    router.service(
      NetworkService,
      createNetworkService({ catalogue, cluster: { client, view }, version: options.version }),
    );
    router.service(
      VirtualMachineService,
      createVirtualMachineService({ client, view, model, catalogue, messages }),
    );
    router.service(
      InterfaceStatusService,
      createInterfaceStatusService({
        model,
        tokens,
        catchUp,
        clock,
        messages,
        sleepOrAborted,
      }),
    );
    health.routes(router);
    reflection(router);
  };

  const httpRoutes = createHttpRoutes({ exporter, view, now });
  const handler = createHandler({
    routes,
    log,
    interceptors: [exporter.interceptor, createLogInterceptor({ log, now }), errorInterceptor],
    jsonViolations,
    fitDetails,
    callLimits: limits && {
      maxCalls: limits.maxCalls,
      messageTimeoutMs: limits.messageTimeoutSeconds * 1_000,
    },
    shutdownSignal: stopping.signal,
    httpPaths: [...httpRoutes.keys()],
    async http(request, response) {
      const route = httpRoutes.get(pathOf(request));
      await route?.(request, response);
      return route !== undefined;
    },
  });

  const ports: Listener[] = [];
  const close = async (graceMs: number): Promise<void> => {
    await Promise.all([controller?.stop(), ...ports.map((port) => port.close(graceMs))]);
    exporter.stop();
    closing.abort();
    await Promise.all([staleness, sweeping]);
    model.stop();
    await stopClusterView(view);
  };
  const { tls } = options;
  const ofConnection = limits && { maxConcurrentStreams: limits.maxCallsPerConnection };
  try {
    ports.push(await listen({ ...options.listen, ...ofConnection, handler, log }));
    if (tls !== undefined) {
      const { certFile, keyFile } = tls;
      ports.push(await listenTls({ ...tls.listen, ...ofConnection, certFile, keyFile, handler, log }));
    }
  } catch (error) {
    await close(0);
    throw error;
  }

  if (options.controller !== undefined) {
    const identity = `${hostname()}_${randomUUID()}`;
    controller = startController({ client, view, model, catalogue, log, identity, ...options.controller });
  }

  const ready = new AbortController();
  const markServing = async (): Promise<void> => {
    await whenSynced(view, ready.signal);
    for (const name of ["", ...services.map(({ typeName }) => typeName)]) health.set(name, true);
  };
  markServing().catch((error: unknown) => {
    if (!ready.signal.aborted) log.error({ err: error }, "cannot load the objects of the cluster");
  });

  return {
    url: ports[0]?.url ?? "",
    tlsUrl: ports[1]?.url,
    view,
    model,
    whenReady: (signal) => whenSynced(view, signal),
    async stop() {
      ready.abort();
      health.shutdown();
      stopping.abort(stoppingError());
      await close(graceMs);
    },
  };
}

/** Ends streams at shutdown, so that clients reconnect to another replica. */
function stoppingError(): ConnectError {
  return unavailable(1_000, { reason: "STOPPING", message: "the service is shutting down" });
}

async function sleepOrAborted(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleepFor(ms, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
