// Everything that is not a path of objects: health, version, discovery.
import type { IncomingMessage, ServerResponse } from "node:http";
import { send } from "./answer.ts";
import { discovery } from "./discovery.ts";
import type { JsonObject } from "./json.ts";
import { openApiV2, openApiV2Protobuf, openApiV2ProtobufType, openApiV3 } from "./openapi.ts";
import { methodNotAllowed, noSuchResource } from "./status.ts";

/** What the server calls itself; the Kubernetes release whose behaviour it follows. */
const serverVersion = {
  major: "1",
  minor: "37",
  gitVersion: "v1.37.2+multinic",
  gitCommit: "",
  gitTreeState: "clean",
  buildDate: "1970-01-01T00:00:00Z",
  goVersion: "",
  compiler: "node",
  platform: `${process.platform}/${process.arch}`,
} as const;

const health = new Set(["/healthz", "/livez", "/readyz", "/healthz/ping", "/livez/ping", "/readyz/ping"]);

function documentAt(path: string): JsonObject | undefined {
  if (path === "/version") return serverVersion;
  if (path === "/openapi/v2") return openApiV2;
  return path.startsWith("/openapi/v3") ? openApiV3(path) : discovery(path);
}

/** @throws ApiError 404 or 405. */
export function handlePath(pathname: string, request: IncomingMessage, response: ServerResponse): void {
  if (request.method !== "GET" && request.method !== "HEAD") throw methodNotAllowed();
  const path = pathname.length > 1 ? pathname.replace(/\/+$/, "") : pathname;
  if (health.has(path)) {
    send(request, response, 200, "text/plain; charset=utf-8", "ok");
    return;
  }
  if (path === "/openapi/v2" && (request.headers.accept ?? "").includes(openApiV2ProtobufType)) {
    send(request, response, 200, openApiV2ProtobufType, openApiV2Protobuf);
    return;
  }
  const document = documentAt(path);
  if (document === undefined) throw noSuchResource();
  send(request, response, 200, "application/json", JSON.stringify(document));
}
