// NIC states and views of VMs, as messages.
import type { MessageInitShape } from "@bufbuild/protobuf";
import { type Timestamp, timestampFromDate } from "@bufbuild/protobuf/wkt";
import {
  AddressOrigin,
  Effect,
  type InterfaceStatusSchema,
  type VirtualMachineViewSchema,
} from "../../gen/multinic/v1/virtual_machine_pb.ts";
import type { VmView } from "../app/view-vms.ts";
import type { InterfaceStatus } from "../domain/status/interface-status.ts";
import { addressOriginToProto, effectToProto, interfaceStateToProto, networkTypeToProto } from "./enums.ts";
import { specToProto } from "./spec-to-proto.ts";

export function statusToProto(status: InterfaceStatus): MessageInitShape<typeof InterfaceStatusSchema> {
  const { vlanId, mtu, addresses, ...plain } = status;
  return {
    ...plain,
    ...(vlanId === undefined ? {} : { vlanId }),
    ...(mtu === undefined ? {} : { mtu }),
    type: networkTypeToProto[status.type],
    state: interfaceStateToProto[status.state],
    addresses: addresses.map(({ address, prefixLength, origin }) => ({
      address,
      ...(prefixLength === undefined ? {} : { prefixLength }),
      origin: origin === undefined ? AddressOrigin.UNSPECIFIED : addressOriginToProto[origin],
    })),
    pendingFields: [...status.pendingFields],
    pendingEffect:
      status.pendingEffect === undefined ? Effect.UNSPECIFIED : effectToProto[status.pendingEffect],
    driftedFields: [...(status.driftedFields ?? [])],
    evidence: status.evidence.map((fact) => ({ ...fact })),
  };
}

/** Absent while the caches have not been listed. */
export function currentAsOfToProto(moment: Date | undefined): { readonly currentAsOf?: Timestamp } {
  return moment === undefined ? {} : { currentAsOf: timestampFromDate(moment) };
}

export function viewToProto(view: VmView): MessageInitShape<typeof VirtualMachineViewSchema> {
  return {
    spec: specToProto(view.spec),
    managed: view.managed,
    adopted: view.adopted,
    printableStatus: view.printableStatus,
    node: view.node,
    interfaces: view.interfaces.map(statusToProto),
    pendingChanges: view.pendingChanges.map((change) => ({
      ...change,
      effect: effectToProto[change.effect],
    })),
    etag: view.etag,
    importNotes: [...view.importNotes],
    drift: view.drift.map(({ since, object, ...plain }) => ({
      ...plain,
      object: { ...object },
      ...(since === undefined ? {} : { since: timestampFromDate(new Date(since)) }),
    })),
    ...(view.createdAt === "" ? {} : { createTime: timestampFromDate(new Date(view.createdAt)) }),
  };
}
