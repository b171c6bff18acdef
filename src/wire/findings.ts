// Findings as the API's messages.
import { create, fromJson, type JsonValue } from "@bufbuild/protobuf";
import { ValueSchema } from "@bufbuild/protobuf/wkt";
import {
  Finding_About,
  FindingSchema,
  type Finding as ProtoFinding,
} from "../../gen/multinic/v1/network_pb.ts";
import { type Finding, isAboutCluster } from "../domain/findings.ts";
import type { FieldPatch } from "../domain/fix.ts";
import { severityToProto } from "./enums.ts";

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
    about: isAboutCluster(code) ? Finding_About.CLUSTER : Finding_About.INPUT,
  });
}

/** Values of patches come from documents or checks, and are JSON values in both. */
const patchToProto = (
  patch: FieldPatch,
): { readonly field: string; readonly value?: ReturnType<typeof fromJson<typeof ValueSchema>> } =>
  "value" in patch
    ? { field: patch.field, value: fromJson(ValueSchema, patch.value as JsonValue) }
    : { field: patch.field };
