// The update mask of a request.
import type { FieldMask } from "@bufbuild/protobuf/wkt";
import { VirtualMachineSchema } from "../../gen/multinic/v1/virtual_machine_pb.ts";
import type { VmSpec } from "../domain/spec.ts";
import type { UpdateMask } from "../domain/update-mask.ts";
import { invalidArgument } from "./transport/errors.ts";

const fields = new Map(VirtualMachineSchema.fields.map(({ name, jsonName }) => [name, jsonName]));

/** undefined: all fields. @throws ConnectError INVALID_ARGUMENT for a path that is not the name of a field of the VM. */
export function readUpdateMask(mask: FieldMask | undefined): UpdateMask | undefined {
  if (mask === undefined || mask.paths.length === 0) return undefined;
  const unknown = mask.paths.filter((path) => !fields.has(path));
  if (unknown.length > 0) {
    const known = [...fields.keys()].join(", ");
    throw invalidArgument(
      unknown.map((path) => ({
        field: "updateMask",
        description: `${path} is not a field of the VM; its fields are ${known}`,
        reason: "UPDATE_MASK",
      })),
      { reason: "UPDATE_MASK" },
    );
  }
  // A VmSpec has the fields of the message under their JSON names.
  return new Set(mask.paths.map((path) => fields.get(path) as keyof VmSpec));
}
