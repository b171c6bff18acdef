// What a rule returns for each thing that is wrong, and the refusal that virt-api makes of all of them.
import type { Refusal } from "../../api/admission.ts";
import type { FieldPath } from "./field-path.ts";

/** The reasons that KubeVirt's causes use (k8s.io/apimachinery CauseType). */
export type CauseReason =
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

/** The most common kind: the value is there and is not acceptable. */
export function invalid(field: FieldPath | string, message: string): Cause {
  return cause("FieldValueInvalid", field, message);
}

/** virt-api sends no more causes than this, and says in the message how many it left out. */
const causesSent = 10;

/** HTTP 422 with the first ten causes, in message and details (pkg/util/webhooks/webhooks.go ToAdmissionResponse). */
export function refusalOf(causes: readonly { readonly message: string }[]): Refusal {
  const sent = causes.slice(0, causesSent);
  const messages = sent.map(({ message }) => message);
  const more = causes.length - sent.length;
  if (more > 0) messages.push(`and ${more} more validation errors`);
  return { code: 422, reason: "Invalid", message: messages.join(", "), causes: sent };
}
