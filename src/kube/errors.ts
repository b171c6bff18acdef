// What can go wrong at the API server, as one error type; the rest of the product never sees HTTP.

/** metadata of one refused field, from a Status object's details.causes. */
export interface KubeCause {
  readonly field: string;
  readonly reason: string;
  readonly message: string;
}

/**
 * Reasons of the Status object as Kubernetes spells them (k8s.io/apimachinery metav1.StatusReason),
 * in addition "Unreachable": no answer (connection refused, reset, deadline), "Undecodable": no JSON answer,
 * and "Cancelled": the caller's own signal was aborted, or the client was closed.
 */
export type KubeReason =
  | "NotFound"
  | "AlreadyExists"
  | "Conflict"
  | "Invalid"
  | "BadRequest"
  | "Forbidden"
  | "Unauthorized"
  | "Expired"
  | "Gone"
  | "TooManyRequests"
  | "Timeout"
  | "ServerTimeout"
  | "ServiceUnavailable"
  | "InternalError"
  | "MethodNotAllowed"
  | "UnsupportedMediaType"
  | "RequestEntityTooLarge"
  | "Unreachable"
  | "Undecodable"
  | "Cancelled"
  | "Unknown";

/** A failed call. `message` and `causes` are the API server's own texts without the objects that these quote; no header, no request body. */
export class KubeError extends Error {
  override readonly name = "KubeError";
  readonly reason: KubeReason;
  /** HTTP status, 0 when there was no answer. */
  readonly status: number;
  readonly causes: readonly KubeCause[];
  /** What the API server asked to wait, in seconds. */
  readonly retryAfterSeconds: number | undefined;

  constructor(
    reason: KubeReason,
    status: number,
    message: string,
    details: {
      readonly causes?: readonly KubeCause[];
      readonly retryAfterSeconds?: number | undefined;
      readonly cause?: unknown;
    } = {},
  ) {
    super(message, { cause: details.cause });
    this.reason = reason;
    this.status = status;
    this.causes = details.causes ?? [];
    this.retryAfterSeconds = details.retryAfterSeconds;
  }
}

/** True for a KubeError of that reason. */
export function isKubeError<R extends KubeReason>(
  error: unknown,
  reason: R,
): error is KubeError & { readonly reason: R } {
  return error instanceof KubeError && error.reason === reason;
}
