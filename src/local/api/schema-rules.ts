// Whether an object may be stored, by its schema and the few rules that core kinds have besides.
import { type Json, type JsonObject, asList, asObject, isObject, jsonEqual, without } from "./json.ts";
import type { ApiObject } from "./object.ts";
import { type ResourceType, podType, secretType } from "./resource-types.ts";
import { schemaCauses } from "./schema-validate.ts";
import { fieldSchema, hasRules, schemaOf } from "./schemas.ts";
import type { Cause } from "./status.ts";

/** Said by kube-apiserver when a schema with CEL rules meets an object that is invalid in one of blockingReasons. */
const rulesSkipped: Cause = {
  reason: "FieldValueInvalid",
  message:
    "Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation",
  field: "<nil>",
};

function customCauses(resource: ResourceType, object: ApiObject): readonly Cause[] {
  return schemaCauses(without(object, "metadata"), schemaOf(resource.schema));
}

/** apiextensions-apiserver hasBlockingErr. */
const blockingReasons = new Set([
  "FieldValueNotSupported",
  "FieldValueRequired",
  "FieldValueTooLong",
  "FieldValueTooMany",
  "FieldValueTypeInvalid",
]);

/** The causes of an object, metadata's included, and a last one when they kept the schema's CEL rules from being checked. */
export function withSkippedRules(resource: ResourceType, causes: readonly Cause[]): readonly Cause[] {
  const blocked = causes.some(({ reason }) => blockingReasons.has(reason ?? ""));
  return blocked && resource.custom && hasRules(resource.schema) ? [...causes, rulesSkipped] : causes;
}

const configKey = /^[-._a-zA-Z0-9]+$/;
const maxDataBytes = 1024 * 1024;

function dataCauses(object: ApiObject): readonly Cause[] {
  const entries = ["data", "binaryData"].flatMap((field) =>
    Object.entries(asObject(object[field])).map(([key, value]) => ({ field, key, value })),
  );
  const keys = entries
    .filter(({ key }) => !configKey.test(key))
    .map(({ field, key }) => ({
      reason: "FieldValueInvalid",
      message: `Invalid value: ${JSON.stringify(key)}: a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')`,
      field: `${field}[${key}]`,
    }));
  const bytes = entries.reduce(
    (sum, { value }) => sum + (typeof value === "string" ? Buffer.byteLength(value) : 0),
    0,
  );
  if (bytes <= maxDataBytes) return keys;
  const message = `Too long: may not be more than ${maxDataBytes} bytes`;
  return [...keys, { reason: "FieldValueTooLong", message, field: "[]" }];
}

function immutableCauses(resource: ResourceType, object: ApiObject, old: ApiObject): readonly Cause[] {
  const causes: Cause[] = [];
  if (resource === secretType && !jsonEqual(old["type"], object["type"])) {
    const message = `Invalid value: ${JSON.stringify(object["type"] ?? "")}: field is immutable`;
    causes.push({ reason: "FieldValueInvalid", message, field: "type" });
  }
  if (old["immutable"] !== true) return causes;
  const message = "Forbidden: field is immutable when `immutable` is set";
  for (const field of ["immutable", "data", "binaryData"]) {
    if (!jsonEqual(old[field], object[field])) causes.push({ reason: "FieldValueForbidden", message, field });
  }
  return causes;
}

/** What a pod cannot do without; the rest of a core kind's schema describes, and is not checked. */
function podCauses(object: ApiObject): readonly Cause[] {
  const spec = asObject(object["spec"]);
  if (asList(spec["containers"]).length === 0) {
    return [{ reason: "FieldValueRequired", message: "Required value", field: "spec.containers" }];
  }
  const schema = fieldSchema(schemaOf(podType.schema), "spec") ?? {};
  return schemaCauses(spec, schema)
    .filter(({ reason }) => reason === "FieldValueRequired" || reason === "FieldValueNotSupported")
    .map((cause) => ({ ...cause, field: `spec.${cause.field ?? ""}` }));
}

const podSpecText =
  "Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

/** The part of a pod's spec that stays as it was created. */
function fixedPodSpec(object: ApiObject): JsonObject {
  const spec = without(
    asObject(object["spec"]),
    "activeDeadlineSeconds",
    "tolerations",
    "terminationGracePeriodSeconds",
  );
  const containers = (field: string): readonly Json[] =>
    asList(spec[field]).map((container) => without(asObject(container), "image"));
  return { ...spec, containers: containers("containers"), initContainers: containers("initContainers") };
}

function podUpdateCauses(object: ApiObject, old: ApiObject): readonly Cause[] {
  if (jsonEqual(fixedPodSpec(old), fixedPodSpec(object))) return [];
  return [{ reason: "FieldValueForbidden", message: podSpecText, field: "spec" }];
}

/** Every reason why an object may not be stored in this state. */
export function specCauses(resource: ResourceType, object: ApiObject, old?: ApiObject): readonly Cause[] {
  if (resource.custom) return customCauses(resource, object);
  if (resource === podType) {
    return [...podCauses(object), ...(old === undefined ? [] : podUpdateCauses(object, old))];
  }
  return [
    ...(isObject(object["data"]) || isObject(object["binaryData"]) ? dataCauses(object) : []),
    ...(old === undefined ? [] : immutableCauses(resource, object, old)),
  ];
}
