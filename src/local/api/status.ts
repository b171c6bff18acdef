// Errors as the API server answers them: a Status object with code, reason, message and details.
import type { Json, JsonObject } from "./json.ts";

/** One entry of a Status object's details.causes. */
export interface Cause {
  readonly reason?: string;
  readonly message: string;
  readonly field?: string;
}

/** The `details` of a Status; `kind` is the plural resource name, or the kind when the reason is Invalid. */
interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly causes?: readonly Cause[];
  readonly retryAfterSeconds?: number;
}

/** Every answer that is not a success; `toStatus` returns its body. */
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

  toStatus(): JsonObject {
    const { causes = [], ...about } = this.details;
    const details: JsonObject = Object.fromEntries(Object.entries(about).filter(([, value]) => value !== ""));
    if (causes.length > 0) details["causes"] = causes.map((cause): Json => ({ ...cause }));
    return {
      ...statusHead,
      status: "Failure",
      message: this.message,
      ...(this.reason !== "" && { reason: this.reason }),
      ...(Object.keys(details).length > 0 && { details }),
      code: this.code,
    };
  }
}

const statusHead = { kind: "Status", apiVersion: "v1", metadata: {} } as const;

/** The Status of a request that succeeded and returns no object. */
export function success(more: JsonObject): JsonObject {
  return { ...statusHead, status: "Success", ...more };
}

/** What an error is about: enough of a resource to name it as Kubernetes does. */
interface Subject {
  readonly group: string;
  readonly plural: string;
  readonly kind: string;
}

/** `virtualmachines.kubevirt.io`, `secrets`. */
function qualified({ group, plural }: Subject): string {
  return group === "" ? plural : `${plural}.${group}`;
}

function about({ group, plural }: Subject, name: string): StatusDetails {
  return { name, group, kind: plural };
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

export function forbidden(subject: Subject, name: string, why: string, ...causes: Cause[]): ApiError {
  const message = `${qualified(subject)} "${name}" is forbidden: ${why}`;
  return new ApiError(403, "Forbidden", message, { ...about(subject, name), causes });
}

/** 422 with one cause per field; the message lists them as kube-apiserver's field.ErrorList does. */
export function invalid(
  { group, kind }: Pick<Subject, "group" | "kind">,
  name: string,
  causes: readonly Cause[],
): ApiError {
  const texts = causes.map(({ field, message }) => (field === undefined ? message : `${field}: ${message}`));
  const list = texts.length === 1 ? texts.join("") : `[${texts.join(", ")}]`;
  const qualifiedKind = group === "" ? kind : `${kind}.${group}`;
  const message = `${qualifiedKind} "${name}" is invalid: ${list}`;
  return new ApiError(422, "Invalid", message, { name, group, kind, causes });
}

/** 422 for the query or body options of a request, such as ListOptions. */
export function invalidOptions(kind: string, ...causes: Cause[]): ApiError {
  return invalid({ group: "meta.k8s.io", kind }, "", causes);
}

// The causes below are worded as k8s.io/apimachinery's field.Error.

export function invalidField(field: string, value: unknown, why: string): Cause {
  return { reason: "FieldValueInvalid", message: `Invalid value: ${JSON.stringify(value)}: ${why}`, field };
}

export function requiredField(field: string, why = ""): Cause {
  const message = why === "" ? "Required value" : `Required value: ${why}`;
  return { reason: "FieldValueRequired", message, field };
}

export function forbiddenField(field: string, why: string): Cause {
  return { reason: "FieldValueForbidden", message: `Forbidden: ${why}`, field };
}

/** `given` is the value as JSON text. */
export function unsupportedField(field: string, given: string, supported: readonly unknown[]): Cause {
  const list = supported.map((value) => JSON.stringify(value)).join(", ");
  const message = `Unsupported value: ${given}: supported values: ${list}`;
  return { reason: "FieldValueNotSupported", message, field };
}

export function tooLongField(field: string, limitBytes: number): Cause {
  const message = `Too long: may not be more than ${limitBytes} bytes`;
  return { reason: "FieldValueTooLong", message, field };
}

export function badRequest(message: string): ApiError {
  return new ApiError(400, "BadRequest", message);
}

/** 410: the revision asked for is compacted. */
export function expired(message: string): ApiError {
  return new ApiError(410, "Expired", message);
}

export function methodNotAllowed(): ApiError {
  const message = "the server does not allow this method on the requested resource";
  return new ApiError(405, "MethodNotAllowed", message);
}

/** 404 for a path or resource that is not served. */
export function noSuchResource(): ApiError {
  return new ApiError(404, "NotFound", "the server could not find the requested resource");
}

export function unsupportedMediaType(supported: readonly string[]): ApiError {
  const message = `the body of the request was in an unknown format - accepted media types include: ${supported.join(", ")}`;
  return new ApiError(415, "UnsupportedMediaType", message);
}

/** Any thrown value as an ApiError; a value that is not one becomes a 500. */
export function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new ApiError(500, "InternalError", `Internal error occurred: ${message}`, { causes: [{ message }] });
}
