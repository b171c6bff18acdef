// The errors of the use cases; api/ converts them to status codes with details.
import type { Finding } from "../domain/findings.ts";

/** The input has findings of severity error; nothing was written. */
export class Refused extends Error {
  override readonly name = "Refused";
  readonly findings: readonly Finding[];

  constructor(findings: readonly Finding[]) {
    super("the request has findings of severity error");
    this.findings = findings;
  }
}

/** The object does not exist. */
export class ObjectNotFound extends Error {
  override readonly name = "ObjectNotFound";
  readonly kind: string;
  readonly object: string;

  /** `object` is NAMESPACE/NAME. */
  constructor(kind: string, object: string) {
    super(`${kind} ${object} does not exist`);
    this.kind = kind;
    this.object = object;
  }
}

export type PreconditionReason =
  | "VM_NOT_MANAGED"
  /** Only its NICs are managed. */
  | "VM_ADOPTED"
  | "FIELD_OWNED_BY_OTHER_MANAGER";

/** The cluster is not in the state that the call requires; no VM was written. */
export class PreconditionFailed extends Error {
  override readonly name = "PreconditionFailed";
  readonly reason: PreconditionReason;
  readonly subject: string;

  constructor(reason: PreconditionReason, subject: string, message: string) {
    super(message);
    this.reason = reason;
    this.subject = subject;
  }
}

/** The plan is not the one that the call was made for; nothing was written. */
export class PlanChanged extends Error {
  override readonly name = "PlanChanged";
  readonly subject: string;
  /** Of the plan as it is now. */
  readonly currentFingerprint: string;

  constructor(subject: string, currentFingerprint: string) {
    super("the plan no longer has this fingerprint; plan again and look at the difference");
    this.subject = subject;
    this.currentFingerprint = currentFingerprint;
  }
}

/** The VM no longer has the version or plan that the call is for; it was not written. */
export class VersionMismatch extends Error {
  override readonly name = "VersionMismatch";
  readonly subject: string;

  constructor(subject: string) {
    super(`${subject} has changed since it was read; read it again`);
    this.subject = subject;
  }
}

/** The page token was not issued by this service, or was issued for other filters. */
export class BadPageToken extends Error {
  override readonly name = "BadPageToken";

  constructor() {
    super("the page token does not belong to this list");
  }
}

/** The service is still loading, for example its first complete list of VMs. */
export class NotReady extends Error {
  override readonly name = "NotReady";
}
