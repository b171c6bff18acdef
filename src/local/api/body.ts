// Request bodies: size, media type and JSON or YAML text, each refused with the status that Kubernetes gives it.
import type { IncomingMessage } from "node:http";
import { parse as parseYaml } from "yaml";
import type { Json } from "./json.ts";
import { decodeProtobuf, protobufType } from "./protobuf-body.ts";
import { ApiError, badRequest, unsupportedMediaType } from "./status.ts";

/** The default of kube-apiserver's --max-request-bytes. */
const maxBodyBytes = 3 * 1024 * 1024;

/** @throws ApiError 413 for a body longer than kube-apiserver accepts. */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  requireSize(Number(request.headers["content-length"] ?? 0));
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    requireSize(length);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function requireSize(bytes: number): void {
  if (bytes <= maxBodyBytes) return;
  const message = `Request entity too large: limit is ${maxBodyBytes}`;
  throw new ApiError(413, "RequestEntityTooLarge", message);
}

/** The media type of a header without its parameters, in lower case. */
export function mediaType(header = ""): string {
  return header.split(";")[0]?.trim().toLowerCase() ?? "";
}

/** The object of a body; without a media type it is JSON. @throws ApiError 400 or 415. */
export function decodeBody(body: Buffer, contentType: string | undefined, kind: string): Json {
  const type = mediaType(contentType);
  if (type === "" || type === "application/json") return decodeJson(body.toString("utf8"), kind);
  if (type === "application/yaml") return decodeYaml(body.toString("utf8"), kind);
  if (type === protobufType) return parsed(kind, () => decodeProtobuf(body));
  throw unsupportedMediaType(["application/json", "application/yaml", protobufType]);
}

function decodeJson(text: string, kind: string): Json {
  return parsed(kind, () => JSON.parse(text) as Json);
}

/** The value of one YAML document; JSON is YAML. @throws ApiError 400. */
export function decodeYaml(text: string, kind: string): Json {
  if (text.trimStart().startsWith('{"')) return decodeJson(text, kind);
  // maxAliasCount: an alias bomb is refused, not expanded.
  return parsed(kind, () => parseYaml(text, { maxAliasCount: 50, uniqueKeys: true, merge: true }) as Json);
}

/** The result of a parser, whose failure becomes a 400 unless it is an ApiError already. */
function parsed(kind: string, parse: () => Json): Json {
  try {
    return parse();
  } catch (error) {
    if (error instanceof ApiError) throw error;
    const why = error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
    throw badRequest(
      `the object provided is unrecognized (must be of type ${kind}): couldn't get version/kind; json parse error: ${why}`,
    );
  }
}
