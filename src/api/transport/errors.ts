// Errors as clients see them: a google.rpc code with standard details, so that programs never parse a message.
// AIP-193: each has an ErrorInfo, whose reason is stable and whose metadata holds the values in the message.
import type { DescMessage, MessageInitShape } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import {
  BadRequestSchema,
  ErrorInfoSchema,
  PreconditionFailureSchema,
  ResourceInfoSchema,
  RetryInfoSchema,
} from "../../../gen/google/rpc/error_details_pb.ts";

/** `ErrorInfo.domain` of every error of this service. */
export const errorDomain = "multinic.novasphere.dev";

/** One detail of an error: a message type and its value. */
export interface ErrorDetail {
  readonly desc: DescMessage;
  readonly value: MessageInitShape<DescMessage>;
}

/** What all errors share. */
export interface ErrorContext {
  /** Stable, UPPER_SNAKE; programs may compare it. */
  readonly reason: string;
  /** For people. */
  readonly message: string;
  /** The values in the message, for programs. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Further details, after the standard ones. */
  readonly details?: readonly ErrorDetail[];
  /** Logged, never sent. */
  readonly cause?: unknown;
}

/** One invalid field of a request. */
export interface FieldViolation {
  /** Path from the request, e.g. `networks[0].vlanId`. */
  readonly field: string;
  readonly description: string;
  /** The code of the finding, UPPER_SNAKE. */
  readonly reason?: string;
}

/** The object an error is about. */
export interface ErrorResource {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** One condition of the cluster that is not met. */
export interface PreconditionViolation {
  /** UPPER_SNAKE kind of condition. */
  readonly type: string;
  /** What it is about, e.g. `VirtualMachine shop/web`. */
  readonly subject: string;
  /** What to do about it. */
  readonly description: string;
}

/** Builds any error. `details` come after ErrorInfo, and before those of the context. */
export function rpcError(
  code: Code,
  context: ErrorContext,
  details: readonly ErrorDetail[] = [],
): ConnectError {
  const { reason, message, metadata = {}, cause } = context;
  const info = detail(ErrorInfoSchema, { reason, domain: errorDomain, metadata: { ...metadata } });
  const sent = [info, ...details, ...(context.details ?? [])];
  return new ConnectError(toWireText(message), code, undefined, sent, cause);
}

/** INVALID_ARGUMENT with all violations. */
export function invalidArgument(
  violations: readonly FieldViolation[],
  context: Partial<ErrorContext> = {},
): ConnectError {
  return rpcError(
    Code.InvalidArgument,
    { reason: "INVALID_REQUEST", message: summarise(violations), ...context },
    [detail(BadRequestSchema, { fieldViolations: violations.map((violation) => ({ ...violation })) })],
  );
}

/** NOT_FOUND or ALREADY_EXISTS, with the object that does not exist or does. */
export function resourceError(
  code: Code.NotFound | Code.AlreadyExists,
  resource: ErrorResource,
  message: string,
): ConnectError {
  const { kind, namespace, name } = resource;
  const reason = code === Code.NotFound ? "NOT_FOUND" : "ALREADY_EXISTS";
  return rpcError(code, { reason, message, metadata: { ...resource } }, [
    detail(ResourceInfoSchema, {
      resourceType: kind,
      resourceName: `${namespace}/${name}`,
      description: message,
    }),
  ]);
}

/** FAILED_PRECONDITION: the same call cannot succeed before the cluster changes. */
export function failedPrecondition(
  violations: readonly PreconditionViolation[],
  context: ErrorContext,
): ConnectError {
  return rpcError(Code.FailedPrecondition, context, [
    detail(PreconditionFailureSchema, { violations: violations.map((violation) => ({ ...violation })) }),
  ]);
}

/** UNAVAILABLE: the same call may succeed after `retryAfterMs`. */
export function unavailable(retryAfterMs: number, context: Partial<ErrorContext> = {}): ConnectError {
  return rpcError(
    Code.Unavailable,
    { reason: "UNAVAILABLE", message: "the service is temporarily unavailable", ...context },
    [detail(RetryInfoSchema, { retryDelay: durationFromMs(retryAfterMs) })],
  );
}

/** RESOURCE_EXHAUSTED: the service has `max` calls in flight; the same call may succeed after `retryAfterMs`. */
export function tooManyCalls(retryAfterMs: number, max: number): ConnectError {
  const message = `the service has ${max} calls in flight, which is its maximum; try again later`;
  return rpcError(
    Code.ResourceExhausted,
    { reason: "TOO_MANY_CALLS", message, metadata: { max: String(max) } },
    [detail(RetryInfoSchema, { retryDelay: durationFromMs(retryAfterMs) })],
  );
}

/** A detail whose value is checked against its type. */
export function detail<Desc extends DescMessage>(desc: Desc, value: MessageInitShape<Desc>): ErrorDetail {
  return { desc, value };
}

export function summarise(violations: readonly FieldViolation[]): string {
  const [first, ...others] = violations;
  if (first === undefined) return "the request is invalid";
  const more = others.length === 0 ? "" : ` (and ${others.length} more)`;
  return `${first.field === "" ? "" : `${first.field} - `}${first.description}${more}`;
}

const maxMessageLength = 500;

/**
 * grpc-js decodes messages with decodeURI, which leaves `,` `:` `;` percent-encoded. Punctuation is replaced; inside values
 * (a MAC, a CIDR) it stays, and the details hold the original text.
 */
function toWireText(message: string): string {
  return message.replaceAll(/[,:;] /g, " - ").slice(0, maxMessageLength);
}
