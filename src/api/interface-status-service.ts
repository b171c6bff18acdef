// InterfaceStatusService: the status model as a stream and as pages.
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { durationFromMs, timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import type {
  InterfaceStatusService,
  WatchInterfaceStatusResponseSchema,
} from "../../gen/multinic/v1/interface_status_service_pb.ts";
import {
  type InterfaceStatus as ProtoInterfaceStatus,
  InterfaceStatusSchema,
} from "../../gen/multinic/v1/virtual_machine_pb.ts";
import { pageOf } from "../app/pages.ts";
import { interfaceId, type StatusModel, type StatusScope } from "../app/status-model.ts";
import { heartbeatMs, tokenOfNow, type WatchEvent, watchStatus } from "../app/watch-status.ts";
import type { InterfaceStatus } from "../domain/status/interface-status.ts";
import { currentAsOfToProto, statusToProto } from "../wire/status-to-proto.ts";

export interface InterfaceStatusDependencies {
  readonly model: StatusModel;
  /** Names this process in resume tokens. */
  readonly epoch: string;
  readonly clock: () => Date;
  readonly sleepOrAborted: (ms: number, signal: AbortSignal) => Promise<void>;
}

type Message = MessageInitShape<typeof WatchInterfaceStatusResponseSchema>;

/** One message for each status of the model, shared by all readers: a changed status is a new object. */
function createMessages(): (status: InterfaceStatus) => ProtoInterfaceStatus {
  const messages = new WeakMap<InterfaceStatus, ProtoInterfaceStatus>();
  return (status) => {
    const message = messages.get(status) ?? create(InterfaceStatusSchema, statusToProto(status));
    messages.set(status, message);
    return message;
  };
}

export function createInterfaceStatusService({
  model,
  epoch,
  clock,
  sleepOrAborted,
}: InterfaceStatusDependencies): ServiceImpl<typeof InterfaceStatusService> {
  const toMessage = createMessages();
  return {
    async *watchInterfaceStatus({ namespace, vmNames, resumeToken }, { signal }) {
      const scope = { namespace, vmNames };
      for await (const message of watchStatus(model, { scope, resumeToken, epoch, signal, sleepOrAborted })) {
        yield {
          resumeToken: message.resumeToken,
          time: timestampFromDate(clock()),
          event: eventToProto(message.event, toMessage),
        } satisfies Message;
      }
      // The client has disconnected, or the service is shutting down: the signal's reason becomes the error of the call.
      signal.throwIfAborted();
    },

    listInterfaceStatus({ namespace, vmNames, pageSize, pageToken }) {
      model.requireSynced();
      const scope = { namespace, vmNames };
      const { items, nextToken } = pageOf(
        (key) => nicsAfter(model, scope, key),
        interfaceId,
        JSON.stringify([namespace, vmNames]),
        { size: pageSize, token: pageToken },
        { default: 500, max: 5_000 },
      );
      return {
        interfaces: items.map(toMessage),
        nextPageToken: nextToken,
        resumeToken: tokenOfNow(model, { scope, epoch }),
        ...currentAsOfToProto(model.currentAsOf?.time),
      };
    },
  };
}

/** By VM in the model's order, then by name: an added or removed NIC does not move the others. */
function* nicsAfter(
  model: StatusModel,
  scope: StatusScope,
  key: string | undefined,
): Generator<InterfaceStatus> {
  const [namespace = "", vm = "", nic = ""] = key?.split("/") ?? [];
  const last = `${namespace}/${vm}`;
  for (const of of model.vms(scope)) {
    const id = `${of.namespace}/${of.vm}`;
    if (key !== undefined && id < last) continue;
    for (const status of model.of(of).toSorted((a, b) => (a.nic < b.nic ? -1 : 1)))
      if (key === undefined || id > last || status.nic > nic) yield status;
  }
}

function eventToProto(
  event: WatchEvent,
  toMessage: ReturnType<typeof createMessages>,
): NonNullable<Message["event"]> {
  switch (event.type) {
    case "reset":
      return { case: "reset", value: {} };
    case "snapshot":
      return { case: "snapshot", value: { interfaces: event.interfaces.map(toMessage) } };
    case "synced":
      return {
        case: "synced",
        value: {
          interfaceCount: event.count,
          heartbeatInterval: durationFromMs(heartbeatMs),
          ...currentAsOfToProto(event.currentAsOf),
        },
      };
    case "changes":
      return {
        case: "changes",
        value: {
          updated: event.updated.map(toMessage),
          removed: event.removed.map((key) => ({ ...key })),
          merged: event.merged,
        },
      };
    case "heartbeat":
      return { case: "heartbeat", value: currentAsOfToProto(event.currentAsOf) };
  }
}
