// The filter of a request that lists VMs.
import type { VirtualMachineFilter } from "../../gen/multinic/v1/virtual_machine_service_pb.ts";
import type { VmFilter } from "../app/view-vms.ts";
import { parseLabelSelector } from "../domain/label-selector.ts";
import { readStates } from "./read-scope.ts";
import { invalidArgument } from "./transport/errors.ts";

/**
 * undefined: every VM. @throws ConnectError INVALID_ARGUMENT for a text that is not a label selector, and for states that this
 * version does not know.
 */
export function readVmFilter(filter: VirtualMachineFilter | undefined): VmFilter {
  const labels = parseLabelSelector(filter?.labelSelector ?? "");
  if ("value" in labels) {
    const { node = "", managed } = filter ?? {};
    return { states: readStates(filter?.states ?? []), node, managed, labels: labels.value };
  }
  const reason = "LABEL_SELECTOR";
  const description = `is not a label selector: ${labels.problem}`;
  throw invalidArgument([{ field: "filter.labelSelector", description, reason }], { reason });
}
