// One log line per call: who was called, how it ended, how long it took. Never bodies, never headers.

import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import { codeToString } from "@connectrpc/connect/protocol-connect";
import { ErrorInfoSchema } from "../../../gen/google/rpc/error_details_pb.ts";
import type { TransportLog } from "./transport-log.ts";

/** Where the lines go, and the clock that times the calls. */
export interface LogInterceptorOptions {
  readonly log: TransportLog;
  /** A monotonic clock in milliseconds, e.g. `() => performance.now()`. */
  readonly now: () => number;
}

/** Codes that mean a fault of this process, not of the caller or the cluster. */
const OUR_FAULT: ReadonlySet<Code> = new Set([Code.Internal, Code.Unknown, Code.DataLoss]);

/** Logs each call once, when it is over; a stream when its last message is sent or its client has left. */
export function createLogInterceptor({ log, now }: LogInterceptorOptions): Interceptor {
  return (next) => async (request) => {
    const startedAt = now();
    const over = (error?: ConnectError, cause?: unknown): void => {
      const fields = {
        service: request.service.typeName,
        method: request.method.name,
        protocol: protocolOf(request.header),
        code: error === undefined ? "ok" : codeToString(error.code),
        reason: error?.findDetails(ErrorInfoSchema)[0]?.reason,
        durationMs: Math.round(now() - startedAt),
      };
      if (error !== undefined && OUR_FAULT.has(error.code)) log.error({ ...fields, err: cause }, "rpc");
      else log.info(fields, "rpc");
    };
    try {
      const response = await next(request);
      if (!response.stream) {
        over();
        return response;
      }
      return { ...response, message: untilOver(response.message, over) };
    } catch (reason) {
      over(toError(reason), reason);
      throw reason;
    }
  };
}

async function* untilOver<T>(
  messages: AsyncIterable<T>,
  over: (error?: ConnectError, cause?: unknown) => void,
): AsyncGenerator<T> {
  // Stays so when the consumer stops reading, which is how a client's departure shows here.
  let error: ConnectError | undefined = new ConnectError("client disconnected", Code.Canceled);
  let cause: unknown;
  try {
    yield* messages;
    error = undefined;
  } catch (reason) {
    error = toError(reason);
    cause = reason;
    throw reason;
  } finally {
    over(error, cause);
  }
}

/** As the client sees it: anything but a ConnectError is an internal error. */
function toError(reason: unknown): ConnectError {
  return reason instanceof ConnectError ? reason : ConnectError.from(reason, Code.Internal);
}

function protocolOf(header: Headers): "grpc" | "grpc-web" | "connect" {
  const contentType = header.get("content-type") ?? "";
  if (contentType.startsWith("application/grpc-web")) return "grpc-web";
  return contentType.startsWith("application/grpc") ? "grpc" : "connect";
}
