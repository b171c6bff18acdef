// All failures of calls to the API server as one error type; the rest of the product does not deal with HTTP.

/** One refused field, from details.causes of a Status object. */
export interface KubeCause {
  readonly field: string;
  readonly reason: string;
  readonly message: string;
}

/**
 * Reasons of the Status object as Kubernetes spells them (k8s.io/apimachinery metav1.StatusReason), and four more:
 * "NotServed": a 404 because the API server does not serve that kind at all, such as without its CustomResourceDefinition;
 * "Unreachable": no response (connection refused, reset, deadline); "Undecodable": the response is not JSON;
 * "Cancelled": the signal of the caller was aborted, or the client was closed.
 */
export type KubeReason =
  | "NotFound"
  | "NotServed"
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

/** A failed call. `message` and `causes` are texts of the API server without the objects that they quote (echoes.ts). */
export class KubeError extends Error {
  override readonly name = "KubeError";
  readonly reason: KubeReason;
  /** HTTP status; 0 if there was no response. */
  readonly status: number;
  readonly causes: readonly KubeCause[];
  /** Retry-After of the API server, in seconds. */
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

export function isKubeError<R extends KubeReason>(
  error: unknown,
  reason: R,
): error is KubeError & { readonly reason: R } {
  return error instanceof KubeError && error.reason === reason;
}
