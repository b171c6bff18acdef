// The stream of NIC states as one sequence: a lost connection is resumed where it ended.
import { setTimeout as sleep } from "node:timers/promises";
import { durationMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import {
  InterfaceStatusService,
  type WatchInterfaceStatusResponse,
} from "../../gen/multinic/v1/interface_status_service_pb.ts";
import type { InterfaceStatus } from "../../gen/multinic/v1/virtual_machine_pb.ts";
import { isTemporary, retryDelayMs } from "./failures.ts";

export interface StreamOptions {
  /** Empty: all. */
  readonly namespaces: readonly string[];
  readonly vmNames: readonly string[];
  /** Ends the sequence. */
  readonly signal: AbortSignal;
  /** Called before each wait for a new connection, with its length in milliseconds. */
  readonly onReconnect: (reason: string, delayMs: number) => void;
}

/** After three missing heartbeats the connection is considered dead. */
const missingHeartbeats = 3;
/** Before the service has said how often it sends a heartbeat. */
const firstSilenceMs = 45_000;
/**
 * Resumed with this, a stream starts with a reset. After a reset only a complete snapshot makes up for what was known, and
 * another replica may still honour the token from before it.
 */
const notAToken = "-";
const firstDelayMs = 250;
const longestDelayMs = 10_000;

/**
 * Every message, each once. Ends when `signal` is aborted. The first connection must succeed; later ones are retried until
 * they do. @throws ConnectError for an error that retrying does not fix.
 */
export async function* interfaceStatusStream(
  transport: Transport,
  { namespaces, vmNames, signal, onReconnect }: StreamOptions,
): AsyncGenerator<WatchInterfaceStatusResponse> {
  const client = createClient(InterfaceStatusService, transport);
  let resumeToken = "";
  let failures = 0;
  while (!signal.aborted) {
    const call = callWithAlarm();
    let reason = "the stream ended";
    let delayMs: number | undefined;
    try {
      const request = { namespaces: [...namespaces], vmNames: [...vmNames], resumeToken };
      const options = { signal: AbortSignal.any([signal, call.signal]) };
      for await (const message of client.watchInterfaceStatus(request, options)) {
        call.heard(message);
        failures = 0;
        resumeToken = message.resumeToken || (message.event.case === "reset" ? notAToken : resumeToken);
        yield message;
      }
    } catch (thrown) {
      if (signal.aborted) return;
      const error = ConnectError.from(thrown);
      if (!call.wasSilent() && (resumeToken === "" || !isInterruption(error))) throw error;
      reason = call.wasSilent() ? `no message for ${call.silenceMs() / 1_000} s` : error.rawMessage;
      delayMs = retryDelayMs(error);
    } finally {
      call.end();
    }
    delayMs ??= Math.min(longestDelayMs, firstDelayMs * 2 ** failures);
    failures += 1;
    onReconnect(reason, delayMs);
    await sleep(delayMs, undefined, { signal }).catch(() => undefined);
  }
}

/** The states in a message, of a snapshot or of changes. */
export function statusesIn(event: WatchInterfaceStatusResponse["event"]): readonly InterfaceStatus[] {
  if (event.case === "snapshot") return event.value.interfaces;
  return event.case === "changes" ? event.value.updated : [];
}

/** A stopping server resets streams with CANCEL although this client did not cancel. */
const isInterruption = (error: ConnectError): boolean => isTemporary(error) || error.code === Code.Canceled;

/** One call: aborted after a silence, and when its reader stops, which the iterator alone does not do. */
function callWithAlarm(): {
  readonly signal: AbortSignal;
  readonly heard: (message: WatchInterfaceStatusResponse) => void;
  readonly wasSilent: () => boolean;
  readonly silenceMs: () => number;
  readonly end: () => void;
} {
  const controller = new AbortController();
  let silent = false;
  let silenceMs = firstSilenceMs;
  const alarm = (): void => {
    silent = true;
    controller.abort();
  };
  let timer = setTimeout(alarm, silenceMs);
  return {
    signal: controller.signal,
    heard({ event }) {
      if (event.case === "synced" && event.value.heartbeatInterval !== undefined)
        silenceMs = missingHeartbeats * durationMs(event.value.heartbeatInterval);
      clearTimeout(timer);
      timer = setTimeout(alarm, silenceMs);
    },
    wasSilent: () => silent,
    silenceMs: () => silenceMs,
    end: () => {
      clearTimeout(timer);
      controller.abort();
    },
  };
}
