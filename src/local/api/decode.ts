// From a decoded body to an object of the kind that the URL names, checked as kube-apiserver's decoders check it.
import type { WriteOptions } from "./context.ts";
import { type Json, type JsonObject, asObject, asString, isObject, without } from "./json.ts";
import type { ApiObject } from "./object.ts";
import { type ResourceType, apiVersionOf, secretType } from "./resource-types.ts";
import { decodeFault } from "./schema-decode.ts";
import { prune } from "./schema-prune.ts";
import { objectMeta, schemaOf } from "./schemas.ts";
import { ApiError, badRequest, invalid, invalidField } from "./status.ts";

function undecodable({ kind, version }: ResourceType, why: string, given = kind): ApiError {
  return badRequest(`${given} in version "${version}" cannot be handled as a ${kind}: ${why}`);
}

function excerpt(value: Json): string {
  const text = JSON.stringify(value);
  return text.length > 32 ? `${text.slice(0, 31)} ...` : text;
}

/** The body with apiVersion and kind, which core kinds may leave out. @throws ApiError 400 when they are others. */
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
    throw undecodable(resource, `no kind "${kind}" is registered for version "${expected}"`, kind);
  }
  return { ...value, apiVersion: expected, kind: resource.kind };
}

function requireTypes(resource: ResourceType, value: JsonObject): void {
  const fault = resource.custom
    ? decodeFault(value["metadata"], objectMeta, "ObjectMeta")
    : decodeFault(value, schemaOf(resource.schema), resource.kind);
  if (fault !== undefined) throw undecodable(resource, fault);
  if (resource !== secretType) return;
  for (const text of Object.values(asObject(value["data"]))) {
    const at = firstBadBase64(asString(text) ?? "");
    if (at !== undefined) throw undecodable(resource, `illegal base64 data at input byte ${at}`);
  }
}

function firstBadBase64(text: string): number | undefined {
  if (/^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)) return undefined;
  const bad = text.search(/[^A-Za-z0-9+/]/);
  return bad < 0 ? text.length : bad;
}

/** Unknown fields are an error, a warning or nothing, as fieldValidation asks; none of them is kept. */
function decode(
  resource: ResourceType,
  value: Json,
  { fieldValidation, warnings }: WriteOptions,
  refuse: (why: string) => ApiError,
): ApiObject {
  const typed = ofKind(resource, value);
  requireTypes(resource, typed);
  const pruned = prune(typed, schemaOf(resource.schema));
  const paths = resource.custom ? pruned.unknown.toSorted() : pruned.unknown;
  const unknown = paths.map((path) => `unknown field ${JSON.stringify(path)}`);
  if (fieldValidation === "Strict" && unknown.length > 0) {
    throw refuse(`strict decoding error: ${unknown.join(", ")}`);
  }
  if (fieldValidation === "Warn") warnings.push(...unknown);
  return headFirst(pruned.value, apiVersionOf(resource), resource.kind);
}

function headFirst(value: Json, apiVersion: string, kind: string): ApiObject {
  const { metadata, ...fields } = without(asObject(value), "apiVersion", "kind");
  return { apiVersion, kind, metadata: asObject(metadata), ...fields };
}

/** The object of a create or replace. @throws ApiError 400. */
export function decodeObject(resource: ResourceType, value: Json, options: WriteOptions): ApiObject {
  return decode(resource, value, options, (why) => undecodable(resource, why));
}

/** The object that a patch leads to. @throws ApiError 400, or 422 for unknown fields. */
export function decodePatched(resource: ResourceType, value: Json, options: WriteOptions): ApiObject {
  return decode(resource, value, options, (why) =>
    invalid({ group: "", kind: "" }, "", [invalidField("patch", JSON.stringify(value), why)]),
  );
}

/** The object without what its schema does not have; for what admission and defaults return. */
export function conform(resource: ResourceType, object: ApiObject, keepNulls = false): ApiObject {
  const { value } = prune(object, schemaOf(resource.schema), keepNulls);
  return headFirst(value, object.apiVersion, object.kind);
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
  const schema = schemaOf(resource.schema);
  const fault = decodeFault(fields, schema, kind);
  if (fault !== undefined) throw untyped(fault);
  const { unknown } = prune(fields, schema);
  if (unknown.length > 0) {
    throw untyped(unknown.map((path) => `.${path}: field not declared in schema`).join("\n"));
  }
  return { ...fields, apiVersion, kind, metadata: { ...given, name } };
}
