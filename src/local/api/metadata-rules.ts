// The rules for metadata besides its types: name, labels, annotations, finalizers, owner references.
import { dnsLabelErrors, dnsSubdomainErrors, subdomainForm, subdomainText } from "./dns-names.ts";
import { asObject, asString } from "./json.ts";
import { type ApiObject, finalizersOf, labelsOf, ownersOf } from "./object.ts";
import type { ResourceType } from "./resource-types.ts";
import { type Cause, invalidField, requiredField, tooLongField } from "./status.ts";

/** Why kube-apiserver refuses a name (RFC 1123 as Kubernetes applies it); empty when it does not. */
export function nameCauses(resource: ResourceType, name: string): readonly Cause[] {
  const errors = resource.kind === "Namespace" ? dnsLabelErrors(name) : dnsSubdomainErrors(name);
  return errors.map((error) => invalidField("metadata.name", name, error));
}

const namePart = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const labelValue = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;

const namePartText =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const labelValueText =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

/** Why a qualified name, such as `example.com/part`, is refused. */
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
    ...(prefix !== undefined && prefix !== "" && !subdomainForm.test(prefix)
      ? [`prefix part ${subdomainText}`]
      : []),
    ...(last === "" ? ["name part must be non-empty"] : []),
    ...(last.length > 63 ? ["name part must be no more than 63 bytes"] : []),
    ...(namePart.test(last) ? [] : [namePartText]),
  ];
}

function labelCauses(object: ApiObject): readonly Cause[] {
  const field = "metadata.labels";
  return Object.entries(labelsOf(object)).flatMap(([key, given]) => {
    const value = asString(given) ?? "";
    return [
      ...qualifiedNameFaults(key).map((text) => invalidField(field, key, text)),
      ...(value.length > 63 ? [invalidField(field, value, "must be no more than 63 bytes")] : []),
      ...(labelValue.test(value) ? [] : [invalidField(field, value, labelValueText)]),
    ];
  });
}

const maxAnnotationBytes = 256 * 1024;

function annotationCauses(object: ApiObject): readonly Cause[] {
  const field = "metadata.annotations";
  const entries = Object.entries(asObject(object.metadata["annotations"]));
  const names = entries.flatMap(([key]) =>
    qualifiedNameFaults(key.toLowerCase()).map((text) => invalidField(field, key, text)),
  );
  const texts = entries.map(([key, value]) => key + (asString(value) ?? ""));
  const tooLong = Buffer.byteLength(texts.join("")) > maxAnnotationBytes;
  return tooLong ? [...names, tooLongField(field, maxAnnotationBytes)] : names;
}

const standardFinalizers = ["kubernetes", "orphan", "foregroundDeletion"];

function finalizerCauses(object: ApiObject): readonly Cause[] {
  return finalizersOf(object).flatMap((name, index) => {
    const field = `metadata.finalizers[${index}]`;
    const faults = qualifiedNameFaults(name).map((text) => invalidField(field, name, text));
    if (faults.length > 0 || name.includes("/") || standardFinalizers.includes(name)) return faults;
    return [invalidField(field, name, "name is neither a standard finalizer name nor is it fully qualified")];
  });
}

function ownerCauses(object: ApiObject): readonly Cause[] {
  return ownersOf(object).flatMap((owner, index) =>
    (["apiVersion", "kind", "name", "uid"] as const)
      .filter((part) => owner[part] === "")
      .map((part) => requiredField(`metadata.ownerReferences[${index}].${part}`, "must not be empty")),
  );
}

/** Every rule of metadata that an object breaks, except those of its name. */
export function metadataCauses(object: ApiObject): readonly Cause[] {
  const rules = [labelCauses, annotationCauses, finalizerCauses, ownerCauses];
  return rules.flatMap((rule) => rule(object));
}
