// A failed call as the user sees it: findings, an exit code, and what to do next.
import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import {
  BadRequestSchema,
  ErrorInfoSchema,
  RequestInfoSchema,
  RetryInfoSchema,
} from "../../gen/google/rpc/error_details_pb.ts";
import { FindingSchema, FindingsSchema, Severity, type Finding } from "../../gen/multinic/v1/network_pb.ts";
import { exitCode } from "./io.ts";

/** A failed call, ready to be printed. */
export interface Failure {
  readonly message: string;
  readonly next?: string | undefined;
  readonly findings: readonly Finding[];
  readonly exitCode: number;
}

/** `server` is the URL that was called, or undefined for this process. */
export function failureOf(error: ConnectError, server: string | undefined): Failure {
  if (server !== undefined && isUnreachable(error)) {
    return {
      message: `cannot reach ${server}: ${unreachableBecause(error)}`,
      next: "start a service with `multinic serve --local`, or set --server or MULTINIC_SERVER to another",
      findings: [],
      exitCode: exitCode.unreachable,
    };
  }
  const findings = findingsOf(error);
  const info = error.findDetails(ErrorInfoSchema)[0];
  const [refused] = error.findDetails(FindingsSchema);
  const omitted = refused?.omittedCount ?? 0;
  return {
    message: [
      refused === undefined ? error.rawMessage : "rejected; nothing was written",
      ...(omitted === 0 ? [] : [`${omitted} more findings did not fit; multinic plan shows all of them`]),
    ].join("; "),
    next: reasonSteps[info?.reason ?? ""] ?? nextSteps[error.code] ?? findInLog(error),
    findings,
    exitCode: isTemporary(error) ? exitCode.unreachable : exitCode.refused,
  };
}

/** True for a call that never reached multinic: a network error, without the details of an answer. */
function isUnreachable(error: ConnectError): boolean {
  if (error.findDetails(ErrorInfoSchema).length > 0) return false;
  return systemCode(error) !== undefined || error.code === Code.Unavailable;
}

/** True if the same call may succeed later. */
export function isTemporary(error: ConnectError): boolean {
  return error.code === Code.Unavailable || error.code === Code.DeadlineExceeded || isUnreachable(error);
}

/** How long the service asked to wait, in milliseconds. */
export function retryDelayMs(error: ConnectError): number | undefined {
  const delay = error.findDetails(RetryInfoSchema)[0]?.retryDelay;
  return delay && Number(delay.seconds) * 1000 + delay.nanos / 1_000_000;
}

function findingsOf(error: ConnectError): readonly Finding[] {
  const [refused] = error.findDetails(FindingsSchema);
  if (refused !== undefined) return refused.findings;
  return error
    .findDetails(BadRequestSchema)
    .flatMap(({ fieldViolations }) => fieldViolations)
    .map(({ field, description, reason }) =>
      create(FindingSchema, {
        code: reason || "INVALID",
        severity: Severity.ERROR,
        field,
        message: description,
      }),
    );
}

/** The id is in the log line of the call. */
function findInLog(error: ConnectError): string | undefined {
  const id = error.findDetails(RequestInfoSchema)[0]?.requestId;
  return error.code === Code.Internal && id ? `look for request ${id} in the log of the service` : undefined;
}

const nextSteps: Partial<Record<Code, string>> = {
  [Code.NotFound]: "`multinic get -n NAMESPACE` lists the VMs of a namespace",
  [Code.Aborted]: "the VM has changed in the meantime; run `multinic plan` again",
  [Code.FailedPrecondition]: "run `multinic plan` to see the cause",
  [Code.PermissionDenied]: "ask the administrator of the service for permission",
  [Code.Unauthenticated]: "ask the administrator of the service how to authenticate",
  [Code.Unimplemented]: "the service has another version; compare `multinic --version` of client and service",
  [Code.DeadlineExceeded]: "the cluster is slow or unreachable; try again",
  [Code.Unavailable]: "try again in a moment",
};

/** By ErrorInfo.reason, where the status code is not specific enough. */
const reasonSteps: Readonly<Record<string, string>> = {
  PLAN_CHANGED: "run `multinic plan` again and apply with the new fingerprint",
  VM_NOT_MANAGED:
    "multinic changes only VMs that it created; choose another name, or let it manage the NICs of this VM with `multinic apply --adopt`",
  VM_OWNED_BY_WUKONG: "edit or delete the Wukong of the same name with kubectl",
  VM_ADOPTED: "`kubectl delete vm NAME` deletes a VM that multinic did not create",
  VM_TERMINATING: "wait until `multinic get` no longer lists the VM, then try again",
  FIELD_OWNED_BY_OTHER_MANAGER: "make the other field manager release the field, or keep its value",
};

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ENOTFOUND: "no such host",
  EAI_AGAIN: "the DNS server does not answer",
  ETIMEDOUT: "the connection timed out",
  ECONNRESET: "the connection was reset",
  ERR_HTTP2_ERROR: "it does not speak HTTP/2",
  DEPTH_ZERO_SELF_SIGNED_CERT:
    "its certificate is self-signed; to trust it, set NODE_EXTRA_CA_CERTS to a file that contains it",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    "its certificate was issued by an unknown CA; set NODE_EXTRA_CA_CERTS to a file with the CA's certificate",
  SELF_SIGNED_CERT_IN_CHAIN:
    "its certificate was issued by an unknown CA; set NODE_EXTRA_CA_CERTS to a file with the CA's certificate",
};

const unreachableBecause = (error: ConnectError): string =>
  reasons[systemCode(error) ?? ""] ?? error.rawMessage;

/** Node's error code, wherever it is in the chain of causes. */
function systemCode({ cause }: Error): string | undefined {
  if (!(cause instanceof Error)) return undefined;
  const { code } = cause as NodeJS.ErrnoException;
  if (typeof code === "string") return code;
  // An AggregateError has one error for each address that was tried.
  const [first]: readonly unknown[] = cause instanceof AggregateError ? cause.errors : [];
  return systemCode(first === undefined ? cause : new Error("tried", { cause: first }));
}
