// Answers: JSON, YAML or a Table as the client accepts, and Status objects for errors.
import type { IncomingMessage, ServerResponse } from "node:http";
import { gzip } from "node:zlib";
import { stringify } from "yaml";
import type { JsonObject } from "./json.ts";
import { type ApiObject, encoded } from "./object.ts";
import type { ListResult } from "./read.ts";
import { type ResourceType, apiVersionOf } from "./resource-types.ts";
import { ApiError } from "./status.ts";

/** metadata: PartialObjectMetadata and its list. */
type Format = "json" | "yaml" | "table" | "metadata";

/** The first format of Accept that the server can send. @throws ApiError 406. */
export function acceptedFormat(accept: string | undefined): Format {
  for (const entry of (accept ?? "*/*").split(",")) {
    const [type = "", ...parameters] = entry.split(";").map((part) => part.trim().toLowerCase());
    const as = parameters.find((parameter) => parameter.startsWith("as="));
    const isMeta = type === "application/json" && parameters.includes("g=meta.k8s.io");
    if (as === "as=table" && isMeta) return "table";
    if (as?.startsWith("as=partialobjectmetadata") === true && isMeta) return "metadata";
    if (as !== undefined) continue;
    if (["application/json", "*/*", "application/*", ""].includes(type)) return "json";
    if (type === "application/yaml") return "yaml";
  }
  throw new ApiError(
    406,
    "NotAcceptable",
    "only the following media types are accepted: application/json, application/yaml",
  );
}

const gzipFromBytes = 128 * 1024;

/** Sends a body, compressed when it is large and the client accepts gzip, as kube-apiserver does. */
export function send(
  request: IncomingMessage,
  response: ServerResponse,
  code: number,
  contentType: string,
  body: string | Buffer,
): void {
  const headers = { "content-type": contentType, "cache-control": "no-cache, private" };
  const acceptsGzip = (request.headers["accept-encoding"] ?? "").includes("gzip");
  if (!acceptsGzip || body.length < gzipFromBytes) {
    response.writeHead(code, { ...headers, "content-length": Buffer.byteLength(body) }).end(body);
    return;
  }
  gzip(body, { level: 1 }, (error, compressed) => {
    if (error !== null) response.destroy(error);
    else
      response
        .writeHead(code, { ...headers, "content-encoding": "gzip", vary: "Accept-Encoding" })
        .end(compressed);
  });
}

/** Sends JSON text in the accepted format; a Table and metadata are JSON too. */
export function sendText(
  request: IncomingMessage,
  response: ServerResponse,
  code: number,
  text: string,
  format: Format,
): void {
  if (format === "yaml") send(request, response, code, "application/yaml", stringify(JSON.parse(text)));
  else send(request, response, code, "application/json", text);
}

/** Sends an error as its Status object, always in JSON. */
export function sendError(request: IncomingMessage, response: ServerResponse, error: ApiError): void {
  const { retryAfterSeconds } = error.details;
  if (retryAfterSeconds !== undefined) response.setHeader("retry-after", retryAfterSeconds);
  if (!request.complete) response.setHeader("connection", "close");
  send(request, response, error.code, "application/json", JSON.stringify(error.toStatus()));
}

/** Adds the warnings of a write as headers (RFC 7234 warn-code 299); kubectl prints each. */
export function addWarnings(response: ServerResponse, warnings: readonly string[]): void {
  if (warnings.length === 0) return;
  const quoted = warnings.map((text) => `299 - "${text.replaceAll(/[\\"]/g, String.raw`\$&`)}"`);
  response.setHeader("warning", quoted);
}

export function listMeta({ revision, continueToken, remaining }: ListResult): JsonObject {
  return {
    resourceVersion: String(revision),
    ...(continueToken !== undefined && { continue: continueToken }),
    ...(remaining !== undefined && { remainingItemCount: remaining }),
  };
}

/** The JSON text of an object's metadata alone. */
export function metadataText({ metadata }: ApiObject): string {
  return JSON.stringify({ kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata });
}

/** The JSON text of a list of metadata. */
export function metadataListText(result: ListResult): string {
  const head = '"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/v1"';
  const items = result.items.map(metadataText).join(",");
  return `{${head},"metadata":${JSON.stringify(listMeta(result))},"items":[${items}]}`;
}

/** The JSON text of a list, from the texts of its items. */
export function listText(resource: ResourceType, result: ListResult): string {
  const head = `"kind":"${resource.kind}List","apiVersion":"${apiVersionOf(resource)}"`;
  const items = result.items.map(encoded).join(",");
  return `{${head},"metadata":${JSON.stringify(listMeta(result))},"items":[${items}]}`;
}
