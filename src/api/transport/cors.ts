// Cross-origin access for browsers (Fetch standard, "CORS protocol"): only origins the operator listed, none by default.
import { cors } from "@connectrpc/connect";
import { requestIdHeader } from "./request-id.ts";
import { sendText, type HttpRequest, type HttpResponse } from "./http-types.ts";

const methods = cors.allowedMethods.join(", ");
const requestHeaders = [...cors.allowedHeaders, "Authorization", requestIdHeader].join(", ");
const responseHeaders = [...cors.exposedHeaders, requestIdHeader].join(", ");

/** Sets the CORS headers of a response; true when the request was a preflight and has been answered. */
export type CrossOrigin = (request: HttpRequest, response: HttpResponse) => boolean;

/**
 * Lets scripts of the given origins (scheme://host[:port], compared exactly) call the API with a bearer token.
 * Credentials by cookie are never allowed. With no origins no header is ever set.
 */
export function allowOrigins(origins: readonly string[]): CrossOrigin {
  const allowed = new Set(origins);
  return (request, response) => {
    const { origin } = request.headers;
    if (origin === undefined) return false;
    const preflight =
      request.method === "OPTIONS" && request.headers["access-control-request-method"] !== undefined;
    if (allowed.size > 0) response.setHeader("vary", "Origin");
    if (!allowed.has(origin)) {
      if (preflight) sendText(response, 403, "This origin is not in the list of allowed origins.");
      return preflight;
    }
    response.setHeader("access-control-allow-origin", origin);
    response.setHeader("access-control-expose-headers", responseHeaders);
    if (!preflight) return false;
    response.writeHead(204, {
      "access-control-allow-methods": methods,
      "access-control-allow-headers": requestHeaders,
      "access-control-max-age": "7200",
    });
    response.end();
    return true;
  };
}
