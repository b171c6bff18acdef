// The plain HTTP endpoints beside the RPCs, one row for each path.
import { sendText, type HttpRequest, type HttpResponse } from "../api/transport/http-types.ts";
import { cachesOf, type ClusterView, isSynced, oldestMoment } from "../app/cluster-view.ts";
import { whyNotCurrent, whyNotSynced } from "../app/not-current.ts";
import type { Exporter } from "../exporter/exporter.ts";

export type HttpRoute = (request: HttpRequest, response: HttpResponse) => void | Promise<void>;

/**
 * The service is not ready if its objects have been out of date for this long. Until then it goes on answering, because a
 * short outage of the API server affects all replicas alike, and every answer says how old it is.
 */
const notReadyAfterMs = 90_000;

export interface HttpRoutesOptions {
  readonly exporter: Exporter;
  readonly view: ClusterView;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
}

export function createHttpRoutes({ exporter, view, now }: HttpRoutesOptions): ReadonlyMap<string, HttpRoute> {
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
        const lacking = whatIsLacking(view, now);
        sendText(response, lacking === undefined ? 200 : 503, lacking ?? "ok");
      },
    ],
  ]);
}

/** Why the service is not ready; undefined when it is. */
function whatIsLacking(view: ClusterView, now: () => number): string | undefined {
  if (!isSynced(view)) return whyNotSynced(cachesOf(view));
  const moment = oldestMoment(cachesOf(view));
  const isLong = moment !== undefined && now() - moment.at > notReadyAfterMs;
  if (!isLong) return undefined;
  const why = whyNotCurrent(cachesOf(view)) ?? "the API server does not answer";
  return `objects have not been current for over 90 seconds: ${why}`;
}
