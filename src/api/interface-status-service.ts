// InterfaceStatusService: the status model as a stream and as pages.
import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import type {
  InterfaceStatusService,
  WatchInterfaceStatusResponseSchema,
} from "../../gen/multinic/v1/interface_status_service_pb.ts";
import { NotReady } from "../app/errors.ts";
import { pageOf } from "../app/pages.ts";
import { interfaceId, type StatusModel } from "../app/status-model.ts";
import { type WatchEvent, watchStatus } from "../app/watch-status.ts";
import { statusToProto } from "../wire/status-to-proto.ts";

export interface InterfaceStatusDependencies {
  readonly model: StatusModel;
  /** Names this process in resume tokens. */
  readonly epoch: string;
  readonly clock: () => Date;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

type Message = MessageInitShape<typeof WatchInterfaceStatusResponseSchema>;

export function createInterfaceStatusService({
  model,
  epoch,
  clock,
  sleep,
}: InterfaceStatusDependencies): ServiceImpl<typeof InterfaceStatusService> {
  return {
    async *watchInterfaceStatus({ namespace, vmNames, resumeToken }, { signal }) {
      const scope = { namespace, vmNames };
      for await (const message of watchStatus(model, { scope, resumeToken, epoch, signal, sleep })) {
        yield {
          resumeToken: message.resumeToken,
          time: timestampFromDate(clock()),
          event: eventToProto(message.event),
        } satisfies Message;
      }
      // The reader is gone, or the service stops: the signal's reason is what the reader is told.
      signal.throwIfAborted();
    },

    listInterfaceStatus({ namespace, vmNames, pageSize, pageToken }) {
      if (!model.synced) throw new NotReady("still loading objects from the API server");
      const sorted = model
        .list({ namespace, vmNames })
        .toSorted((left, right) => (interfaceId(left) < interfaceId(right) ? -1 : 1));
      const { items, nextToken } = pageOf(
        sorted,
        interfaceId,
        JSON.stringify([namespace, vmNames]),
        { size: pageSize, token: pageToken },
        { default: 500, max: 5_000 },
      );
      return { interfaces: items.map(statusToProto), nextPageToken: nextToken };
    },
  };
}

function eventToProto(event: WatchEvent): NonNullable<Message["event"]> {
  switch (event.type) {
    case "snapshot":
      return {
        case: "snapshot",
        value: { reset: event.reset, interfaces: event.interfaces.map(statusToProto) },
      };
    case "synced":
      return { case: "synced", value: { interfaceCount: event.count } };
    case "changes":
      return {
        case: "changes",
        value: {
          updated: event.updated.map(statusToProto),
          removed: event.removed.map((key) => ({ ...key })),
          merged: event.merged,
        },
      };
    case "heartbeat":
      return { case: "heartbeat", value: {} };
  }
}
