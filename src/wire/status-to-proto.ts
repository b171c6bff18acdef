// NIC states and views of VMs, as messages.
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { type Timestamp, timestampFromDate } from "@bufbuild/protobuf/wkt";
import {
  AddressOrigin,
  Effect,
  type InterfaceStatus as ProtoInterfaceStatus,
  InterfaceStatusSchema,
  type VirtualMachineViewSchema,
} from "../../gen/multinic/v1/virtual_machine_pb.ts";
import type { VmView } from "../app/view-vms.ts";
import type { InterfaceState, InterfaceStatus } from "../domain/status/interface-status.ts";
import { addressOriginToProto, effectToProto, interfaceStateToProto, networkTypeToProto } from "./enums.ts";
import { maxBytesOf } from "./message-size.ts";
import { specToProto } from "./spec-to-proto.ts";

export function statusToProto(status: InterfaceStatus): MessageInitShape<typeof InterfaceStatusSchema> {
  const { vlanId, mtu, addresses, stateSince, ...plain } = status;
  return {
    ...plain,
    ...(vlanId === undefined ? {} : { vlanId }),
    ...(mtu === undefined ? {} : { mtu }),
    ...(stateSince === "" ? {} : { stateSince: timestampFromDate(new Date(stateSince)) }),
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

/** The messages of statuses that live long, each made and measured once for all readers. */
export interface StatusMessages {
  readonly messageOf: (status: InterfaceStatus) => ProtoInterfaceStatus;
  /** An upper bound. */
  readonly bytesOf: (status: InterfaceStatus) => number;
}

const newMessage = (status: InterfaceStatus): ProtoInterfaceStatus =>
  create(InterfaceStatusSchema, statusToProto(status));

export function createStatusMessages(): StatusMessages {
  const messages = new WeakMap<InterfaceStatus, ProtoInterfaceStatus>();
  const sizes = new WeakMap<InterfaceStatus, number>();
  const messageOf = (status: InterfaceStatus): ProtoInterfaceStatus => {
    const message = messages.get(status) ?? newMessage(status);
    messages.set(status, message);
    return message;
  };
  return {
    messageOf,
    bytesOf(status) {
      const bytes = sizes.get(status) ?? maxBytesOf(status);
      sizes.set(status, bytes);
      return bytes;
    },
  };
}

/** Absent while the caches have not been listed. */
export function currentAsOfToProto(moment: Date | undefined): { readonly currentAsOf?: Timestamp } {
  return moment === undefined ? {} : { currentAsOf: timestampFromDate(moment) };
}

type ViewInit = MessageInitShape<typeof VirtualMachineViewSchema>;

/** `messageOf` makes the messages of the NICs. */
export function viewToProto(view: VmView, messageOf: StatusMessages["messageOf"] = newMessage): ViewInit {
  return {
    ...alwaysShown(view),
    interfaces: view.interfaces.map(messageOf),
    pendingChanges: view.pendingChanges.map((change) => ({
      ...change,
      effect: effectToProto[change.effect],
    })),
  };
}

/** Without `interfaces` and `pendingChanges`. */
export const basicViewToProto = (view: VmView): ViewInit => alwaysShown(view);

function alwaysShown(view: VmView) {
  const countOf = (state: InterfaceState): number =>
    view.interfaces.filter((status) => status.state === state).length;
  return {
    spec: specToProto(view.spec),
    managed: view.managed,
    adopted: view.adopted,
    printableStatus: view.printableStatus,
    node: view.node,
    interfaceCounts: { up: countOf("Up"), down: countOf("Down"), unknown: countOf("Unknown") },
    uid: view.uid,
    etag: view.etag,
    importNotes: [...view.importNotes],
    drift: view.drift.map(({ since, object, ...plain }) => ({
      ...plain,
      object: { ...object },
      ...(since === undefined ? {} : { since: timestampFromDate(new Date(since)) }),
    })),
    ...(view.createdAt === "" ? {} : { createTime: timestampFromDate(new Date(view.createdAt)) }),
    ...(view.deletedAt === "" ? {} : { deleteTime: timestampFromDate(new Date(view.deletedAt)) }),
  };
}
