// The port where Prometheus finds virt-handler's metrics; plain HTTP, unlike on a real node.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expositionType } from "./exposition.ts";

/** A listening server. */
export interface MetricsServer {
  /** Ends in /metrics. */
  readonly url: string;
  /** Resolves when the port is closed. */
  stop(): Promise<void>;
}

/** Listens; port 0 lets the system choose. `render` is called at every scrape. */
export async function serveMetrics(
  listen: { readonly host: string; readonly port: number },
  render: () => string,
): Promise<MetricsServer> {
  const server = createServer((request, response) => {
    if (request.url?.split("?")[0] !== "/metrics") {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { "content-type": expositionType }).end(render());
  });
  const listening = Promise.withResolvers<void>();
  server.once("error", listening.reject);
  server.listen(listen.port, listen.host, listening.resolve);
  await listening.promise;
  const { address, family, port } = server.address() as AddressInfo;
  const host = family === "IPv6" ? `[${address}]` : address;
  return {
    url: `http://${host}:${port}/metrics`,
    async stop() {
      const closed = Promise.withResolvers<void>();
      server.close(() => closed.resolve());
      server.closeAllConnections();
      await closed.promise;
    },
  };
}
