// Calls whose message cannot be decoded: Connect refuses them before any interceptor, with a text alone. The call is
// repeated with an empty message and a refusal that says why, so that the error has the form of its protocol.
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { type DescMessage, fromBinary } from "@bufbuild/protobuf";
import { base64Decode } from "@bufbuild/protobuf/wire";
import { type ConnectError, createContextKey, type Interceptor } from "@connectrpc/connect";
import type { UniversalServerRequest } from "@connectrpc/connect/protocol";
import { type FieldViolation, invalidArgument } from "./errors.ts";

/** Names the fields of a JSON value that a message cannot take. */
export type JsonViolations = (schema: DescMessage, json: unknown) => readonly FieldViolation[];

const refusal = createContextKey<ConnectError | undefined>(undefined, {
  description: "why the message of the call cannot be decoded",
});

/** The outermost interceptor: ends a repeated call with its refusal. */
export const refuseMalformed: Interceptor = (next) => (request) => {
  const error = request.contextValues.get(refusal);
  if (error !== undefined) throw error;
  return next(request);
};
export { refusal as malformedRefusal };

/** A copy of a body as it is read, of at most `limit` bytes. */
export interface BodyCopy {
  readonly body: AsyncGenerator<Uint8Array>;
  /** What was read, and whether that was all of it. */
  read(): SentBody;
}

export interface SentBody {
  /** undefined if the text of a query is not base64. */
  readonly bytes: Uint8Array | undefined;
  readonly complete: boolean;
}

export function copyBody(body: AsyncIterable<Uint8Array>, limit: number): BodyCopy {
  const chunks: Uint8Array[] = [];
  let length = 0;
  let complete = false;
  return {
    body: (async function* copy() {
      for await (const chunk of body) {
        length += chunk.length;
        if (length <= limit) chunks.push(chunk);
        yield chunk;
      }
      complete = true;
    })(),
    read: () => ({ bytes: Buffer.concat(chunks), complete: complete && length <= limit }),
  };
}

/** Why the sent message is not one of `schema`; undefined if it is one, or if that cannot be said. */
export function whyMalformed(
  schema: DescMessage,
  { header, body, limit }: { readonly header: Headers; readonly body: SentBody; readonly limit: number },
  violationsOf: JsonViolations,
): ConnectError | undefined {
  const reason = "MALFORMED_REQUEST";
  const unreadable = (description: string): ConnectError =>
    invalidArgument([{ field: "", description, reason }], { reason, message: description });
  if (body.bytes === undefined) return unreadable("the message is not base64");
  const sent = messageIn(header, { ...body, bytes: body.bytes }, limit);
  if (sent === undefined) return undefined;
  if ("problem" in sent) return unreadable(sent.problem);
  if (!/[+/]json\b/.test(header.get("content-type") ?? "")) {
    if (decodes(schema, sent.bytes)) return undefined;
    return invalidArgument([{ field: "", description: `the message is not a ${schema.typeName}`, reason }], {
      reason,
      message: `the message is not a ${schema.typeName} in protobuf's binary form`,
    });
  }
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(sent.bytes).toString());
  } catch {
    return unreadable("the message is not JSON");
  }
  const violations = violationsOf(schema, json);
  return violations.length === 0 ? undefined : invalidArgument(violations, { reason });
}

/** Headers that describe a body. */
const bodyHeaders = ["content-encoding", "content-length", "grpc-encoding", "connect-content-encoding"];

/** The same call with an empty message. */
export function withEmptyMessage(call: UniversalServerRequest): UniversalServerRequest {
  const url = new URL(call.url);
  const isJson = url.searchParams.get("encoding") === "json";
  for (const [name, value] of [
    ["message", isJson ? "{}" : ""],
    ["base64", ""],
  ] as const)
    if (url.searchParams.has(name)) url.searchParams.set(name, value);
  url.searchParams.delete("compression");
  const header = new Headers([...call.header].filter(([name]) => !bodyHeaders.includes(name)));
  return { ...call, url: url.href, header, body: once(emptyBody(header.get("content-type") ?? "")) };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function emptyBody(type: string): Uint8Array {
  const message = /[+/]json\b/.test(type) ? Buffer.from("{}") : Buffer.alloc(0);
  if (!isFramed(type)) return message;
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** The message of a Connect GET as if it had been sent in a body. */
export function sentByQuery(url: string): { readonly header: Headers; readonly body: SentBody } {
  const { searchParams: query } = new URL(url);
  const message = query.get("message") ?? "";
  const bytes = query.get("base64") === "1" ? fromBase64(message) : Buffer.from(message);
  const header = new Headers({ "content-type": `application/${query.get("encoding") ?? ""}` });
  if (query.has("compression")) header.set("content-encoding", query.get("compression") ?? "");
  return { header, body: { bytes, complete: true } };
}

function fromBase64(text: string): Uint8Array | undefined {
  try {
    return base64Decode(text);
  } catch {
    return undefined;
  }
}

const isFramed = (type: string): boolean => /^application\/(?:grpc|connect\+)/.test(type);

type Unpacked = { readonly bytes: Uint8Array } | { readonly problem: string };

/** Without framing and compression; undefined if it was not read to its end, is too large, or of an unknown compression. */
function messageIn(
  header: Headers,
  { bytes, complete }: { readonly bytes: Uint8Array; readonly complete: boolean },
  limit: number,
): Unpacked | undefined {
  if (!isFramed(header.get("content-type") ?? ""))
    return complete ? decompressed(bytes, header.get("content-encoding"), limit) : undefined;
  if (bytes.length < 5) return undefined;
  const length = Buffer.from(bytes).readUInt32BE(1);
  if (bytes.length < 5 + length) return undefined;
  const data = bytes.subarray(5, 5 + length);
  const encoding = header.get("grpc-encoding") ?? header.get("connect-content-encoding");
  return decompressed(data, (bytes[0]! & 1) === 0 ? null : encoding, limit);
}

function decompressed(bytes: Uint8Array, encoding: string | null, limit: number): Unpacked | undefined {
  try {
    if (encoding === "gzip") return { bytes: gunzipSync(bytes, { maxOutputLength: limit }) };
    if (encoding === "br") return { bytes: brotliDecompressSync(bytes, { maxOutputLength: limit }) };
  } catch (error) {
    const isTooLarge = (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE";
    return isTooLarge ? undefined : { problem: `the message cannot be decompressed by ${encoding}` };
  }
  return encoding === null || encoding === "identity" ? { bytes } : undefined;
}

function decodes(schema: DescMessage, bytes: Uint8Array): boolean {
  try {
    fromBinary(schema, bytes);
    return true;
  } catch {
    return false;
  }
}
