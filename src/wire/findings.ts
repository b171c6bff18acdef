// Findings between the domain's words and the API's message.
import { create, fromJson, toJson, type JsonValue } from "@bufbuild/protobuf";
import { ValueSchema } from "@bufbuild/protobuf/wkt";
import {
  FindingSchema,
  type FieldPatch as ProtoFieldPatch,
  type Finding as ProtoFinding,
} from "../../gen/multinic/v1/network_pb.ts";
import { findingTable, type Finding, type FindingCode } from "../domain/findings.ts";
import type { FieldPatch } from "../domain/fix.ts";
import { severityToProto, wordOf } from "./enums.ts";

/** The message of a finding. */
export function findingToProto(found: Finding): ProtoFinding {
  const { code, severity, field, message, fix, related } = found;
  return create(FindingSchema, {
    code,
    severity: severityToProto[severity],
    field,
    message,
    ...(fix ? { fix: { description: fix.description, patches: fix.patches.map(patchToProto) } } : {}),
    related: [...(related ?? [])],
  });
}

/** The finding of a message; undefined when this version knows no such code. */
export function findingFromProto(message: ProtoFinding): Finding | undefined {
  if (!isKnownCode(message.code)) return undefined;
  return {
    code: message.code,
    severity: wordOf(severityToProto, message.severity) ?? findingTable[message.code].severity,
    field: message.field,
    message: message.message,
    ...(message.fix
      ? { fix: { description: message.fix.description, patches: message.fix.patches.map(patchFromProto) } }
      : {}),
    ...(message.related.length > 0 ? { related: message.related } : {}),
  };
}

const isKnownCode = (code: string): code is FindingCode => Object.hasOwn(findingTable, code);

/** Values of patches come from documents or from checks; both know JSON values alone. */
const patchToProto = (
  patch: FieldPatch,
): { readonly field: string; readonly value?: ReturnType<typeof fromJson<typeof ValueSchema>> } =>
  "value" in patch
    ? { field: patch.field, value: fromJson(ValueSchema, patch.value as JsonValue) }
    : { field: patch.field };

const patchFromProto = (patch: ProtoFieldPatch): FieldPatch =>
  patch.value === undefined
    ? { field: patch.field }
    : { field: patch.field, value: toJson(ValueSchema, patch.value) };
