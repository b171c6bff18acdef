// Applies a Wukong by the same use case as ApplyVM, and says what came of it.
import type { ApplyDependencies } from "../app/apply/apply-request.ts";
import { applyVm } from "../app/apply/apply-vm.ts";
import { PreconditionFailed, Refused, subjectText } from "../app/errors.ts";
import type { ReadDocument } from "../domain/document/read-document.ts";
import type { Finding } from "../domain/findings.ts";
import type { OwnerReference } from "../domain/objects/kubernetes.ts";
import type { PlannedObject } from "../domain/plan/plan.ts";
import { KubeError, type KubeReason } from "../kube/errors.ts";
import { asGiven, isAboutRoutes, type Positions, rejectedRoutes, withoutRoutes } from "./refused-routes.ts";

/** What came of applying a Wukong. */
export type Outcome =
  | {
      readonly kind: "applied";
      /** Of severity warning and info. */
      readonly findings: readonly Finding[];
      /** Errors about the routes that were left out. */
      readonly routes: readonly Finding[];
      /** Objects that were written or deleted; empty if all was up to date. */
      readonly written: readonly PlannedObject[];
      /** Of the VM as it was applied. */
      readonly etag: string;
    }
  | {
      readonly kind: "refused";
      /** Unknown: the API server could not answer. */
      readonly accepted: "False" | "Unknown";
      /** The code of the first finding, or of the condition that is not met. */
      readonly reason: string;
      readonly message: string;
      /** True if the VM of this name belongs to somebody else. */
      readonly isNotOurs: boolean;
    };

/**
 * @throws errors after which the same call may succeed at once, or which nobody could be told of: VersionMismatch,
 * ObjectExists, and KubeError for a lost race or a lost connection.
 */
export async function applyWukong(
  dependencies: ApplyDependencies,
  { spec: given, findings }: ReadDocument,
  owner: OwnerReference,
  signal: AbortSignal,
): Promise<Outcome> {
  if (given === undefined) return refusedFor(findings);
  let rejected: Positions = new Set();
  let routes = findings.filter(isAboutRoutes);
  const unread = findings.filter((found) => !isAboutRoutes(found));
  // What could not be read of the routes has a finding already.
  if (routes.length > 0) rejected = rejectedRoutes(given, routes, rejected) ?? rejected;
  for (;;) {
    const spec = withoutRoutes(given, rejected);
    try {
      const applied = await applyVm(dependencies, { spec, unread, validateOnly: false, owner, signal });
      return {
        kind: "applied",
        findings: applied.findings.map((found) => asGiven(found, rejected)),
        routes,
        written: applied.written
          ? (applied.plan?.objects.filter(({ action }) => action !== "unchanged") ?? [])
          : [],
        etag: applied.etag,
      };
    } catch (error) {
      if (!(error instanceof Refused)) return blockedBy(error);
      const found = error.findings.map((one) => asGiven(one, rejected));
      const more = rejectedRoutes(given, found, rejected);
      if (more === undefined) return refusedFor([...found, ...routes]);
      routes = [...routes, ...found.filter(({ severity }) => severity === "error")];
      rejected = more;
    }
  }
}

function refusedFor(findings: readonly Finding[]): Outcome {
  const errors = findings.filter(({ severity }) => severity === "error");
  const reason = errors[0]?.code ?? "DOCUMENT_INVALID";
  const message = findingsText(errors);
  return { kind: "refused", accepted: "False", reason, message, isNotOurs: false };
}

/** @throws any error that is not about this Wukong. */
function blockedBy(error: unknown): Outcome {
  if (error instanceof PreconditionFailed) {
    const { reason, subject, message: why } = error;
    const message = `${subjectText(subject)}: ${why}`;
    const isNotOurs = reason === "VM_NOT_OWNED_BY_WUKONG" || reason === "VM_NOT_MANAGED";
    return { kind: "refused", accepted: "False", reason, message, isNotOurs };
  }
  if (!(error instanceof KubeError) || passing.has(error.reason)) throw error;
  const accepted = rejecting.has(error.reason) ? "False" : "Unknown";
  const reason = `Kubernetes${error.reason}`;
  return { kind: "refused", accepted, reason, message: error.message, isNotOurs: false };
}

/** The same call may succeed at once, or the status cannot be written either. */
const passing: ReadonlySet<KubeReason> = new Set(["Conflict", "NotFound", "Unreachable", "Cancelled"]);
const rejecting: ReadonlySet<KubeReason> = new Set(["Forbidden", "Invalid", "BadRequest"]);

const maxFindings = 20;

/** One line for each finding; the number of those beyond 20. */
export function findingsText(findings: readonly Finding[]): string {
  const lines = findings
    .slice(0, maxFindings)
    .map(
      ({ code, field, message }) => `${field === "" ? "" : `${field}: `}${message.slice(0, 1_000)} (${code})`,
    );
  const more = findings.length - lines.length;
  return [...lines, ...(more > 0 ? [`and ${more} more`] : [])].join("\n");
}
