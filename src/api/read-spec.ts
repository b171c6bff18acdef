// The VM that a request asks for, with everything in the request that could not be read.
import type { Message } from "@bufbuild/protobuf";
import type { GenMessage } from "@bufbuild/protobuf/codegenv2";
import type { VirtualMachine } from "../../gen/multinic/v1/virtual_machine_pb.ts";
import type { Finding } from "../domain/findings.ts";
import { withinLimits } from "../domain/limits.ts";
import type { VmSpec } from "../domain/spec.ts";
import { specFromProto } from "../wire/spec-from-proto.ts";
import { unknownFields } from "../wire/unknown-fields.ts";
import { requireVm } from "./required-fields.ts";

/** Findings are for what is beyond a limit, and values and fields that this version does not know. @throws ConnectError if there is no VM. */
export function readSpec<T extends Message & { readonly virtualMachine?: VirtualMachine | undefined }>(
  schema: GenMessage<T>,
  request: T,
): { readonly spec: VmSpec; readonly unread: readonly Finding[] } {
  const { vm, findings: overLimits } = withinLimits(requireVm(request.virtualMachine));
  const { spec, findings } = specFromProto(vm);
  const unknown = unknownFields(schema, { ...request, virtualMachine: vm });
  return { spec, unread: [...overLimits, ...unknown, ...findings] };
}
