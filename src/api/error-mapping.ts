// The errors of the use cases, as the status codes and details that a client sees.
import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import { FindingsSchema } from "../../gen/multinic/v1/network_pb.ts";
import {
  BadPageSize,
  BadPageToken,
  NotReady,
  ObjectExists,
  ObjectNotFound,
  PlanChanged,
  PreconditionFailed,
  Refused,
  subjectText,
  VersionMismatch,
} from "../app/errors.ts";
import { type Finding, isAboutCluster } from "../domain/findings.ts";
import { KubeError } from "../kube/errors.ts";
import { findingToProto } from "../wire/findings.ts";
import { fitDetails } from "./error-budget.ts";
import {
  detail,
  failedPrecondition,
  invalidArgument,
  resourceError,
  rpcError,
  summarise,
  unavailable,
} from "./transport/errors.ts";
import { requestId, withRequestId } from "./transport/request-id.ts";

const retryAfterMs = 1_000;

/**
 * INVALID_ARGUMENT with the findings, both as they are and as field violations; FAILED_PRECONDITION if all errors are
 * about the cluster, so that the same call may succeed later.
 */
function refused(findings: readonly Finding[]): ConnectError {
  const errors = findings.filter(({ severity }) => severity === "error");
  const others = findings.filter(({ severity }) => severity !== "error");
  const violations = errors.map(({ field, message, code }) => ({
    field,
    description: message,
    reason: code,
  }));
  const details = [detail(FindingsSchema, { findings: [...errors, ...others].map(findingToProto) })];
  const context = { reason: "FINDINGS", message: summarise(violations), details };
  if (errors.some(({ code }) => !isAboutCluster(code))) return invalidArgument(violations, context);
  const unmet = errors.map(({ code, field, message }) => ({
    type: code,
    subject: field,
    description: message,
  }));
  return failedPrecondition(unmet, context);
}

/** Around every service, innermost, so that the client, the log and the metrics see the same code. */
export const errorInterceptor: Interceptor = (next) => async (request) => {
  const asSent = (error: unknown): ConnectError => {
    const mapped = isOfCaller(error, request.signal) ? canceled(error) : toConnectError(error);
    return fitDetails(withRequestId(mapped, request.contextValues.get(requestId)), request.header);
  };
  try {
    // The caller may have left while the call waited for its turn.
    request.signal.throwIfAborted();
    const response = await next(request);
    return response.stream ? { ...response, message: mapError(response.message, asSent) } : response;
  } catch (error) {
    throw asSent(error);
  }
};

/** True if the call ends because its caller has gone: not an error of this process. */
function isOfCaller(error: unknown, { aborted }: AbortSignal): boolean {
  return aborted && error instanceof Error && error.name === "AbortError";
}

const canceled = (cause: unknown): ConnectError =>
  rpcError(Code.Canceled, { reason: "CANCELED", message: "the caller has ended the call", cause });

/** The errors of a stream come while it is read. */
async function* mapError<T>(messages: AsyncIterable<T>, map: (error: unknown) => Error): AsyncGenerator<T> {
  try {
    yield* messages;
  } catch (error) {
    throw map(error);
  }
}

/** Any error of the use cases as a ConnectError; an unknown one is INTERNAL without its text. */
function toConnectError(error: unknown): ConnectError {
  if (error instanceof ConnectError) return error;
  if (error instanceof Refused) return refused(error.findings);
  if (error instanceof ObjectNotFound) return resourceError(Code.NotFound, error.subject, error.message);
  if (error instanceof ObjectExists) return resourceError(Code.AlreadyExists, error.subject, error.message);
  if (error instanceof PreconditionFailed) return unmetPrecondition(error);
  if (error instanceof PlanChanged) {
    const { subject, message, currentFingerprint } = error;
    return rpcError(Code.Aborted, {
      reason: "PLAN_CHANGED",
      message: `${subjectText(subject)} - ${message}`,
      metadata: { ...subject, currentFingerprint },
      cause: error,
    });
  }
  if (error instanceof VersionMismatch) {
    return rpcError(Code.Aborted, {
      reason: "VERSION_MISMATCH",
      message: error.message,
      metadata: { ...error.subject },
      cause: error,
    });
  }
  if (error instanceof BadPageToken) {
    return invalidArgument([{ field: "pageToken", description: error.message, reason: "PAGE_TOKEN" }], {
      reason: "PAGE_TOKEN",
    });
  }
  if (error instanceof BadPageSize) {
    return invalidArgument([{ field: "pageSize", description: error.message, reason: "PAGE_SIZE" }], {
      reason: "PAGE_SIZE",
    });
  }
  if (error instanceof NotReady) {
    return unavailable(retryAfterMs, {
      reason: "NOT_READY",
      message: error.message,
    });
  }
  if (error instanceof KubeError) return fromKube(error);
  return rpcError(Code.Internal, { reason: "INTERNAL", message: "internal error", cause: error });
}

/** Metadata names the object and, of the fields that other managers own, the first; the violations name all of them. */
function unmetPrecondition(error: PreconditionFailed): ConnectError {
  const { reason, subject, message, ownedFields } = error;
  const about = subjectText(subject);
  const violations =
    ownedFields.length === 0
      ? [{ type: reason, subject: about, description: message }]
      : ownedFields.map(({ manager, field }) => ({
          type: reason,
          subject: about,
          description: `${manager} owns ${field}`,
        }));
  return failedPrecondition(violations, {
    reason,
    message: `${about} - ${message}`,
    metadata: { ...subject, ...ownedFields[0] },
    cause: error,
  });
}

/** With the API server's own message: it quotes no objects (kube/echoes.ts) and says what an operator has to do. */
function fromKube(error: KubeError): ConnectError {
  const context = {
    reason: `KUBERNETES_${error.reason.replace(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase()}`,
    message: `the Kubernetes API server answered: ${error.message}`,
    cause: error,
  };
  switch (error.reason) {
    case "Invalid":
    case "BadRequest":
      return invalidArgument(
        error.causes.map(({ field, message, reason }) => ({ field, description: message, reason })),
        context,
      );
    case "NotFound":
      return rpcError(Code.NotFound, context);
    case "AlreadyExists":
      return rpcError(Code.AlreadyExists, context);
    case "Conflict":
      return rpcError(Code.Aborted, context);
    case "Forbidden":
      return rpcError(Code.FailedPrecondition, {
        ...context,
        message: `the service account of multinic lacks a permission - ${error.message}`,
      });
    case "Unreachable":
      return unavailable(retryAfterMs, {
        ...context,
        message: `the Kubernetes API server cannot be reached; check that it runs and that its address is correct - ${error.message}`,
      });
    case "NotServed":
      return unavailable(retryAfterMs, {
        ...context,
        message: `the cluster lacks a kind of object that multinic needs; check that KubeVirt and Multus are installed - ${error.message}`,
      });
    case "Unauthorized":
      return unavailable(retryAfterMs, {
        ...context,
        message: `the Kubernetes API server does not accept the credentials of multinic; check its token or client certificate - ${error.message}`,
      });
    case "Undecodable":
      return unavailable(retryAfterMs, {
        ...context,
        message: `the answer of the Kubernetes API server cannot be read - ${error.message}`,
      });
    case "TooManyRequests":
    case "Timeout":
    case "ServerTimeout":
    case "ServiceUnavailable":
    case "InternalError":
      return unavailable((error.retryAfterSeconds ?? 1) * 1_000, {
        ...context,
        message: `the Kubernetes API server cannot answer at the moment - ${error.message}`,
      });
    default:
      return rpcError(Code.Internal, context);
  }
}
