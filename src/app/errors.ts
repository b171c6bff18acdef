// The errors of the use cases; api/ converts them to status codes with details.
import type { Finding } from "../domain/findings.ts";
import type { KubernetesObject } from "../domain/objects/kubernetes.ts";

/** The input has findings of severity error; nothing was written. */
export class Refused extends Error {
  override readonly name = "Refused";
  readonly findings: readonly Finding[];

  constructor(findings: readonly Finding[]) {
    super("the request has findings of severity error");
    this.findings = findings;
  }
}

/** The object that an error is about. */
export interface Subject {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** `KIND NAMESPACE/NAME`. */
export function subjectText({ kind, namespace, name }: Subject): string {
  return `${kind} ${namespace}/${name}`;
}

export function subjectOf({ kind, metadata: { namespace = "", name } }: KubernetesObject): Subject {
  return { kind, namespace, name };
}

export function vmSubject({
  namespace,
  name,
}: {
  readonly namespace: string;
  readonly name: string;
}): Subject {
  return { kind: "VirtualMachine", namespace, name };
}

/** The object does not exist. */
export class ObjectNotFound extends Error {
  override readonly name = "ObjectNotFound";
  readonly subject: Subject;

  constructor(subject: Subject) {
    super(`${subjectText(subject)} does not exist`);
    this.subject = subject;
  }
}

/** The call was to create the object, which exists already. */
export class ObjectExists extends Error {
  override readonly name = "ObjectExists";
  readonly subject: Subject;

  constructor(subject: Subject) {
    super(`${subjectText(subject)} exists already`);
    this.subject = subject;
  }
}

export type PreconditionReason =
  | "VM_NOT_MANAGED"
  /** Only its NICs are managed. */
  | "VM_ADOPTED"
  /** It is being deleted. */
  | "VM_TERMINATING"
  | "VM_OWNED_BY_WUKONG"
  | "VM_NOT_OWNED_BY_WUKONG"
  | "FIELD_OWNED_BY_OTHER_MANAGER";

/** A field that another manager owns (metadata.managedFields). */
export interface OwnedField {
  readonly manager: string;
  /** Path in the object, such as .spec.runStrategy. */
  readonly field: string;
}

/** The cluster is not in the state that the call requires; no VM was written. */
export class PreconditionFailed extends Error {
  override readonly name = "PreconditionFailed";
  readonly reason: PreconditionReason;
  readonly subject: Subject;
  /** At least one for FIELD_OWNED_BY_OTHER_MANAGER, otherwise none. */
  readonly ownedFields: readonly OwnedField[];

  constructor(
    reason: PreconditionReason,
    subject: Subject,
    message: string,
    ownedFields: readonly OwnedField[] = [],
  ) {
    super(message);
    this.reason = reason;
    this.subject = subject;
    this.ownedFields = ownedFields;
  }
}

/** The plan is not the one that the call was made for; nothing was written. */
export class PlanChanged extends Error {
  override readonly name = "PlanChanged";
  readonly subject: Subject;
  /** Of the plan as it is now. */
  readonly currentFingerprint: string;

  constructor(subject: Subject, currentFingerprint: string) {
    super("the plan no longer has this fingerprint; plan again and look at the difference");
    this.subject = subject;
    this.currentFingerprint = currentFingerprint;
  }
}

/** The VM no longer has the version or plan that the call is for; it was not written. */
export class VersionMismatch extends Error {
  override readonly name = "VersionMismatch";
  readonly subject: Subject;

  constructor(subject: Subject) {
    super(`${subjectText(subject)} has changed since it was read; read it again`);
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

/** The page size is below 0. */
export class BadPageSize extends Error {
  override readonly name = "BadPageSize";

  constructor(size: number) {
    super(`${size} is not a page size; use 0 for the default`);
  }
}

/** The service is still loading, for example its first complete list of VMs. */
export class NotReady extends Error {
  override readonly name = "NotReady";
}
