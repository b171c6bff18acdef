// The embedded Kubernetes API: enough of kube-apiserver, over plain HTTP, for multinic, its tests and kubectl.
import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import { close, listen } from "../http/listen.ts";
import type { Admission } from "./admission.ts";
import { sendError } from "./answer.ts";
import type { Context } from "./context.ts";
import { GarbageCollector } from "./gc.ts";
import { handleObjects } from "./handle.ts";
import { handlePath } from "./paths.ts";
import { parseProxyRoute, proxyToPod } from "./pod-subresources.ts";
import { prepareCreate } from "./prepare.ts";
import { namespaceType } from "./resource-types.ts";
import { parseRoute } from "./route.ts";
import { toApiError } from "./status.ts";
import { Store } from "./store.ts";

export interface ApiServerOptions {
  /** Called in order for every write. Default none. */
  readonly admission?: readonly Admission[];
  /** The time for creationTimestamp and other fields. Default the system's. */
  readonly clock?: () => Date;
  /** For pods/proxy: the URL that serves a pod's address, `IP:PORT`. Default: nothing does. */
  readonly podServer?: (address: string) => string | undefined;
  /** How many changes watches and pages can go back; to older ones the answer is 410. Default 10 000. */
  readonly historyLimit?: number;
  /** Milliseconds between watch bookmarks. Default one minute, as in kube-apiserver. */
  readonly bookmarkIntervalMs?: number;
}

/** A server that starts to listen with `listen`. Its objects are kept in memory only. */
export interface ApiServer {
  /** Port 0 takes a free port. `url` has no trailing slash. @throws the system's error. */
  listen(where: { readonly host: string; readonly port: number }): Promise<{ readonly url: string }>;
  /** Ends open watches, closes every connection and the listening socket. */
  close(): Promise<void>;
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

/** Creates a server with the namespaces default, kube-system and kube-public and no other object. */
export function createApiServer(options: ApiServerOptions = {}): ApiServer {
  const clock = options.clock ?? (() => new Date());
  const context: Context = {
    // Revisions start at the time, so that those of an earlier server are too old: its clients get 410 and list again.
    store: new Store(options.historyLimit ?? 10_000, clock().getTime()),
    admission: options.admission ?? [],
    clock,
    podServer: options.podServer ?? (() => undefined),
    bookmarkIntervalMs: options.bookmarkIntervalMs ?? 60_000,
  };
  for (const name of ["default", "kube-system", "kube-public"]) {
    const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name } };
    context.store.put(namespaceType, name, prepareCreate(context, namespaceType, namespace));
  }
  const collector = new GarbageCollector(context);
  const stopping = new AbortController();
  // As kube-apiserver; with Node.js' 5 s, busy clients would reuse connections that are just being closed.
  const server = createServer({ keepAliveTimeout: 90_000 }, (request, response) => {
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
