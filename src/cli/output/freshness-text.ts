// Notes about answers that are out of date, because the service has no contact with the API server.
import { durationMs, type Timestamp, timestampDate, timestampMs } from "@bufbuild/protobuf/wkt";
import type { WatchInterfaceStatusResponse } from "../../../gen/multinic/v1/interface_status_service_pb.ts";

/** Two heartbeats, as the comments of `current_as_of` say. */
const heartbeats = 2;
const usualHeartbeatMs = 5_000;

/** The note on a list that is older than two heartbeats by the clock of this machine; none if it is not. */
export function listNote(currentAsOf: Timestamp | undefined, now: number): readonly string[] {
  return currentAsOf !== undefined && isOld(currentAsOf, now, usualHeartbeatMs) ? [oldNote(currentAsOf)] : [];
}

/** The notes of a stream, message by message: one when it gets older than two heartbeats, one when it is current again. */
export function createStreamNotes(): (message: WatchInterfaceStatusResponse) => readonly string[] {
  let heartbeatMs = usualHeartbeatMs;
  let wasOld = false;
  return ({ time, event }) => {
    if (event.case === "synced" && event.value.heartbeatInterval !== undefined)
      heartbeatMs = durationMs(event.value.heartbeatInterval);
    if (event.case !== "synced" && event.case !== "heartbeat") return [];
    const { currentAsOf } = event.value;
    if (time === undefined || currentAsOf === undefined) return [];
    const old = isOld(currentAsOf, timestampMs(time), heartbeatMs);
    if (old === wasOld) return [];
    wasOld = old;
    return [old ? oldNote(currentAsOf) : "the states are current again"];
  };
}

function isOld(currentAsOf: Timestamp, now: number, heartbeatMs: number): boolean {
  return now - timestampMs(currentAsOf) > heartbeats * heartbeatMs;
}

function oldNote(currentAsOf: Timestamp): string {
  const time = timestampDate(currentAsOf).toISOString();
  return `out of date: this is as of ${time}; the service has no contact with the Kubernetes API server`;
}
