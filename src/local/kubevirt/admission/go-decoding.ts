// Decodes an object into Go's types and encodes it again, as virt-api does.
import { type Json, type JsonObject, asObject, isObject } from "../../api/json.ts";
import { fieldSchema } from "../../api/schemas.ts";
import { canonicalQuantity, type Quantity, quantityError } from "../../../domain/objects/quantity.ts";
import type { VirtualMachineSpec } from "./template-spec.ts";
import { hasZeroValue, isQuantity, walkSpec } from "./webhook-schema.ts";

const template = "spec.template.spec.domain";

const uint = { type: "uint", min: 0, max: Number.MAX_SAFE_INTEGER };
const int32 = { type: "int32", min: -(2 ** 31), max: 2 ** 31 - 1 };
const uint32 = { type: "uint32", min: 0, max: 2 ** 32 - 1 };

/** Integers whose Go type is narrower than the schema's. */
const narrowIntegers: Readonly<Record<string, typeof uint>> = {
  [`${template}.devices.interfaces.bootOrder`]: uint,
  [`${template}.devices.disks.bootOrder`]: uint,
  [`${template}.devices.interfaces.ports.port`]: int32,
  [`${template}.devices.interfaces.portRanges.start`]: int32,
  [`${template}.devices.interfaces.portRanges.end`]: int32,
  [`${template}.cpu.cores`]: uint32,
  [`${template}.cpu.sockets`]: uint32,
  [`${template}.cpu.threads`]: uint32,
  [`${template}.cpu.maxSockets`]: uint32,
};

/** Go's error, undefined when it can decode the spec. A bad quantity stops decoding, so it is reported before a bad number. */
export function decodingError(spec: Json): string | undefined {
  let quantity: string | undefined;
  let integer: string | undefined;
  walkSpec(spec, (path, value, schema) => {
    if (isQuantity(schema)) quantity ??= quantityError(value as Quantity);
    const bounds = narrowIntegers[path];
    if (bounds !== undefined && typeof value === "number" && (value < bounds.min || value > bounds.max)) {
      integer ??= `json: cannot unmarshal number ${value} into Go struct field VirtualMachineInstanceTemplateSpec.${path} of type ${bounds.type}`;
    }
  });
  return quantity ?? integer;
}

/**
 * The spec as Go encodes it: without nulls, with canonical quantities, required scalars and the structs that are not
 * pointers. The given spec is not changed.
 */
export function decodedSpec(given: JsonObject): VirtualMachineSpec {
  const spec = structuredClone(given);
  const vmTemplate = asObject(spec["template"]);
  const templateSpec = { ...asObject(vmTemplate["spec"]) };
  const domain = { devices: {}, resources: {}, ...asObject(templateSpec["domain"]) };
  spec["template"] = { metadata: {}, ...vmTemplate, spec: { ...templateSpec, domain } };
  walkSpec(spec, (_path, value, schema) => {
    if (!isObject(value)) return;
    for (const [name, field] of Object.entries(value)) {
      const known = fieldSchema(schema, name);
      if (field === null) delete value[name];
      else if (known !== undefined && isQuantity(known)) value[name] = canonicalQuantity(field as Quantity);
    }
    for (const name of schema.required ?? []) {
      const field = fieldSchema(schema, name);
      if (!Object.hasOwn(value, name) && hasZeroValue(field)) value[name] = zero(field?.type);
    }
  });
  // The webhook's schema has checked the types.
  return spec as unknown as VirtualMachineSpec;
}

function zero(type: string | undefined): Json {
  if (type === "string") return "";
  return type === "boolean" ? false : 0;
}
