// Whether an object may be stored: its schema, and the few further rules of core kinds.
import {
  type Json,
  type JsonObject,
  asList,
  asObject,
  asString,
  isObject,
  jsonEqual,
  without,
} from "./json.ts";
import type { ApiObject } from "./object.ts";
import { type ResourceType, podType, secretType } from "./resource-types.ts";
import { celCauses } from "./schema-cel.ts";
import { schemaCauses } from "./schema-validate.ts";
import { type Schema, fieldSchema, hasRules, schemaOf } from "./schemas.ts";
import { type Cause, forbiddenField, invalidField, requiredField, tooLongField } from "./status.ts";

/** kube-apiserver adds this for a schema with CEL rules and an object that is invalid for one of blockingReasons. */
const rulesSkipped = invalidField(
  "<nil>",
  null,
  "some validation rules were not checked because the object was invalid; correct the existing errors to complete validation",
);

/** apiextensions-apiserver hasBlockingErr. */
const blockingReasons = new Set([
  "FieldValueNotSupported",
  "FieldValueRequired",
  "FieldValueTooLong",
  "FieldValueTooMany",
  "FieldValueTypeInvalid",
]);

/** The causes of a whole object, and `rulesSkipped` when it applies. */
export function withSkippedRules(resource: ResourceType, causes: readonly Cause[]): readonly Cause[] {
  return isBlocked(causes) && resource.custom && hasRules(resource.schema)
    ? [...causes, rulesSkipped]
    : causes;
}

function isBlocked(causes: readonly Cause[]): boolean {
  return causes.some(({ reason }) => blockingReasons.has(reason ?? ""));
}

const configKey = /^[-._a-zA-Z0-9]+$/;
const configKeyText =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
const maxDataBytes = 1024 * 1024;

function dataCauses(object: ApiObject): readonly Cause[] {
  const entries = ["data", "binaryData"].flatMap((field) =>
    Object.entries(asObject(object[field])).map(([key, value]) => ({ field, key, value })),
  );
  const keys = entries
    .filter(({ key }) => !configKey.test(key))
    .map(({ field, key }) => invalidField(`${field}[${key}]`, key, configKeyText));
  const texts = entries.map(({ value }) => asString(value) ?? "");
  const tooLong = Buffer.byteLength(texts.join("")) > maxDataBytes;
  return tooLong ? [...keys, tooLongField("[]", maxDataBytes)] : keys;
}

function immutableCauses(resource: ResourceType, object: ApiObject, old: ApiObject): readonly Cause[] {
  const causes: Cause[] = [];
  if (resource === secretType && !jsonEqual(old["type"], object["type"])) {
    causes.push(invalidField("type", object["type"] ?? "", "field is immutable"));
  }
  const fixed = old["immutable"] === true ? ["immutable", "data", "binaryData"] : [];
  for (const field of fixed.filter((field) => !jsonEqual(old[field], object[field]))) {
    causes.push(forbiddenField(field, "field is immutable when `immutable` is set"));
  }
  return causes;
}

/** Required fields and enums. The rest of a core kind's schema is documentation, which kube-apiserver does not check. */
function podCauses(object: ApiObject): readonly Cause[] {
  const spec = asObject(object["spec"]);
  if (asList(spec["containers"]).length === 0) return [requiredField("spec.containers")];
  const schema = fieldSchema(schemaOf(podType.schema), "spec") ?? {};
  return schemaCauses(spec, schema)
    .filter(({ reason }) => reason === "FieldValueRequired" || reason === "FieldValueNotSupported")
    .map((cause) => ({ ...cause, field: `spec.${cause.field ?? ""}` }));
}

const podSpecText =
  "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

/** The part of a pod's spec that cannot be changed. */
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
  return [forbiddenField("spec", podSpecText)];
}

/** The CEL rules count only for an object that their expressions can work on. */
function customCauses(object: JsonObject, schema: Schema): readonly Cause[] {
  const causes = schemaCauses(object, schema);
  return isBlocked(causes) ? causes : [...causes, ...celCauses(object, schema, "")];
}

/** Every reason why an object may not be stored, except those of its metadata. */
export function specCauses(resource: ResourceType, object: ApiObject, old?: ApiObject): readonly Cause[] {
  if (resource.custom) return customCauses(without(object, "metadata"), schemaOf(resource.schema));
  if (resource === podType) {
    return [...podCauses(object), ...(old === undefined ? [] : podUpdateCauses(object, old))];
  }
  return [
    ...(isObject(object["data"]) || isObject(object["binaryData"]) ? dataCauses(object) : []),
    ...(old === undefined ? [] : immutableCauses(resource, object, old)),
  ];
}
