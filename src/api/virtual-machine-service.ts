// VirtualMachineService: maps requests to use cases, and their results to responses.
import type { ServiceImpl } from "@connectrpc/connect";
import {
  type VirtualMachineService,
  ApplyVMRequestSchema,
  VirtualMachineListView,
} from "../../gen/multinic/v1/virtual_machine_service_pb.ts";
import type { ApplyDependencies } from "../app/apply/apply-request.ts";
import { applyVm } from "../app/apply/apply-vm.ts";
import { deleteVm } from "../app/delete-vm.ts";
import { maxMessageBytes } from "../app/message-room.ts";
import type { StatusModel } from "../app/status-model.ts";
import { getVm, type ListView, listVms, type VmView } from "../app/view-vms.ts";
import { findingToProto } from "../wire/findings.ts";
import { plannedObjectsToProto, planToProto, resolvedToProto } from "../wire/resolved-to-proto.ts";
import {
  basicViewToProto,
  currentAsOfToProto,
  type StatusMessages,
  viewToProto,
} from "../wire/status-to-proto.ts";
import { maxBytesOf } from "../wire/message-size.ts";
import { readScope } from "./read-scope.ts";
import { readSpec } from "./read-spec.ts";
import { requireName } from "./required-fields.ts";
import { invalidArgument } from "./transport/errors.ts";
import { readUpdateMask } from "./update-mask.ts";
import { readVmFilter } from "./vm-filter.ts";

const givenOrNone = (text: string): string | undefined => (text === "" ? undefined : text);

export function createVirtualMachineService(
  dependencies: ApplyDependencies & { readonly model: StatusModel; readonly messages: StatusMessages },
): ServiceImpl<typeof VirtualMachineService> {
  return {
    async applyVM(request, { signal }) {
      const { spec, unread } = readSpec(ApplyVMRequestSchema, request);
      const applied = await applyVm(dependencies, {
        spec,
        unread,
        validateOnly: request.validateOnly,
        planFingerprint: givenOrNone(request.planFingerprint),
        etag: givenOrNone(request.etag),
        updateMask: readUpdateMask(request.updateMask),
        createOnly: request.createOnly,
        adopt: request.adopt,
        signal,
      });
      return {
        findings: applied.findings.map(findingToProto),
        ...(applied.plan === undefined ? {} : { plan: planToProto(applied.plan) }),
        written: applied.written,
        networks: resolvedToProto(applied.vm.nics, {
          attachments: applied.compiled?.attachmentNames ?? [],
          vlans: applied.vlans,
        }),
        etag: applied.etag,
      };
    },

    async getVM(request, { signal }) {
      return { virtualMachine: viewToProto(await getVm(dependencies, requireName(request), signal)) };
    },

    listVMs(request) {
      const view = readListView(request.view);
      const { messageOf, bytesOf } = viewMessages(view, dependencies.messages);
      const listed = listVms(dependencies, {
        scope: readScope(request.namespaces),
        filter: readVmFilter(request.filter),
        view,
        page: { size: request.pageSize, token: request.pageToken },
        bytesOf,
      });
      return {
        virtualMachines: listed.items.map(messageOf),
        nextPageToken: listed.nextToken,
        ...currentAsOfToProto(listed.currentAsOf),
      };
    },

    async deleteVM(request, { signal }) {
      const objects = await deleteVm(dependencies, {
        ...requireName(request),
        etag: givenOrNone(request.etag),
        allowMissing: request.allowMissing,
        validateOnly: request.validateOnly,
        signal,
      });
      return { objects: plannedObjectsToProto(objects) };
    },
  };
}

/** @throws ConnectError INVALID_ARGUMENT for a value that this version does not know. */
function readListView(view: VirtualMachineListView): ListView {
  switch (view) {
    case VirtualMachineListView.UNSPECIFIED:
    case VirtualMachineListView.BASIC:
      return "basic";
    case VirtualMachineListView.FULL:
      return "full";
    default: {
      const description = `${String(view)} is not a view; use BASIC or FULL`;
      throw invalidArgument([{ field: "view", description, reason: "VALUE_UNKNOWN" }]);
    }
  }
}

/** The messages of a list in that view. A VM that alone is too long for an answer is shown in the basic view. */
function viewMessages(listView: ListView, { messageOf: nicMessageOf }: StatusMessages) {
  const basicBytes = (vm: VmView): number => maxBytesOf({ ...vm, interfaces: [], pendingChanges: [] });
  const fullBytes = (vm: VmView): number | undefined => {
    const bytes = listView === "full" ? maxBytesOf(vm) : undefined;
    return bytes !== undefined && bytes <= maxMessageBytes ? bytes : undefined;
  };
  return {
    messageOf: (vm: VmView) =>
      fullBytes(vm) === undefined ? basicViewToProto(vm) : viewToProto(vm, nicMessageOf),
    bytesOf: (vm: VmView): number => fullBytes(vm) ?? basicBytes(vm),
  };
}
