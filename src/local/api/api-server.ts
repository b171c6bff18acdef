// The embedded Kubernetes API: enough of kube-apiserver over plain HTTP for this product, its tests and kubectl.
import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import { close, listen } from "../http/listen.ts";
import type { Admission } from "./admission.ts";
import { sendError } from "./answer.ts";
import type { Context } from "./context.ts";
import { GarbageCollector } from "./gc.ts";
import { handleObjects } from "./handle.ts";
import { handlePath } from "./paths.ts";
import { parseProxyRoute, proxyToPod } from "./pod-proxy.ts";
import { prepareCreate } from "./prepare.ts";
import { apiVersionOf, namespaceType } from "./resource-types.ts";
import { parseRoute } from "./route.ts";
import { toApiError } from "./status.ts";
import { Store } from "./store.ts";

export interface ApiServerOptions {
  /** Judges of every write, asked in order. Default none. */
  readonly admission?: readonly Admission[];
  /** Time for creationTimestamp and the like. Default the system's. */
  readonly clock?: () => Date;
  /** The URL of what listens at a pod's address, `IP:PORT`, for pods/proxy. Default: nothing listens. */
  readonly podServer?: (address: string) => string | undefined;
  /** Changes that stay readable for watches and paging; older ones answer 410. Default 10 000. */
  readonly historyLimit?: number;
  /** Interval of watch bookmarks, in milliseconds. Default one minute, as kube-apiserver's. */
  readonly bookmarkIntervalMs?: number;
}

/** A server that is not listening until `listen`; its objects live in memory and end with it. */
export interface ApiServer {
  /** Starts listening; port 0 takes a free one. `url` has no trailing slash. */
  listen(where: { readonly host: string; readonly port: number }): Promise<{ readonly url: string }>;
  /** Ends open watches, closes every connection and the listening socket. */
  close(): Promise<void>;
}

function addNamespaces(context: Context): void {
  for (const name of ["default", "kube-system", "kube-public"]) {
    const object = { apiVersion: apiVersionOf(namespaceType), kind: "Namespace", metadata: { name } };
    context.store.put(namespaceType, name, prepareCreate(context, namespaceType, object));
  }
}

async function serve(
  context: Context,
  stopping: AbortSignal,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(`http://localhost${request.url?.startsWith("/") === true ? request.url : "/"}`);
  const proxied = parseProxyRoute(url.pathname);
  if (proxied !== undefined) {
    await proxyToPod(context, proxied, url.search, request, response);
    return;
  }
  const route = parseRoute(url.pathname);
  if (route === undefined) handlePath(url.pathname, request, response);
  else await handleObjects({ context, route, query: url.searchParams, request, response, stopping });
}

/** Makes a server with the namespaces default, kube-system and kube-public and no other object. */
export function createApiServer(options: ApiServerOptions = {}): ApiServer {
  const clock = options.clock ?? (() => new Date());
  const context: Context = {
    // Revisions go on from the time, so that those of an earlier server are old ones to its clients: 410, list again.
    store: new Store(options.historyLimit ?? 10_000, clock().getTime()),
    admission: options.admission ?? [],
    clock,
    podServer: options.podServer ?? (() => undefined),
    bookmarkIntervalMs: options.bookmarkIntervalMs ?? 60_000,
  };
  addNamespaces(context);
  const collector = new GarbageCollector(context);
  const stopping = new AbortController();
  const server = createServer((request, response) => {
    serve(context, stopping.signal, request, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else sendError(request, response, toApiError(error));
    });
  });
  return {
    listen: async (where) => ({ url: await listen(server, where) }),
    async close() {
      collector.stop();
      stopping.abort();
      await close(server);
    },
  };
}
