// The request and response of node:http and node:http2 as one pair of types, as Connect's adapter sees them.
import type { connectNodeAdapter } from "@connectrpc/connect-node";

/** Answers requests of both HTTP versions; must not throw. */
export type HttpHandler = ReturnType<typeof connectNodeAdapter>;

/** A request of HTTP/1.1 or HTTP/2. */
export type HttpRequest = Parameters<HttpHandler>[0];

/** The response to an HttpRequest. */
export type HttpResponse = Parameters<HttpHandler>[1];

/** The path of a request without its query. */
export function pathOf(request: HttpRequest): string {
  return (request.url ?? "").split("?", 1)[0] ?? "";
}

/** Sends plain text, with nosniff so that browsers do not guess another type. */
export function sendText(
  response: HttpResponse,
  status: number,
  text: string,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, {
    "content-type": "text/plain; charset=utf-8",
    "x-content-type-options": "nosniff",
    ...headers,
  });
  response.end(`${text}\n`);
}
