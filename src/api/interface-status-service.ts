// InterfaceStatusService: the status model as a stream and as pages.
import type { MessageInitShape } from "@bufbuild/protobuf";
import { durationFromMs, timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import type {
  InterfaceStatusService,
  WatchInterfaceStatusResponseSchema,
} from "../../gen/multinic/v1/interface_status_service_pb.ts";
import { nicList } from "../app/nic-list.ts";
import { pageOf } from "../app/pages.ts";
import type { StatusModel } from "../app/status-model.ts";
import type { CatchUp } from "../app/catch-up.ts";
import type { ResumeTokens } from "../app/resume-token.ts";
import { heartbeatMs, positionOf, type WatchEvent, watchStatus } from "../app/watch-status.ts";
import { currentAsOfToProto, type StatusMessages } from "../wire/status-to-proto.ts";
import { readScope, readStates } from "./read-scope.ts";

export interface InterfaceStatusDependencies {
  readonly model: StatusModel;
  readonly tokens: ResumeTokens;
  readonly catchUp: CatchUp;
  readonly clock: () => Date;
  readonly messages: StatusMessages;
  readonly sleepOrAborted: (ms: number, signal: AbortSignal) => Promise<void>;
}

type Message = MessageInitShape<typeof WatchInterfaceStatusResponseSchema>;

export function createInterfaceStatusService({
  model,
  tokens,
  catchUp,
  clock,
  sleepOrAborted,
  messages: { messageOf, bytesOf },
}: InterfaceStatusDependencies): ServiceImpl<typeof InterfaceStatusService> {
  return {
    async *watchInterfaceStatus({ namespaces, vmNames, resumeToken }, { signal }) {
      const scope = readScope(namespaces, vmNames);
      const options = { scope, resumeToken, tokens, catchUp, signal, sleepOrAborted, bytesOf };
      for await (const message of watchStatus(model, options)) {
        yield {
          resumeToken: message.resumeToken,
          time: timestampFromDate(clock()),
          event: eventToProto(message.event, messageOf),
        } satisfies Message;
      }
      // The client has disconnected, or the service is shutting down: the signal's reason becomes the error of the call.
      signal.throwIfAborted();
    },

    listInterfaceStatus({ namespaces, vmNames, filter: given, pageSize, pageToken }) {
      const scope = readScope(namespaces, vmNames);
      const filter = { states: readStates(given?.states ?? []), node: given?.node ?? "" };
      model.requireSynced();
      const { items, nextToken } = pageOf(
        { ...nicList(model, scope, filter), bytesOf },
        { size: pageSize, token: pageToken },
      );
      return {
        interfaces: items.map(messageOf),
        nextPageToken: nextToken,
        resumeToken: tokens.write(scope, positionOf(model, scope)),
        ...currentAsOfToProto(model.currentAsOf?.time),
      };
    },
  };
}

function eventToProto(
  event: WatchEvent,
  messageOf: StatusMessages["messageOf"],
): NonNullable<Message["event"]> {
  switch (event.type) {
    case "reset":
      return { case: "reset", value: {} };
    case "snapshot":
      return { case: "snapshot", value: { interfaces: event.interfaces.map(messageOf) } };
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
          updated: event.updated.map(messageOf),
          removed: event.removed.map((key) => ({ ...key })),
          merged: event.merged,
        },
      };
    case "heartbeat":
      return { case: "heartbeat", value: currentAsOfToProto(event.currentAsOf) };
  }
}
