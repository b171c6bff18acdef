// JSON patch (RFC 6902).
import { type Json, type JsonObject, asString, getField, isObject, jsonEqual, setField } from "./json.ts";
import { ApiError, badRequest } from "./status.ts";

/** kube-apiserver gives no other reason for a patch that cannot be applied. */
function rejected(): ApiError {
  return new ApiError(422, "Invalid", "the server rejected our request due to an error in our request");
}

interface Operation {
  readonly op: string;
  readonly path: readonly string[];
  readonly from: readonly string[];
  readonly value: Json;
}

function pointer(text: string | undefined): readonly string[] {
  if (text === undefined || text === "") return [];
  if (!text.startsWith("/")) throw rejected();
  return text
    .slice(1)
    .split("/")
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}

const maxOperations = 10_000;

function parse(patch: Json): readonly Operation[] {
  if (!Array.isArray(patch)) {
    throw badRequest(
      `error decoding patch: json: cannot unmarshal ${typeof patch} into Go value of type []handlers.jsonPatchOp`,
    );
  }
  if (patch.length > maxOperations) {
    const message = `The allowed maximum operations in a JSON patch is ${maxOperations}, got ${patch.length}`;
    throw new ApiError(413, "RequestEntityTooLarge", `Request entity too large: ${message}`);
  }
  return patch.map((operation: Json) => {
    if (!isObject(operation)) throw rejected();
    return {
      op: asString(operation["op"]) ?? "",
      path: pointer(asString(operation["path"])),
      from: pointer(asString(operation["from"])),
      value: operation["value"] ?? null,
    };
  });
}

function indexIn(part: string, end: number): number {
  if (!/^(0|[1-9]\d*)$/.test(part) || Number(part) > end) throw rejected();
  return Number(part);
}

function read(target: Json, path: readonly string[]): Json {
  const [part, ...rest] = path;
  if (part === undefined) return target;
  if (Array.isArray(target)) return read(target[indexIn(part, target.length - 1)] as Json, rest);
  const value = isObject(target) ? getField(target, part) : undefined;
  if (value === undefined) throw rejected();
  return read(value, rest);
}

type Change = "add" | "replace" | "remove";

function changeList(list: readonly Json[], part: string, change: Change, value: Json): Json {
  const copy = [...list];
  if (change === "add") copy.splice(part === "-" ? list.length : indexIn(part, list.length), 0, value);
  else if (change === "replace") copy[indexIn(part, list.length - 1)] = value;
  else copy.splice(indexIn(part, list.length - 1), 1);
  return copy;
}

function changeObject(object: JsonObject, part: string, change: Change, value: Json): Json {
  const copy = { ...object };
  if (change !== "add" && !Object.hasOwn(copy, part)) throw rejected();
  if (change === "remove") delete copy[part];
  else setField(copy, part, value);
  return copy;
}

function write(target: Json, path: readonly string[], change: Change, value: Json): Json {
  const [part, ...rest] = path;
  if (part === undefined) return value;
  if (rest.length > 0) {
    const inner = write(read(target, [part]), rest, change, value);
    return write(target, [part], "replace", inner);
  }
  if (Array.isArray(target)) return changeList(target as readonly Json[], part, change, value);
  if (!isObject(target)) throw rejected();
  return changeObject(target, part, change, value);
}

function step(target: Json, { op, path, from, value }: Operation): Json {
  switch (op) {
    case "test":
      if (!jsonEqual(read(target, path), value)) throw rejected();
      return target;
    case "add":
    case "replace":
    case "remove":
      return write(target, path, op, value);
    case "copy":
      return write(target, path, "add", read(target, from));
    case "move":
      return write(write(target, from, "remove", null), path, "add", read(target, from));
    default:
      throw rejected();
  }
}

/** The target after all operations, in order. @throws ApiError 400, 413 or 422. */
export function jsonPatch(target: Json, patch: Json): Json {
  return parse(patch).reduce(step, target);
}
