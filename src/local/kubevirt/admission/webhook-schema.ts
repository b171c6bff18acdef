// The type check that both webhooks begin with: pkg/util/openapi/openapi.go. virt-api has its schema compiled in; the CRD,
// which is generated from the same Go types, is used here.
import { isObject, type Json, type JsonObject } from "../../api/json.ts";
import { type Schema, fieldSchema, resolve, schemaOf } from "../../api/schemas.ts";

const source = { file: "virtualmachines.json" };

export function virtualMachineSchema(): Schema {
  return schemaOf(source);
}

/** Enums of KubeVirt's own schema that the CRD lacks. */
const enums: Readonly<Record<string, readonly string[]>> = {
  "spec.template.spec.dnsPolicy": ["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"],
  "spec.template.spec.readinessProbe.httpGet.scheme": ["HTTP", "HTTPS"],
  "spec.template.spec.livenessProbe.httpGet.scheme": ["HTTP", "HTTPS"],
  "spec.template.spec.tolerations.effect": ["NoExecute", "NoSchedule", "PreferNoSchedule"],
  "spec.template.spec.tolerations.operator": ["Equal", "Exists"],
  "spec.template.spec.volumes.containerDisk.imagePullPolicy": ["Always", "IfNotPresent", "Never"],
};

const templateMetadata = "spec.template.metadata";

/** The template's metadata has no schema in the CRD; virt-api validates it as ObjectMeta. */
function schemaAt(path: string, schema: Schema): Schema {
  const metadata = virtualMachineSchema().properties?.["metadata"];
  return resolve(path === templateMetadata && metadata !== undefined ? metadata : schema);
}

/**
 * The errors of spec and status as go-openapi writes them; empty when there are none. List items are given without their
 * index. Unknown fields are not reported: the API server has pruned them.
 */
export function schemaErrors(object: JsonObject): string[] {
  const { spec, status } = virtualMachineSchema().properties ?? {};
  const errors: string[] = [];
  if (object["spec"] === undefined) {
    errors.push("spec in body is required", 'spec in body must be of type object: "null"');
  } else if (spec !== undefined) errors.push(...valueErrors("spec", object["spec"], spec));
  if (isObject(object["status"]) && status !== undefined) {
    errors.push(...valueErrors("status", object["status"], status));
  }
  return errors;
}

function valueErrors(path: string, value: Json, given: Schema): string[] {
  const schema = schemaAt(path, given);
  const mismatch = typeMismatch(value, schema);
  if (mismatch !== undefined) return [`${path} in body must be of type ${mismatch}`];
  const choices = enums[path] ?? schema.enum;
  if (choices !== undefined && !choices.includes(value as string)) {
    return [`${path} in body should be one of [${choices.join(" ")}]`];
  }
  if (Array.isArray(value)) {
    const { items } = schema;
    return items === undefined ? [] : value.flatMap((item: Json) => valueErrors(path, item, items));
  }
  if (!isObject(value)) return [];
  const present = Object.entries(value).flatMap(([name, field]) => fieldErrors(path, name, field, schema));
  const missing = (schema.required ?? []).filter(
    (name) => (value[name] ?? null) === null && !hasZeroValue(fieldSchema(schema, name)),
  );
  return [...present, ...missing.map((name) => `${path}.${name} in body is required`)];
}

function fieldErrors(path: string, name: string, value: Json | undefined, schema: Schema): string[] {
  const field = fieldSchema(schema, name);
  if (field === undefined) {
    return path === templateMetadata ? [`${path}.${name} in body is a forbidden property`] : [];
  }
  // The API server drops null where the CRD does not allow it; virt-api accepts it in a status.
  const dropped = value === null && (field.nullable !== true || path.startsWith("status"));
  return value === undefined || dropped ? [] : valueErrors(`${path}.${name}`, value, field);
}

/** A missing required scalar is accepted: Go reads its zero value. */
export function hasZeroValue(schema: Schema | undefined): boolean {
  return ["string", "integer", "number", "boolean"].includes(schema?.type ?? "");
}

/** Only quantities have a pattern; ports, the other int-or-string fields, have none. */
export function isQuantity(schema: Schema): boolean {
  return schema["x-kubernetes-int-or-string"] === true && schema.pattern !== undefined;
}

function typeMismatch(value: Json, schema: Schema): string | undefined {
  const actual = typeName(value);
  if (schema["x-kubernetes-int-or-string"] === true) {
    const wanted = isQuantity(schema) ? "string,integer,number" : "string,number";
    return actual === "string" || actual === "number" ? undefined : `${wanted}: "${actual}"`;
  }
  if (schema.type === undefined) return undefined;
  if (schema.type === "integer" && typeof value === "number") {
    return Number.isInteger(value) ? undefined : `${schema.format ?? "int32"}: "float64"`;
  }
  return schema.type === actual ? undefined : `${schema.type}: "${actual}"`;
}

function typeName(value: Json): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

/** Calls `visit` with every value below spec that the schema describes, with its path without indices. */
export function walkSpec(spec: Json, visit: (path: string, value: Json, schema: Schema) => void): void {
  const schema = virtualMachineSchema().properties?.["spec"];
  if (schema !== undefined) walk("spec", spec, schema, visit);
}

function walk(
  path: string,
  value: Json,
  given: Schema,
  visit: (path: string, value: Json, schema: Schema) => void,
): void {
  const schema = schemaAt(path, given);
  visit(path, value, schema);
  if (Array.isArray(value) && schema.items !== undefined) {
    for (const item of value as readonly Json[]) walk(path, item, schema.items, visit);
  }
  if (!isObject(value)) return;
  for (const [name, field] of Object.entries(value)) {
    const known = fieldSchema(schema, name);
    if (known !== undefined && field !== undefined) walk(`${path}.${name}`, field, known, visit);
  }
}
