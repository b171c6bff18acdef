// Reads a YAML or JSON document as the spec of a VM: a Wukong resource, or the API's VirtualMachine message.
import { apiForm, wukong, wukongApiVersions, wukongKinds, wukongMetadata, wukongSpec } from "./fields.ts";
import { readMapping, type Reading } from "./read-value.ts";
import { parseYaml } from "./yaml.ts";
import { finding, type Finding } from "../findings.ts";
import { replaceWith } from "../fix.ts";
import { isMapping, kindOf } from "../objects/mapping.ts";
import type { VmSpec } from "../spec.ts";

export interface DocumentOptions {
  /** Namespace for a document that does not name one. */
  readonly namespace: string;
}

/** What was read, and a finding for everything that could not be read. */
export interface ReadDocument {
  /** Absent if nothing usable was found. Fields with a finding are left out; list elements keep their positions. */
  readonly spec?: VmSpec;
  /** All of severity error, in document order. Paths are those of the document, without the `spec.` of a Wukong. */
  readonly findings: readonly Finding[];
}

/** More are not useful, and would make reading a large invalid document slow. */
const maxFindings = 500;

/** Reads one YAML or JSON document of at most 1 MiB. Checks only its form: field names, types and enum values. */
export function readDocument(text: string, options: DocumentOptions): ReadDocument {
  const { value, findings } = parseYaml(text);
  if (value === undefined) return { findings };
  const read = readDocumentValue(value, options);
  return { ...read, findings: [...findings.map(withoutSpec), ...read.findings] };
}

/** Reads a document that is already parsed, such as a Wukong from the API server. */
export function readDocumentValue(value: unknown, options: DocumentOptions): ReadDocument {
  if (!isMapping(value)) {
    return {
      findings: [finding("DOCUMENT_INVALID", "", { problem: `must be a mapping, not ${kindOf(value)}` })],
    };
  }
  const findings: Finding[] = [];
  const report = (found: Finding): void => {
    if (findings.length < maxFindings) findings.push(found);
  };
  const isResource = ["apiVersion", "kind", "metadata", "spec"].some((name) => Object.hasOwn(value, name));
  const spec = isResource
    ? readWukong(value, report)
    : readMapping(apiForm, value, "", { apiNames: true, report });
  return { ...(spec ? { spec: asSpec(spec, options) } : {}), findings };
}

function readWukong(
  resource: Readonly<Record<string, unknown>>,
  report: (found: Finding) => void,
): Record<string, unknown> | undefined {
  const reading: Reading = { apiNames: false, report };
  const ours = [
    isWord(resource, "apiVersion", wukongApiVersions, report),
    isWord(resource, "kind", wukongKinds, report),
  ].every(Boolean);
  // Fields of other kinds of objects are not checked.
  if (!ours && resource["kind"] !== wukongKinds[0]) return undefined;
  readMapping(wukong, resource, "", reading);
  const metadata = readMapping(wukongMetadata, mappingAt(resource, "metadata", report), "metadata", reading);
  return { ...readMapping(wukongSpec, mappingAt(resource, "spec", report), "", reading), ...metadata };
}

function mappingAt(
  resource: Readonly<Record<string, unknown>>,
  field: string,
  report: (found: Finding) => void,
): Readonly<Record<string, unknown>> {
  const given = resource[field] ?? {};
  if (isMapping(given)) return given;
  report(finding("WRONG_TYPE", field, { expected: "a mapping", given: kindOf(given) }));
  return {};
}

function isWord(
  resource: Readonly<Record<string, unknown>>,
  field: string,
  known: readonly [string],
  report: (found: Finding) => void,
): boolean {
  const given = resource[field];
  if (given === known[0]) return true;
  const fix = replaceWith(field, known[0]);
  if (given === undefined || given === null)
    report(finding("FIELD_REQUIRED", field, { name: field }, { fix }));
  else if (typeof given !== "string")
    report(finding("WRONG_TYPE", field, { expected: "text", given: kindOf(given) }));
  else report(finding("VALUE_UNKNOWN", field, { given: given.slice(0, 80), known: known[0] }, { fix }));
  return false;
}

/** Paths of a Wukong omit the leading `spec.` that every field of the VM would have. */
const withoutSpec = (found: Finding): Finding => ({ ...found, field: found.field.replace(/^spec\./, "") });

/** Safe: the tables name exactly the fields of the model, and the walker keeps only values of their types. */
function asSpec(read: Readonly<Record<string, unknown>>, { namespace }: DocumentOptions): VmSpec {
  return { networks: [], namespace, ...read } as unknown as VmSpec;
}
