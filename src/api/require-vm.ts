// The one field that every request about a VM must have.
import type { VirtualMachine } from "../../gen/multinic/v1/virtual_machine_pb.ts";
import { invalidArgument } from "./transport/errors.ts";

/** @throws ConnectError INVALID_ARGUMENT. */
export function requireVm(vm: VirtualMachine | undefined): VirtualMachine {
  if (vm !== undefined) return vm;
  throw invalidArgument([
    { field: "virtual_machine", description: "virtual_machine is required", reason: "FIELD_REQUIRED" },
  ]);
}
