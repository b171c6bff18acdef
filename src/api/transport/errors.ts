// Errors as clients see them: a google.rpc code with standard details, so that programs never parse a message.
// AIP-193: each carries ErrorInfo, whose reason is stable and whose metadata holds the values of the message.

import { create, toBinary, type DescMessage, type MessageInitShape } from "@bufbuild/protobuf";
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
const ERROR_DOMAIN = "multinic";

/** One detail of an error: a message type and its value. */
export interface ErrorDetail {
  readonly desc: DescMessage;
  readonly value: MessageInitShape<DescMessage>;
}

/** What all errors share. */
export interface ErrorContext {
  /** Stable and UPPER_SNAKE: what a program may compare. */
  readonly reason: string;
  /** For people. */
  readonly message: string;
  /** The values in the message, for programs. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Further details, after the standard ones. */
  readonly details?: readonly ErrorDetail[];
  /** Stays on this side: logged, never sent. */
  readonly cause?: unknown;
}

/** One field of a request that cannot be taken. */
export interface FieldViolation {
  /** Path from the request, e.g. `networks[0].vlanId`. */
  readonly field: string;
  readonly description: string;
  /** The code of the finding, UPPER_SNAKE. */
  readonly reason?: string;
}

/** The object an error is about. */
export interface ErrorResource {
  /** Kind, e.g. `VirtualMachine`. */
  readonly type: string;
  /** `namespace/name`. */
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

/**
 * Builds any error. Details that would not fit into the headers a gRPC client takes are left out from the end, and
 * `ErrorInfo.metadata.omittedDetails` counts them.
 */
export function rpcError(
  code: Code,
  context: ErrorContext,
  details: readonly ErrorDetail[] = [],
): ConnectError {
  const wanted = [...details, ...(context.details ?? [])];
  const sent = fitting(wanted);
  const info = detail(ErrorInfoSchema, {
    reason: context.reason,
    domain: ERROR_DOMAIN,
    metadata: {
      ...context.metadata,
      ...(sent.length < wanted.length && { omittedDetails: String(wanted.length - sent.length) }),
    },
  });
  return new ConnectError(toWireText(context.message), code, undefined, [info, ...sent], context.cause);
}

/** INVALID_ARGUMENT with all violations at once; those beyond what headers hold are counted in the metadata. */
export function invalidArgument(
  violations: readonly FieldViolation[],
  context: Partial<ErrorContext> = {},
): ConnectError {
  const sent = fittingViolations(violations);
  const omitted = violations.length - sent.length;
  return rpcError(
    Code.InvalidArgument,
    {
      reason: "INVALID_REQUEST",
      message: summarise(violations),
      ...context,
      metadata: { ...context.metadata, ...(omitted > 0 && { omittedViolations: String(omitted) }) },
    },
    [detail(BadRequestSchema, { fieldViolations: sent.map((violation) => ({ ...violation })) })],
  );
}

/** NOT_FOUND with the object that is not there. */
export function notFound(resource: ErrorResource, context: Partial<ErrorContext> = {}): ConnectError {
  return aboutResource(Code.NotFound, resource, "NOT_FOUND", "does not exist", context);
}

/** ALREADY_EXISTS with the object that is in the way. */
export function alreadyExists(resource: ErrorResource, context: Partial<ErrorContext> = {}): ConnectError {
  return aboutResource(Code.AlreadyExists, resource, "ALREADY_EXISTS", "exists already", context);
}

/** FAILED_PRECONDITION: the cluster must change before the same call can succeed. */
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
    [retryAfter(retryAfterMs)],
  );
}

/** RESOURCE_EXHAUSTED: a limit of this service; with `retryAfterMs` when waiting helps. */
export function resourceExhausted(context: ErrorContext, retryAfterMs?: number): ConnectError {
  const details = retryAfterMs === undefined ? [] : [retryAfter(retryAfterMs)];
  return rpcError(Code.ResourceExhausted, context, details);
}

function aboutResource(
  code: Code,
  { type, name }: ErrorResource,
  reason: string,
  state: string,
  context: Partial<ErrorContext>,
): ConnectError {
  const message = `${type} ${name} ${state}`;
  return rpcError(
    code,
    {
      reason,
      message,
      ...context,
      metadata: { resourceType: type, resourceName: name, ...context.metadata },
    },
    [detail(ResourceInfoSchema, { resourceType: type, resourceName: name, description: message })],
  );
}

function retryAfter(ms: number): ErrorDetail {
  return detail(RetryInfoSchema, { retryDelay: durationFromMs(ms) });
}

/** A detail whose value is checked against its type. */
export function detail<Desc extends DescMessage>(desc: Desc, value: MessageInitShape<Desc>): ErrorDetail {
  return { desc, value };
}

function summarise(violations: readonly FieldViolation[]): string {
  const [first, ...others] = violations;
  if (first === undefined) return "the request is invalid";
  const more = others.length === 0 ? "" : ` (and ${others.length} more)`;
  return `${first.field} - ${first.description}${more}`;
}

/** gRPC sends details base64 in one header and clients take 8 KiB of headers by default (gRPC core, Go: 8–16 KiB). */
const DETAILS_MAX_BYTES = 4_500;
const MESSAGE_MAX_LENGTH = 500;

function fitting(details: readonly ErrorDetail[]): ErrorDetail[] {
  let left = DETAILS_MAX_BYTES;
  return details.filter(({ desc, value }) => (left -= toBinary(desc, create(desc, value)).length) >= 0);
}

function fittingViolations(violations: readonly FieldViolation[]): FieldViolation[] {
  let left = DETAILS_MAX_BYTES - 100;
  return violations.filter(
    ({ field, description, reason = "" }) =>
      (left -= Buffer.byteLength(field + description + reason) + 12) >= 0,
  );
}

/**
 * grpc-js decodes messages with decodeURI, which leaves `,` `:` `;` percent-encoded. As punctuation they are replaced;
 * inside values (a MAC, a CIDR) they stay, and the details hold the text as it was.
 */
function toWireText(message: string): string {
  return message.replaceAll(/[,:;] /g, " - ").slice(0, MESSAGE_MAX_LENGTH);
}
