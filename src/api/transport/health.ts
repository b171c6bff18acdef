// grpc.health.v1, used by kubelet's gRPC probe, load balancers and clients with client-side health checking.
// Semantics: https://github.com/grpc/grpc/blob/master/doc/health-checking.md
import { Code, ConnectError, type ConnectRouter } from "@connectrpc/connect";
import {
  Health as HealthService,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from "../../../gen/grpc/health/v1/health_pb.ts";

/** The health of the process and of its services. */
export interface Health {
  /** Sets whether a service can work; `""` is the process as a whole. Watchers are notified immediately. */
  set(service: string, serving: boolean): void;
  /** Sets every service to NOT_SERVING permanently: the first step of a shutdown. */
  shutdown(): void;
  /** Registers grpc.health.v1.Health. */
  readonly routes: (router: ConnectRouter) => void;
}

/** Creates a registry that knows only the process (`""`), as NOT_SERVING. */
export function createHealth(): Health {
  const statuses = new Map<string, ServingStatus>([["", ServingStatus.NOT_SERVING]]);
  const wakers = new Set<() => void>();
  let shutDown = false;

  const wakeAll = (): void => {
    for (const wake of wakers) wake();
  };

  async function* watch(service: string, signal: AbortSignal): AsyncGenerator<{ status: ServingStatus }> {
    let wake = (): void => undefined;
    const onChange = (): void => wake();
    wakers.add(onChange);
    signal.addEventListener("abort", onChange);
    try {
      let sent: ServingStatus | undefined;
      while (!signal.aborted) {
        const changed = new Promise<void>((resolve) => (wake = resolve));
        const status = statuses.get(service) ?? ServingStatus.SERVICE_UNKNOWN;
        if (status === sent) await changed;
        else yield { status: (sent = status) };
      }
      signal.throwIfAborted();
    } finally {
      wakers.delete(onChange);
      signal.removeEventListener("abort", onChange);
    }
  }

  return {
    set(service, serving) {
      statuses.set(service, serving && !shutDown ? ServingStatus.SERVING : ServingStatus.NOT_SERVING);
      wakeAll();
    },
    shutdown() {
      shutDown = true;
      for (const service of statuses.keys()) statuses.set(service, ServingStatus.NOT_SERVING);
      wakeAll();
    },
    routes: (router) =>
      void router.service(HealthService, {
        check({ service }) {
          const status = statuses.get(service);
          if (status === undefined) throw new ConnectError("unknown service", Code.NotFound);
          return { status };
        },
        list: () => ({
          statuses: Object.fromEntries([...statuses].map(([service, status]) => [service, { status }])),
        }),
        watch: ({ service }, { signal }) => watch(service, signal),
      }),
  };
}
