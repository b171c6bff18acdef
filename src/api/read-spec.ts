// The VM that a request asks for, with everything in the request that could not be read.
import type { Message } from "@bufbuild/protobuf";
import type { GenMessage } from "@bufbuild/protobuf/codegenv2";
import type { VirtualMachine } from "../../gen/multinic/v1/virtual_machine_pb.ts";
import type { Finding } from "../domain/findings.ts";
import type { VmSpec } from "../domain/spec.ts";
import { specFromProto } from "../wire/spec-from-proto.ts";
import { unknownFields } from "../wire/unknown-fields.ts";
import { requireVm } from "./required-fields.ts";

/** Findings are for values and fields that this version does not know. @throws ConnectError if there is no VM. */
export function readSpec<T extends Message & { readonly virtualMachine?: VirtualMachine | undefined }>(
  schema: GenMessage<T>,
  request: T,
): { readonly spec: VmSpec; readonly unread: readonly Finding[] } {
  const { spec, findings } = specFromProto(requireVm(request.virtualMachine));
  return { spec, unread: [...unknownFields(schema, request), ...findings] };
}
