// One handler for both HTTP versions: RPCs by path, then plain HTTP, then a 404 that lists what is served.
// No request may end the process: every failure is answered and logged.
import {
  Code,
  ConnectError,
  createConnectRouter,
  createContextKey,
  createContextValues,
  type ConnectRouter,
  type HandlerContext,
  type Interceptor,
} from "@connectrpc/connect";
import {
  compressionBrotli,
  compressionGzip,
  universalRequestFromNodeRequest,
} from "@connectrpc/connect-node";
import { allowOrigins } from "./cors.ts";
import { pathOf, sendText, type HttpHandler, type HttpRequest, type HttpResponse } from "./http-types.ts";
import {
  copyBody,
  type JsonViolations,
  malformedRefusal,
  refuseMalformed,
  sentByQuery,
  whyMalformed,
  withEmptyMessage,
} from "./malformed.ts";
import { createRefusedCalls, refuseAtGate } from "./refused-calls.ts";
import { requestId, requestIdHeader, requestIdOf, withRequestId } from "./request-id.ts";
import type { TransportLog } from "./transport-log.ts";
import { writeResponse } from "./write-response.ts";
import { bodyOf, connectionOf, cutResponse, endUploadAfter } from "./call-end.ts";
import {
  callLimitDefaults,
  type CallInFlight,
  type CallLimitOptions,
  createCallLimits,
} from "./call-limits.ts";

/** What is served, and within which limits. */
export interface HandlerOptions {
  /** Registers the services, e.g. `(router) => router.service(NetworkService, impl)`. */
  readonly routes: (router: ConnectRouter) => void;
  readonly log: TransportLog;
  /** Run around each decoded call; the first is the outermost. */
  readonly interceptors?: readonly Interceptor[];
  /** Runs before any byte of a body is read: the place for authentication. Throw a ConnectError to refuse. */
  readonly requestGate?: (context: HandlerContext) => void | Promise<void>;
  /** Answers plain HTTP and returns true, or returns false without touching the response. */
  readonly http?: (request: HttpRequest, response: HttpResponse) => boolean | Promise<boolean>;
  /** The paths that `http` answers, for the text of the 404. */
  readonly httpPaths?: readonly string[];
  /** Names the fields of JSON that a message cannot take, for the error of such a call. */
  readonly jsonViolations?: JsonViolations;
  /** Cuts the details of such an error to what fits into the answer to a call with these headers. */
  readonly fitDetails?: (error: ConnectError, requestHeaders: Headers) => ConnectError;
  /** Origins whose scripts may call the API; none by default. */
  readonly allowedOrigins?: readonly string[];
  /** Size limit of a message in bytes, after decompression; larger ones get RESOURCE_EXHAUSTED. Default 256 KiB. */
  readonly readMaxBytes?: number;
  /** Limits on calls in flight. */
  readonly callLimits?: Partial<CallLimitOptions> | undefined;
  /** Aborted at shutdown, best with a ConnectError: open streams end with that error. */
  readonly shutdownSignal?: AbortSignal;
}

const defaultReadMaxBytes = 256 * 1024;

/** Whether a call passed gate, limits and decoding; interceptors never see the others. */
const decoded = createContextKey(false, { description: "the call was decoded" });

const markDecoded: Interceptor = (next) => (request) => {
  const mark = (): unknown => request.contextValues.set(decoded, true);
  if (request.stream) return next({ ...request, message: marking(request.message, mark) });
  mark();
  return next(request);
};

/** A stream's messages are decoded as they are read. */
async function* marking<T>(messages: AsyncIterable<T>, mark: () => unknown): AsyncGenerator<T> {
  for await (const message of messages) {
    mark();
    yield message;
  }
}

type Rpc = ConnectRouter["handlers"][number];

