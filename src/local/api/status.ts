// Errors as the API server answers them: a Status object with code, reason, message and details.
import type { Json, JsonObject } from "./json.ts";

/** One entry of a Status object's details.causes. */
export interface Cause {
  readonly reason?: string;
  readonly message: string;
  readonly field?: string;
}

/** What a Status says of the object it is about. */
export interface StatusDetails {
  readonly name?: string | undefined;
  readonly group?: string | undefined;
  /** The plural resource name, or the kind for Invalid. */
  readonly kind?: string | undefined;
  readonly uid?: string | undefined;
  readonly causes?: readonly Cause[];
  readonly retryAfterSeconds?: number;
}

/** An answer that is not a success; `toStatus` is its body. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly code: number;
  readonly reason: string;
  readonly details: StatusDetails;

  constructor(code: number, reason: string, message: string, details: StatusDetails = {}) {
    super(message);
    this.code = code;
    this.reason = reason;
    this.details = details;
  }

  /** The `Status` object of v1. */
  toStatus(): JsonObject {
    const { causes, ...about } = this.details;
    const details: JsonObject = {};
    for (const [key, value] of Object.entries(about)) {
      if (value !== undefined && value !== "") details[key] = value;
    }
    if (causes !== undefined && causes.length > 0) {
      details["causes"] = causes.map((cause): Json => ({ ...cause }));
    }
    return {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message: this.message,
      ...(this.reason !== "" && { reason: this.reason }),
      ...(Object.keys(details).length > 0 && { details }),
      code: this.code,
    };
  }
}

/** What an error is about: enough of a resource to name it as Kubernetes does. */
export interface Subject {
  readonly group: string;
  readonly plural: string;
  readonly kind: string;
}

/** `virtualmachines.kubevirt.io`, `secrets`. */
export function qualified({ group, plural }: Pick<Subject, "group" | "plural">): string {
  return group === "" ? plural : `${plural}.${group}`;
}

function about(subject: Subject, name: string): StatusDetails {
  return { name, group: subject.group, kind: subject.plural };
}

export function notFound(subject: Subject, name: string): ApiError {
  return new ApiError(404, "NotFound", `${qualified(subject)} "${name}" not found`, about(subject, name));
}

export function alreadyExists(subject: Subject, name: string): ApiError {
  const message = `${qualified(subject)} "${name}" already exists`;
  return new ApiError(409, "AlreadyExists", message, about(subject, name));
}

export function conflict(subject: Subject, name: string, why: string): ApiError {
  const message = `Operation cannot be fulfilled on ${qualified(subject)} "${name}": ${why}`;
  return new ApiError(409, "Conflict", message, about(subject, name));
}

export function forbidden(
  subject: Subject,
  name: string,
  why: string,
  causes: readonly Cause[] = [],
): ApiError {
  const message = `${qualified(subject)} "${name}" is forbidden: ${why}`;
  return new ApiError(403, "Forbidden", message, { ...about(subject, name), causes });
}

/** 422 with one cause per field; the message lists them as kube-apiserver's field.ErrorList does. */
export function invalid(subject: Subject, name: string, causes: readonly Cause[]): ApiError {
  const texts = causes.map(({ field, message }) => (field === undefined ? message : `${field}: ${message}`));
  const list = texts.length === 1 ? texts.join("") : `[${texts.join(", ")}]`;
  const kind = subject.group === "" ? subject.kind : `${subject.kind}.${subject.group}`;
  return new ApiError(422, "Invalid", `${kind} "${name}" is invalid: ${list}`, {
    name,
    group: subject.group,
    kind: subject.kind,
    causes,
  });
}

export function badRequest(message: string): ApiError {
  return new ApiError(400, "BadRequest", message);
}

/** 410: the revision asked for is no longer known. */
export function expired(message: string): ApiError {
  return new ApiError(410, "Expired", message);
}

export function methodNotAllowed(): ApiError {
  return new ApiError(
    405,
    "MethodNotAllowed",
    "the server does not allow this method on the requested resource",
  );
}

/** 404 for a path or resource that is not served. */
export function noSuchResource(): ApiError {
  return new ApiError(404, "NotFound", "the server could not find the requested resource");
}

export function unsupportedMediaType(supported: readonly string[]): ApiError {
  const message = `the body of the request was in an unknown format - accepted media types include: ${supported.join(", ")}`;
  return new ApiError(415, "UnsupportedMediaType", message);
}

export function tooLarge(limitBytes: number): ApiError {
  const message = `Request entity too large: limit is ${limitBytes}`;
  return new ApiError(413, "RequestEntityTooLarge", message);
}

/** Any thrown value as an ApiError; what is not one is an internal error. */
export function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  const text = error instanceof Error ? error.message : String(error);
  return new ApiError(500, "InternalError", `Internal error occurred: ${text}`, {
    causes: [{ message: text }],
  });
}
