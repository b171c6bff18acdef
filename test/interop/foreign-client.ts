// What the story asks of every client: calls with JSON in and JSON out, and errors in one form.
import {
  create,
  createRegistry,
  fromBinary,
  fromJson,
  toBinary,
  toJson,
  type DescMethod,
  type JsonObject,
} from "@bufbuild/protobuf";
import { AnySchema, anyUnpack, type Any } from "@bufbuild/protobuf/wkt";
import { BinaryReader } from "@bufbuild/protobuf/wire";
import { file_google_rpc_error_details } from "../../gen/google/rpc/error_details_pb.ts";
import { file_multinic_v1_network } from "../../gen/multinic/v1/network_pb.ts";

/** A call that the service refused. */
export class CallFailed extends Error {
  override readonly name = "CallFailed";
  /** Number of the google.rpc code. */
  readonly code: number;
  /** The details as JSON, by type name. */
  readonly details: ReadonlyMap<string, readonly JsonObject[]>;

  constructor(code: number, message: string, details: readonly Any[]) {
    super(message);
    this.code = code;
    const byType = new Map<string, JsonObject[]>();
    for (const any of details) {
      const unpacked = anyUnpack(any, registry);
      const schema = unpacked && registry.getMessage(unpacked.$typeName);
      if (unpacked === undefined || schema === undefined) throw new Error(`unknown detail ${any.typeUrl}`);
      const json = toJson(schema, unpacked) as JsonObject;
      byType.set(schema.typeName, [...(byType.get(schema.typeName) ?? []), json]);
    }
    this.details = byType;
  }
}

const registry = createRegistry(file_google_rpc_error_details, file_multinic_v1_network);

export interface ForeignClient {
  /** @throws CallFailed. */
  call(method: DescMethod, request: JsonObject): Promise<JsonObject>;
  /** The messages of a server stream; leaving the loop ends the call. */
  stream(method: DescMethod, request: JsonObject): AsyncIterable<JsonObject>;
}

export const methodPath = (method: DescMethod): string => `${method.parent.typeName}/${method.name}`;

export const encode = (method: DescMethod, request: JsonObject): Buffer =>
  Buffer.from(toBinary(method.input, fromJson(method.input, request)));

export const decode = (method: DescMethod, bytes: Uint8Array): JsonObject =>
  toJson(method.output, fromBinary(method.output, bytes)) as JsonObject;

/** The error of Connect's JSON form. */
export function failureFromJson(text: string): CallFailed {
  const { code, message, details } = JSON.parse(text) as {
    readonly code: string;
    readonly message?: string;
    readonly details?: readonly { readonly type: string; readonly value: string }[];
  };
  return new CallFailed(
    codes.indexOf(code),
    message ?? "",
    (details ?? []).map(({ type, value }) =>
      anyOf(`type.googleapis.com/${type}`, Buffer.from(value, "base64")),
    ),
  );
}

/** The error of a binary google.rpc.Status: code 1, message 2, details 3. */
export function failureFromStatus(bytes: Uint8Array): CallFailed {
  const reader = new BinaryReader(bytes);
  let code = 0;
  let message = "";
  const details: Any[] = [];
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field === 1) code = reader.int32();
    else if (field === 2) message = reader.string();
    else if (field === 3) details.push(fromBinary(AnySchema, reader.bytes()));
    else reader.skip(wireType, field);
  }
  return new CallFailed(code, message, details);
}

function anyOf(typeUrl: string, value: Uint8Array): Any {
  return create(AnySchema, { typeUrl, value: Uint8Array.from(value) });
}

/** By number; 0 is OK. */
const codes = [
  "ok",
  "canceled",
  "unknown",
  "invalid_argument",
  "deadline_exceeded",
  "not_found",
  "already_exists",
  "permission_denied",
  "resource_exhausted",
  "failed_precondition",
  "aborted",
  "out_of_range",
  "unimplemented",
  "internal",
  "unavailable",
  "data_loss",
  "unauthenticated",
];

/** One message of gRPC, gRPC-Web and Connect streams: a byte of flags, the length, the bytes. */
export interface Frame {
  readonly flags: number;
  readonly data: Buffer;
}

export function frame(data: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(data.length, 1);
  return Buffer.concat([head, data]);
}

export async function* frames(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Frame> {
  let rest = Buffer.alloc(0);
  for await (const chunk of chunks) {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 5 && rest.length >= 5 + rest.readUInt32BE(1)) {
      const end = 5 + rest.readUInt32BE(1);
      yield { flags: rest[0] ?? 0, data: rest.subarray(5, end) };
      rest = rest.subarray(end);
    }
  }
  if (rest.length > 0) throw new Error("the answer ends inside a message");
}
