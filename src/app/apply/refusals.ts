// Converts errors of the API server on an apply to findings at fields of the input.
import { type Finding, finding } from "../../domain/findings.ts";
import type { KubernetesObject, VirtualMachine } from "../../domain/objects/kubernetes.ts";
import { isAdopted } from "../../domain/objects/ownership.ts";
import { isKubeError, KubeError } from "../../kube/errors.ts";
import { type OwnedField, PreconditionFailed, subjectOf } from "../errors.ts";

/** A finding for each cause that the API server or KubeVirt's admission gives; undefined for other errors. */
export function refusals(error: unknown): readonly Finding[] | undefined {
  if (!(error instanceof KubeError) || !["Invalid", "BadRequest", "Forbidden"].includes(error.reason)) {
    return undefined;
  }
  // With the field "<nil>" kube-apiserver says that it stopped validating because of the other causes.
  const named = error.causes.filter(({ field }) => field !== "<nil>");
  const causes = named.length > 0 ? named : [{ field: "", message: error.message }];
  return causes.map(({ field, message }) =>
    finding("REFUSED_BY_CLUSTER", inputField(field), { message: message === "" ? error.message : message }),
  );
}

/** `spec.template.spec.domain.devices.interfaces[1].macAddress` → `networks[1].macAddress`; other fields are unchanged. */
export function inputField(field: string): string {
  const match =
    /^spec\.template\.spec\.(?:domain\.devices\.interfaces|networks)\[(\d+)\](?:\.(name|macAddress|state|multus)\b.*)?/.exec(
      field,
    );
  if (match === null) return field;
  const [, index, property] = match;
  const names: Record<string, string> = { state: "linkState", multus: "nadName" };
  return property === undefined ? `networks[${index}]` : `networks[${index}].${names[property] ?? property}`;
}

/** True for a conflict over a field that another manager owns, as opposed to one over the resourceVersion. */
export function isOwnedByAnother(error: unknown): error is KubeError {
  return (
    isKubeError(error, "Conflict") && error.causes.some(({ reason }) => reason === "FieldManagerConflict")
  );
}

/** The error of both the dry run and the write. `live`: the VM at the API server. */
export function ownedByAnother(
  object: KubernetesObject,
  error: KubeError,
  live: VirtualMachine | undefined,
): PreconditionFailed {
  const canTake = object.kind === live?.kind && isAdopted(live);
  return new PreconditionFailed(
    "FIELD_OWNED_BY_OTHER_MANAGER",
    subjectOf(object),
    canTake ? `${error.message}\nadopt the VM again to take these over` : error.message,
    ownedFields(error),
  );
}

/** From causes with the message `conflict with "argo" using v1` (structured-merge-diff, as kube-apiserver prints it). */
function ownedFields({ causes }: KubeError): readonly OwnedField[] {
  return causes
    .filter(({ reason }) => reason === "FieldManagerConflict")
    .map(({ field, message }) => ({ field, manager: /^conflict with "([^"]*)"/.exec(message)?.[1] ?? "" }));
}
