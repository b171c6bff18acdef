// The port where Prometheus finds virt-handler's metrics; plain HTTP, unlike on a real node.
import { createServer } from "node:http";
import { close, listen } from "../../http/listen.ts";
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
  where: { readonly host: string; readonly port: number },
  render: () => string,
): Promise<MetricsServer> {
  const server = createServer((request, response) => {
    if (request.url?.split("?")[0] !== "/metrics") {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { "content-type": expositionType }).end(render());
  });
  return { url: `${await listen(server, where)}/metrics`, stop: () => close(server) };
}
