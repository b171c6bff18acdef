// From a decoded body to an object of the kind that the URL names, checked as kube-apiserver's decoders check it.
import type { WriteOptions } from "./context.ts";
import { type Json, type JsonObject, asObject, asString, isObject, without } from "./json.ts";
import type { ApiObject } from "./object.ts";
import { type ResourceType, apiVersionOf, secretType } from "./resource-types.ts";
import { decodeFault } from "./schema-decode.ts";
import { prune } from "./schema-prune.ts";
import { objectMeta, schemaOf } from "./schemas.ts";
import { ApiError, badRequest } from "./status.ts";

function undecodable({ kind, version }: ResourceType, given: string, why: string): ApiError {
  return badRequest(`${given || kind} in version "${version}" cannot be handled as a ${kind}: ${why}`);
}

function excerpt(value: Json): string {
  const text = JSON.stringify(value);
  return text.length > 32 ? `${text.slice(0, 31)} ...` : text;
}

/** The body with apiVersion and kind. Core kinds may leave them out. @throws ApiError 400 when they are others. */
function ofKind(resource: ResourceType, value: Json): JsonObject {
  const expected = apiVersionOf(resource);
  if (!isObject(value)) {
    throw badRequest(
      `the object provided is unrecognized (must be of type ${resource.kind}): couldn't get version/kind; json parse error: json: cannot unmarshal ${Array.isArray(value) ? "array" : typeof value} into Go value of type struct { APIVersion string; Kind string }`,
    );
  }
  const kind = asString(value["kind"]) ?? "";
  const apiVersion = asString(value["apiVersion"]) ?? "";
  if (resource.custom && (kind === "" || apiVersion === "")) {
    const missing = kind === "" ? "Kind" : "apiVersion";
    throw badRequest(
      `the object provided is unrecognized (must be of type ${resource.kind}): Object '${missing}' is missing in '${JSON.stringify(value)}' (${excerpt(value)})`,
    );
  }
  if (apiVersion !== "" && apiVersion !== expected) {
    throw badRequest(
      `the API version in the data (${apiVersion}) does not match the expected API version (${expected})`,
    );
  }
  if (kind !== "" && kind !== resource.kind) {
    const why = `no kind "${kind}" is registered for version "${expected}"`;
    throw undecodable(resource, kind, why);
  }
  return { ...value, apiVersion: expected, kind: resource.kind };
}

function requireTypes(resource: ResourceType, value: JsonObject): void {
  const fault = resource.custom
    ? decodeFault(value["metadata"], objectMeta, "ObjectMeta")
    : decodeFault(value, schemaOf(resource.schema), resource.kind);
  if (fault !== undefined) throw undecodable(resource, resource.kind, fault);
  if (resource !== secretType) return;
  for (const text of Object.values(asObject(value["data"]))) {
    const at = firstBadBase64(asString(text) ?? "");
    if (at !== undefined)
      throw undecodable(resource, resource.kind, `illegal base64 data at input byte ${at}`);
  }
}

function firstBadBase64(text: string): number | undefined {
  if (/^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)) return undefined;
  const bad = text.search(/[^A-Za-z0-9+/]/);
  return bad < 0 ? text.length : bad;
}

/** Fields that come first in what is stored. */
const head = ["apiVersion", "kind", "metadata"] as const;

/** An object, and the fields that its kind does not have. */
interface Decoded {
  readonly object: ApiObject;
  readonly unknown: readonly string[];
}

function decode(resource: ResourceType, value: Json): Decoded {
  const typed = ofKind(resource, value);
  requireTypes(resource, typed);
  const pruned = prune(typed, schemaOf(resource.schema));
  const fields = asObject(pruned.value);
  const metadata = asObject(fields["metadata"]);
  return {
    object: {
      apiVersion: apiVersionOf(resource),
      kind: resource.kind,
      metadata,
      ...without(fields, ...head),
    },
    unknown: resource.custom ? pruned.unknown.toSorted() : pruned.unknown,
  };
}

function strictText(unknown: readonly string[]): string {
  return `strict decoding error: ${unknown.map((path) => `unknown field ${JSON.stringify(path)}`).join(", ")}`;
}

function warn(unknown: readonly string[], options: WriteOptions): void {
  if (options.fieldValidation !== "Warn") return;
  options.warnings.push(...unknown.map((path) => `unknown field ${JSON.stringify(path)}`));
}

/**
 * The object of a create or replace, without fields that its kind does not have; those are an error, a warning
 * or nothing, as fieldValidation asks. @throws ApiError 400.
 */
export function decodeObject(resource: ResourceType, value: Json, options: WriteOptions): ApiObject {
  const { object, unknown } = decode(resource, value);
  if (unknown.length > 0 && options.fieldValidation === "Strict") {
    throw undecodable(resource, resource.kind, strictText(unknown));
  }
  warn(unknown, options);
  return object;
}

/** As decodeObject for what a patch made of an object; unknown fields are a 422 here. @throws ApiError 400 or 422. */
export function decodePatched(resource: ResourceType, value: Json, options: WriteOptions): ApiObject {
  const { object, unknown } = decode(resource, value);
  if (unknown.length > 0 && options.fieldValidation === "Strict") {
    const message = `Invalid value: ${JSON.stringify(JSON.stringify(value))}: ${strictText(unknown)}`;
    throw new ApiError(422, "Invalid", ` "" is invalid: patch: ${message}`, {
      causes: [{ reason: "FieldValueInvalid", message, field: "patch" }],
    });
  }
  warn(unknown, options);
  return object;
}

/** The object as its schema has it, without a word on what had to go; for what judges and defaults made of it. */
export function conform(resource: ResourceType, object: ApiObject, keepNulls = false): ApiObject {
  const { value } = prune(object, schemaOf(resource.schema), keepNulls);
  const fields = asObject(value);
  const metadata = asObject(fields["metadata"]);
  return { apiVersion: object.apiVersion, kind: object.kind, metadata, ...without(fields, ...head) };
}

/** The configuration of a server-side apply. @throws ApiError 400, or 500 for unknown fields as kube-apiserver does. */
export function decodeApplied(resource: ResourceType, value: Json, name: string): ApiObject {
  const fields = asObject(value);
  const [kind, apiVersion] = [asString(fields["kind"]) ?? "", asString(fields["apiVersion"]) ?? ""];
  if (kind !== resource.kind || apiVersion !== apiVersionOf(resource)) {
    const [group, version] = apiVersion.includes("/") ? apiVersion.split("/") : ["", apiVersion];
    throw badRequest(`invalid object type: ${group}/${version}, Kind=${kind}`);
  }
  const given = asObject(fields["metadata"]);
  if (given["managedFields"] !== undefined) throw badRequest("metadata.managedFields must be nil");
  const { group, version } = resource;
  const who = `${asString(given["namespace"]) ?? ""}/${name}; ${group}/${version}, Kind=${kind}`;
  const untyped = (why: string): ApiError =>
    new ApiError(500, "", `failed to create typed patch object (${who}): ${why}`);
  const fault = decodeFault(fields, schemaOf(resource.schema), kind);
  if (fault !== undefined) throw untyped(fault);
  const pruned = prune(fields, schemaOf(resource.schema));
  if (pruned.unknown.length > 0) {
    throw untyped(pruned.unknown.map((path) => `.${path}: field not declared in schema`).join("\n"));
  }
  return { ...fields, apiVersion, kind, metadata: { ...given, name } };
}
