// Protobuf request bodies of the core kinds that kubectl creates with its typed client (create namespace, configmap,
// secret, serviceaccount). Every other client and kind sends JSON.
import { type JsonObject, asList, asObject, setField } from "./json.ts";
import { unsupportedMediaType } from "./status.ts";

/** How a field of a message is read. The numbers are from k8s.io/api/core/v1/generated.proto. */
type Field =
  | readonly [name: string, kind: "text" | "bytes" | "flag"]
  | readonly [name: string, kind: "message", message: Message]
  | readonly [name: string, kind: "messages", message: Message]
  | readonly [name: string, kind: "texts"]
  | readonly [name: string, kind: "map", value: "text" | "bytes"];

type Message = ReadonlyMap<number, Field>;

const ownerReference: Message = new Map<number, Field>([
  [1, ["kind", "text"]],
  [3, ["name", "text"]],
  [4, ["uid", "text"]],
  [5, ["apiVersion", "text"]],
  [6, ["controller", "flag"]],
  [7, ["blockOwnerDeletion", "flag"]],
]);

const objectMeta: Message = new Map<number, Field>([
  [1, ["name", "text"]],
  [2, ["generateName", "text"]],
  [3, ["namespace", "text"]],
  [5, ["uid", "text"]],
  [6, ["resourceVersion", "text"]],
  [11, ["labels", "map", "text"]],
  [12, ["annotations", "map", "text"]],
  [13, ["ownerReferences", "messages", ownerReference]],
  [14, ["finalizers", "texts"]],
]);

const metadata: readonly [number, Field] = [1, ["metadata", "message", objectMeta]];

const kinds: Readonly<Record<string, Message>> = {
  Namespace: new Map([metadata]),
  ServiceAccount: new Map([metadata]),
  ConfigMap: new Map<number, Field>([
    metadata,
    [2, ["data", "map", "text"]],
    [3, ["binaryData", "map", "bytes"]],
    [4, ["immutable", "flag"]],
  ]),
  Secret: new Map<number, Field>([
    metadata,
    [2, ["data", "map", "bytes"]],
    [3, ["type", "text"]],
    [4, ["stringData", "map", "text"]],
    [5, ["immutable", "flag"]],
  ]),
};

/** A field as encoded: a number, or the bytes of a length-delimited field. */
interface Wire {
  readonly number: number;
  readonly value: number | Buffer;
}

function* wireFields(bytes: Buffer): Generator<Wire, void> {
  let at = 0;
  const varint = (): number => {
    let result = 0;
    for (let scale = 1; at < bytes.length; scale *= 128) {
      const byte = bytes[at] ?? 0;
      at += 1;
      result += (byte & 127) * scale;
      if (byte < 128) return result;
    }
    throw new RangeError("protobuf: the message ends within a number");
  };
  while (at < bytes.length) {
    const tag = varint();
    const [number, wireType] = [Math.floor(tag / 8), tag % 8];
    if (wireType === 0) yield { number, value: varint() };
    else if (wireType === 2) {
      const length = varint();
      if (at + length > bytes.length) throw new RangeError("protobuf: the message ends within a field");
      yield { number, value: bytes.subarray(at, at + length) };
      at += length;
    } else throw new RangeError(`protobuf: wire type ${wireType} is not supported`);
  }
}

const bytesOf = (value: number | Buffer): Buffer => (typeof value === "number" ? Buffer.alloc(0) : value);

function scalar(value: number | Buffer, kind: "text" | "bytes"): string {
  return bytesOf(value).toString(kind === "text" ? "utf8" : "base64");
}

/** Fields 1 and 2 of a message: the key and value of a map entry, or the apiVersion and kind of a TypeMeta. */
function pair(message: number | Buffer, kind: "text" | "bytes"): readonly [string, string] {
  let [first, second] = ["", ""];
  for (const { number, value } of wireFields(bytesOf(message))) {
    if (number === 1) first = scalar(value, "text");
    if (number === 2) second = scalar(value, kind);
  }
  return [first, second];
}

function decodeMessage(bytes: Buffer, message: Message): JsonObject {
  const result: JsonObject = {};
  for (const { number, value } of wireFields(bytes)) {
    const field = message.get(number);
    if (field === undefined) continue;
    const [name, kind] = field;
    const empty = typeof value !== "number" && value.length === 0;
    if (kind === "flag") result[name] = value === 1;
    else if (kind === "text" || kind === "bytes") {
      // Go also encodes the empty fields of a message.
      if (!empty) result[name] = scalar(value, kind);
    } else if (kind === "texts") result[name] = [...asList(result[name]), scalar(value, "text")];
    else if (kind === "map") {
      const map: JsonObject = { ...asObject(result[name]) };
      setField(map, ...pair(value, field[2]));
      result[name] = map;
    } else if (kind === "message") result[name] = decodeMessage(bytesOf(value), field[2]);
    else if (kind === "messages") {
      result[name] = [...asList(result[name]), decodeMessage(bytesOf(value), field[2])];
    }
  }
  return result;
}

const magic = Buffer.from("k8s\0", "latin1");

/** Media type of Kubernetes' protobuf envelope. */
export const protobufType = "application/vnd.kubernetes.protobuf";

/**
 * The object in a Kubernetes protobuf envelope (runtime.Unknown).
 * @throws ApiError 415 for other kinds than those above; RangeError for bytes that are not such a message.
 */
export function decodeProtobuf(body: Buffer): JsonObject {
  if (!body.subarray(0, magic.length).equals(magic))
    throw new RangeError("protobuf: not a Kubernetes envelope");
  let [apiVersion, kind] = ["", ""];
  let raw = Buffer.alloc(0);
  for (const { number, value } of wireFields(body.subarray(magic.length))) {
    if (number === 2) raw = Buffer.from(bytesOf(value));
    if (number === 1) [apiVersion, kind] = pair(value, "text");
  }
  const message = Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
  if (apiVersion !== "v1" || message === undefined) {
    throw unsupportedMediaType(["application/json", "application/yaml"]);
  }
  return { apiVersion, kind, ...decodeMessage(raw, message) };
}
