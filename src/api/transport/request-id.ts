// The id of a call: the same in the log, in the header of the answer and in its error, so that both sides can find the call.
import { randomUUID } from "node:crypto";
import { ConnectError, createContextKey } from "@connectrpc/connect";
import { RequestInfoSchema } from "../../../gen/google/rpc/error_details_pb.ts";
import { detail, type ErrorDetail } from "./errors.ts";

export const requestIdHeader = "x-request-id";

/** Set for every call, before any interceptor. */
export const requestId = createContextKey("", { description: "the id of the call" });

/** The id that the caller gave if it is a plain token, which may go into a log; else a new one. */
export function requestIdOf(headers: Headers): string {
  const given = headers.get(requestIdHeader) ?? "";
  return /^[A-Za-z0-9._-]{1,128}$/.test(given) ? given : randomUUID();
}

/** The error with a detail RequestInfo. */
export function withRequestId(error: ConnectError, id: string): ConnectError {
  const given = error.details.filter((one): one is ErrorDetail => "desc" in one);
  const details = [...given, detail(RequestInfoSchema, { requestId: id })];
  return new ConnectError(error.rawMessage, error.code, error.metadata, details, error.cause);
}
