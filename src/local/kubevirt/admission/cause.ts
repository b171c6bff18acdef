// The faults that rules report, with the path of each field, and virt-api's refusal made from them.
import type { Refusal } from "../../api/admission.ts";

/** An immutable field path as KubeVirt writes it: `spec.template.spec.networks[0].name`. */
export class FieldPath {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  child(...names: readonly string[]): FieldPath {
    return new FieldPath([this.text, ...names].join("."));
  }

  index(position: number): FieldPath {
    return new FieldPath(`${this.text}[${position}]`);
  }
}

/** The reasons that KubeVirt's causes use (k8s.io/apimachinery CauseType). */
type CauseReason =
  | "FieldValueDuplicate"
  | "FieldValueInvalid"
  | "FieldValueNotFound"
  | "FieldValueNotSupported"
  | "FieldValueRequired";

/** One entry of the refusal's details.causes. */
export interface Cause {
  readonly reason: CauseReason;
  readonly message: string;
  readonly field: string;
}

export function cause(reason: CauseReason, field: FieldPath | string, message: string): Cause {
  return { reason, message, field: typeof field === "string" ? field : field.text };
}

/** A cause with the most common reason, FieldValueInvalid. */
export function invalid(field: FieldPath | string, message: string): Cause {
  return cause("FieldValueInvalid", field, message);
}

/** virt-api sends at most this many causes and reports how many more there were in the message. */
const causesSent = 10;

/** HTTP 422 with the first ten causes, in message and details (pkg/util/webhooks/webhooks.go ToAdmissionResponse). */
export function refusalOf(causes: readonly { readonly message: string }[]): Refusal {
  const sent = causes.slice(0, causesSent);
  const messages = sent.map(({ message }) => message);
  const more = causes.length - sent.length;
  if (more > 0) messages.push(`and ${more} more validation errors`);
  return { code: 422, reason: "Invalid", message: messages.join(", "), causes: sent };
}