/** Builds the handler for `listen` and `listenTls`. It never throws. */
export function createHandler(options: HandlerOptions): HttpHandler {
  const { log, http } = options;
  const rpcs = routeRpcs(options);
  const crossOrigin = allowOrigins(options.allowedOrigins ?? []);
  const callLimits = createCallLimits({ ...callLimitDefaults, ...options.callLimits });
  const refuse = createRefusedCalls(log);
  const nothingHere = describeServed([...rpcs.values()], options.httpPaths ?? []);

  const answer = async (request: HttpRequest, response: HttpResponse): Promise<void> => {
    let call: CallInFlight | undefined;
    endUploadAfter(response, request, () => call?.isCut() === true);
    if (crossOrigin(request, response)) return;
    const rpc = rpcs.get(pathOf(request));
    if (rpc !== undefined) {
      if (!hasUsableUrl(request)) return sendText(response, 400, "The Host header or the path is invalid.");
      call = callLimits.begin(connectionOf(request));
      try {
        if (call.refusal !== undefined) return await refuse(rpc, request, response, call.refusal);
        return await answerRpc(rpc, request, response, call, options);
      } finally {
        call.end();
      }
    }
    if (http !== undefined && (await http(request, response))) return;
    sendText(response, 404, nothingHere);
  };

  return (request, response) => {
    // Writing to a disconnected HTTP/1.1 client emits an error event, which ends the process if nothing listens for it.
    response.on("error", (err) => log.debug({ err }, "client disconnected"));
    answer(request, response).catch((err: unknown) => {
      if (ConnectError.from(err).code === Code.Aborted) return log.debug({ err }, "client disconnected");
      log.error({ err, path: pathOf(request) }, "request failed");
      // A half-sent response must not look complete.
      if (response.headersSent) cutResponse(response);
      else sendText(response, 500, "internal error");
    });
  };
}

function routeRpcs(options: HandlerOptions): Map<string, Rpc> {
  const { shutdownSignal } = options;
  const requestGate = async (context: HandlerContext): Promise<void> => {
    refuseAtGate(context);
    await options.requestGate?.(context);
  };
  const router = createConnectRouter({
    acceptCompression: [compressionGzip, compressionBrotli],
    interceptors: [refuseMalformed, markDecoded, ...(options.interceptors ?? [])],
    readMaxBytes: options.readMaxBytes ?? defaultReadMaxBytes,
    // A misspelt field must not be dropped silently: without its `vlanID` a NIC is on another network.
    jsonOptions: { ignoreUnknownFields: false },
    requestGate,
    ...(shutdownSignal === undefined ? {} : { shutdownSignal }),
  });
  options.routes(router);
  return new Map(router.handlers.map((rpc) => [rpc.requestPath, rpc]));
}

async function answerRpc(
  rpc: Rpc,
  request: HttpRequest,
  response: HttpResponse,
  inFlight: CallInFlight,
  options: HandlerOptions,
): Promise<void> {
  const values = createContextValues();
  const call = universalRequestFromNodeRequest(request, response, undefined, values);
  const id = requestIdOf(call.header);
  values.set(requestId, id);
  const limit = options.readMaxBytes ?? defaultReadMaxBytes;
  const { methodKind } = rpc.method;
  const sendsOneMessage = methodKind === "unary" || methodKind === "server_streaming";
  const copy = copyBody(inFlight.receive(bodyOf(request), sendsOneMessage), limit);
  let answer = await rpc({ ...call, body: copy.body });
  if (!values.get(decoded)) {
    const { service, method } = rpc;
    const sent = call.method === "GET" ? sentByQuery(call.url) : { header: call.header, body: copy.read() };
    const refused = whyMalformed(method.input, { ...sent, limit }, options.jsonViolations ?? (() => []));
    if (refused !== undefined) {
      const error = withRequestId(refused, id);
      values.set(malformedRefusal, options.fitDetails?.(error, call.header) ?? error);
      answer = await rpc(withEmptyMessage(call));
    }
    const grpcStatus = answer.trailer?.get("grpc-status");
    const fields = {
      service: service.typeName,
      method: method.name,
      requestId: id,
      httpStatus: answer.status,
      grpcStatus,
    };
    options.log.info(fields, "rpc refused before it reached its service");
  }
  const header = new Headers(answer.header);
  header.set(requestIdHeader, id);
  // Every answer is true of one moment and one caller.
  if (call.method === "GET") header.set("cache-control", "no-store");
  await writeResponse({ ...answer, header }, response);
}

/** Connect builds a URL from Host and path, and throws if it is invalid (HTTP/1.0 without Host, `Host: a b`). */
function hasUsableUrl(request: HttpRequest): boolean {
  const authority = "authority" in request ? request.authority : request.headers.host;
  return authority !== undefined && URL.canParse(request.url ?? "", `http://${authority}`);
}

function describeServed(rpcs: readonly Rpc[], httpPaths: readonly string[]): string {
  const services = [...new Set(rpcs.map((rpc) => rpc.service.typeName))];
  return [
    "Nothing is served at this path. Available:",
    ...services.map((name) => `  /${name}/<method>  (gRPC, gRPC-Web, Connect)`),
    ...httpPaths.map((path) => `  ${path}`),
  ].join("\n");
}
