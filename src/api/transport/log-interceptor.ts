// One log line per call: method, result and duration. Never bodies, never headers.
import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import { codeToString } from "@connectrpc/connect/protocol-connect";
import { ErrorInfoSchema } from "../../../gen/google/rpc/error_details_pb.ts";
import { requestId } from "./request-id.ts";
import type { TransportLog } from "./transport-log.ts";

/** The logger, and the clock that times the calls. */
export interface LogInterceptorOptions {
  readonly log: TransportLog;
  /** A monotonic clock in milliseconds, e.g. `() => performance.now()`. */
  readonly now: () => number;
}

/** Codes for an error of this process, not of the caller or the cluster. */
const ourFault: ReadonlySet<Code> = new Set([Code.Internal, Code.Unknown, Code.DataLoss]);

/** Logs each call once, at its end; a stream when its last message is sent or its client disconnects. */
export function createLogInterceptor({ log, now }: LogInterceptorOptions): Interceptor {
  return (next) => async (request) => {
    const startedAt = now();
    const over = (error?: ConnectError, cause?: unknown): void => {
      const fields = {
        service: request.service.typeName,
        method: request.method.name,
        requestId: request.contextValues.get(requestId),
        protocol: protocolOf(request.header),
        code: error === undefined ? "ok" : codeToString(error.code),
        reason: error?.findDetails(ErrorInfoSchema)[0]?.reason,
        durationMs: Math.round(now() - startedAt),
      };
      if (error !== undefined && ourFault.has(error.code)) log.error({ ...fields, err: cause }, "rpc");
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
  // Kept if the consumer stops reading, which is how a disconnected client shows here.
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

/** As the client sees it: anything but a ConnectError is INTERNAL. */
function toError(reason: unknown): ConnectError {
  return reason instanceof ConnectError ? reason : ConnectError.from(reason, Code.Internal);
}

function protocolOf(header: Headers): "grpc" | "grpc-web" | "connect" {
  const contentType = header.get("content-type") ?? "";
  if (contentType.startsWith("application/grpc-web")) return "grpc-web";
  return contentType.startsWith("application/grpc") ? "grpc" : "connect";
}
