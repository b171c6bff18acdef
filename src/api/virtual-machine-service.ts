// VirtualMachineService: maps requests to use cases, and their results to responses.
import type { ServiceImpl } from "@connectrpc/connect";
import {
  type VirtualMachineService,
  ApplyVMRequestSchema,
} from "../../gen/multinic/v1/virtual_machine_service_pb.ts";
import type { ApplyDependencies } from "../app/apply/apply-request.ts";
import { applyVm } from "../app/apply/apply-vm.ts";
import { deleteVm } from "../app/delete-vm.ts";
import type { StatusModel } from "../app/status-model.ts";
import { getVm, listVms } from "../app/view-vms.ts";
import { findingToProto } from "../wire/findings.ts";
import { plannedObjectsToProto, planToProto, resolvedToProto } from "../wire/resolved-to-proto.ts";
import { currentAsOfToProto, viewToProto } from "../wire/status-to-proto.ts";
import { readSpec } from "./read-spec.ts";
import { requireName } from "./required-fields.ts";
import { readUpdateMask } from "./update-mask.ts";

const givenOrNone = (text: string): string | undefined => (text === "" ? undefined : text);

export function createVirtualMachineService(
  dependencies: ApplyDependencies & { readonly model: StatusModel },
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
        networks: resolvedToProto(applied.vm.nics, applied.compiled?.attachmentNames ?? []),
        etag: applied.etag,
      };
    },

    async getVM(request, { signal }) {
      return { virtualMachine: viewToProto(await getVm(dependencies, requireName(request), signal)) };
    },

    listVMs(request) {
      const page = { size: request.pageSize, token: request.pageToken };
      const listed = listVms(dependencies, request.namespace, page);
      return {
        virtualMachines: listed.items.map(viewToProto),
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
