// What metadata must look like besides its types: labels, annotations, finalizers, owner references.
import { asObject } from "./json.ts";
import { type ApiObject, finalizersOf, labelsOf, ownersOf } from "./object.ts";
import type { Cause } from "./status.ts";

const namePart = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const prefixPart = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const labelValue = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;

const namePartText =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const prefixPartText =
  "prefix part a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const labelValueText =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

function invalidValue(field: string, value: string, text: string): Cause {
  return { reason: "FieldValueInvalid", message: `Invalid value: ${JSON.stringify(value)}: ${text}`, field };
}

/** What is wrong with a qualified name, such as `example.com/part`. */
function qualifiedNameFaults(name: string): readonly string[] {
  const parts = name.split("/");
  if (parts.length > 2) {
    return [
      "a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')",
    ];
  }
  const last = parts.at(-1) ?? "";
  const prefix = parts.length === 2 ? parts[0] : undefined;
  return [
    ...(prefix === "" ? ["prefix part must be non-empty"] : []),
    ...(prefix !== undefined && prefix !== "" && !prefixPart.test(prefix) ? [prefixPartText] : []),
    ...(last === "" ? ["name part must be non-empty"] : []),
    ...(last.length > 63 ? ["name part must be no more than 63 bytes"] : []),
    ...(namePart.test(last) ? [] : [namePartText]),
  ];
}

function labelCauses(object: ApiObject): readonly Cause[] {
  const field = "metadata.labels";
  return Object.entries(labelsOf(object)).flatMap(([key, given]) => {
    const value = typeof given === "string" ? given : "";
    return [
      ...qualifiedNameFaults(key).map((text) => invalidValue(field, key, text)),
      ...(value.length > 63 ? [invalidValue(field, value, "must be no more than 63 bytes")] : []),
      ...(labelValue.test(value) ? [] : [invalidValue(field, value, labelValueText)]),
    ];
  });
}

const maxAnnotationBytes = 256 * 1024;

function annotationCauses(object: ApiObject): readonly Cause[] {
  const field = "metadata.annotations";
  const entries = Object.entries(asObject(object.metadata["annotations"]));
  const names = entries.flatMap(([key]) =>
    qualifiedNameFaults(key.toLowerCase()).map((text) => invalidValue(field, key, text)),
  );
  const bytes = entries.reduce(
    (sum, [key, value]) =>
      sum + Buffer.byteLength(key) + Buffer.byteLength(typeof value === "string" ? value : ""),
    0,
  );
  if (bytes <= maxAnnotationBytes) return names;
  const message = `Too long: may not be more than ${maxAnnotationBytes} bytes`;
  return [...names, { reason: "FieldValueTooLong", message, field }];
}

const standardFinalizers = ["kubernetes", "orphan", "foregroundDeletion"];

function finalizerCauses(object: ApiObject): readonly Cause[] {
  return finalizersOf(object).flatMap((name, index) => {
    const field = `metadata.finalizers[${index}]`;
    const faults = qualifiedNameFaults(name).map((text) => invalidValue(field, name, text));
    if (faults.length > 0 || name.includes("/") || standardFinalizers.includes(name)) return faults;
    return [invalidValue(field, name, "name is neither a standard finalizer name nor is it fully qualified")];
  });
}

function ownerCauses(object: ApiObject): readonly Cause[] {
  return ownersOf(object).flatMap((owner, index) =>
    (["apiVersion", "kind", "name", "uid"] as const)
      .filter((part) => owner[part] === "")
      .map((part) => ({
        reason: "FieldValueRequired",
        message: "Required value: must not be empty",
        field: `metadata.ownerReferences[${index}].${part}`,
      })),
  );
}

/** Every rule of metadata that an object breaks. */
export function metadataCauses(object: ApiObject): readonly Cause[] {
  return [
    ...labelCauses(object),
    ...annotationCauses(object),
    ...finalizerCauses(object),
    ...ownerCauses(object),
  ];
}
