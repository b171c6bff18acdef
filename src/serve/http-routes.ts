// The plain HTTP endpoints beside the RPCs, one row for each path.
import { sendText, type HttpRequest, type HttpResponse } from "../api/transport/http-types.ts";
import { isSynced, type ClusterView } from "../app/cluster-view.ts";
import type { Exporter } from "../exporter/exporter.ts";

export type HttpRoute = (request: HttpRequest, response: HttpResponse) => void | Promise<void>;

/** The service is not ready if it had no contact with the API server for this long. */
const staleMs = 90_000;

export function createHttpRoutes(exporter: Exporter, view: ClusterView): ReadonlyMap<string, HttpRoute> {
  return new Map<string, HttpRoute>([
    [
      "/metrics",
      async (request, response) => {
        const { headers, parts } = await exporter.scrape(request.headers["accept-encoding"]);
        response.writeHead(200, headers);
        for (const part of parts) response.write(part);
        response.end();
      },
    ],
    ["/livez", (_, response) => sendText(response, 200, "ok")],
    [
      "/readyz",
      (_, response) => {
        const lacking = whatIsLacking(view);
        sendText(response, lacking === undefined ? 200 : 503, lacking ?? "ok");
      },
    ],
  ]);
}

/** Why the service is not ready; undefined when it is. */
function whatIsLacking(view: ClusterView): string | undefined {
  if (!isSynced(view)) return "still loading objects from the API server";
  const stale = [view.vms, view.vmis, view.nads].some((cache) => cache.health().lastContactMs > staleMs);
  return stale ? "no contact with the API server for over 90 seconds" : undefined;
}
