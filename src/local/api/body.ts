// Request bodies: size, media type and JSON or YAML text, each refused with the status Kubernetes gives it.
import type { IncomingMessage } from "node:http";
import { parse as parseYaml } from "yaml";
import type { Json } from "./json.ts";
import { decodeProtobuf, protobufType } from "./protobuf-body.ts";
import { ApiError, badRequest, tooLarge, unsupportedMediaType } from "./status.ts";

/** kube-apiserver's --max-request-bytes default. */
const maxBodyBytes = 3 * 1024 * 1024;

/** @throws ApiError 413 when the body is longer than kube-apiserver takes. */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  if (Number(request.headers["content-length"] ?? 0) > maxBodyBytes) throw tooLarge(maxBodyBytes);
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxBodyBytes) throw tooLarge(maxBodyBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The media type of a header without its parameters, in lower case. */
export function mediaType(header: string | undefined): string {
  return (header ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
}

const objectTypes = ["application/json", "application/yaml", protobufType];

/** The value of a body that is an object; no media type means JSON. @throws ApiError 400 or 415. */
export function decodeBody(body: Buffer, contentType: string | undefined, kind: string): Json {
  const type = mediaType(contentType);
  if (type === "" || type === "application/json") return decodeJson(body.toString("utf8"), kind);
  if (type === "application/yaml") return decodeYaml(body.toString("utf8"), kind);
  if (type === protobufType) return decodeProtobufBody(body, kind);
  throw unsupportedMediaType(objectTypes);
}

/** @throws ApiError 400 when the text is not JSON. */
export function decodeJson(text: string, kind: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    throw undecodable(error, kind);
  }
}

function decodeProtobufBody(body: Buffer, kind: string): Json {
  try {
    return decodeProtobuf(body);
  } catch (error) {
    throw error instanceof RangeError ? undecodable(error, kind) : error;
  }
}

/** The value of one YAML document; JSON is YAML. @throws ApiError 400 when it is not. */
export function decodeYaml(text: string, kind: string): Json {
  try {
    if (text.trimStart().startsWith('{"')) return decodeJson(text, kind);
    // maxAliasCount: a bomb of references is refused, not expanded.
    return parseYaml(text, { maxAliasCount: 50, uniqueKeys: true, merge: true }) as Json;
  } catch (error) {
    throw error instanceof ApiError ? error : undecodable(error, kind);
  }
}

function undecodable(error: unknown, kind: string): Error {
  const why = error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
  return badRequest(
    `the object provided is unrecognized (must be of type ${kind}): couldn't get version/kind; json parse error: ${why}`,
  );
}
