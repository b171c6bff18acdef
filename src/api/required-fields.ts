// Fields that a request must have.
import type { VirtualMachine } from "../../gen/multinic/v1/virtual_machine_pb.ts";
import { invalidArgument } from "./transport/errors.ts";

/** @throws ConnectError INVALID_ARGUMENT. */
export function requireVm(vm: VirtualMachine | undefined): VirtualMachine {
  if (vm !== undefined) return vm;
  throw missing(["virtualMachine"]);
}

interface VmName {
  readonly namespace: string;
  readonly name: string;
}

/** @throws ConnectError INVALID_ARGUMENT for an empty part. */
export function requireName({ namespace, name }: VmName): VmName {
  const fields = Object.entries({ namespace, name }).filter(([, value]) => value === "");
  if (fields.length === 0) return { namespace, name };
  throw missing(fields.map(([field]) => field));
}

function missing(fields: readonly string[]): Error {
  return invalidArgument(
    fields.map((field) => ({ field, description: `${field} is required`, reason: "FIELD_REQUIRED" })),
  );
}
