// What every request handler works on, and what one request asked for besides the object itself.
import type { Admission } from "./admission.ts";
import { flag } from "./route.ts";
import { type Cause, ApiError } from "./status.ts";
import type { Store } from "./store.ts";

/** The state of one server. */
export interface Context {
  readonly store: Store;
  readonly admission: readonly Admission[];
  readonly clock: () => Date;
  /** The URL of what listens at a pod's address, `IP:PORT`; undefined: nothing does. */
  readonly podServer: (address: string) => string | undefined;
  /** Every how many milliseconds a watch that allows bookmarks gets one. */
  readonly bookmarkIntervalMs: number;
}

export type FieldValidation = "Strict" | "Warn" | "Ignore";

/** The options of a write, from its query (and body, for deletes); `warnings` collects what the client is told. */
export interface WriteOptions {
  readonly dryRun: boolean;
  readonly manager: string;
  readonly force: boolean;
  readonly fieldValidation: FieldValidation;
  readonly warnings: string[];
}

function invalidOptions(kind: string, causes: readonly Cause[]): ApiError {
  const text = causes.map(({ field, message }) => `${field}: ${message}`).join(", ");
  const message = `${kind}.meta.k8s.io "" is invalid: ${causes.length === 1 ? text : `[${text}]`}`;
  return new ApiError(422, "Invalid", message, { group: "meta.k8s.io", kind, causes });
}

/** The manager of a write that names none: the user agent up to its slash, as kube-apiserver does. */
function managerOfAgent(userAgent: string | undefined): string {
  const name = (userAgent ?? "unknown").split("/")[0] ?? "";
  return name.slice(0, 128) || "unknown";
}

/** @throws ApiError 422 for values that Kubernetes does not know. */
export function writeOptions(
  query: URLSearchParams,
  userAgent: string | undefined,
  kind: "CreateOptions" | "UpdateOptions" | "PatchOptions" | "DeleteOptions",
): WriteOptions {
  const causes: Cause[] = [];
  const dryRun = query.getAll("dryRun").filter((value) => value !== "");
  if (dryRun.some((value) => value !== "All")) {
    const given = dryRun.map((value) => JSON.stringify(value)).join(" ");
    causes.push({
      reason: "FieldValueNotSupported",
      message: `Unsupported value: [${given}]: supported values: "All"`,
      field: "dryRun",
    });
  }
  const fieldManager = query.get("fieldManager") ?? "";
  if (fieldManager.length > 128) {
    causes.push({
      reason: "FieldValueTooLong",
      message: "Too long: may not be more than 128 bytes",
      field: "fieldManager",
    });
  }
  const fieldValidation = query.get("fieldValidation") ?? "";
  if (!["", "Strict", "Warn", "Ignore"].includes(fieldValidation)) {
    causes.push({
      reason: "FieldValueNotSupported",
      message: `Unsupported value: "${fieldValidation}": supported values: "", "Ignore", "Strict", "Warn"`,
      field: "fieldValidation",
    });
  }
  if (causes.length > 0) throw invalidOptions(kind, causes);
  return {
    dryRun: dryRun.length > 0,
    manager: fieldManager || managerOfAgent(userAgent),
    force: flag(query, "force"),
    fieldValidation: (fieldValidation || "Warn") as FieldValidation,
    warnings: [],
  };
}

/** Only an Apply can be forced. @throws ApiError 422. */
export function requireNoForce(query: URLSearchParams): void {
  if (!query.has("force")) return;
  throw invalidOptions("PatchOptions", [
    {
      reason: "FieldValueForbidden",
      message: "Forbidden: may not be specified for non-apply patch",
      field: "force",
    },
  ]);
}

/** An Apply patch must name its manager. @throws ApiError 422. */
export function requireManager(query: URLSearchParams): void {
  if ((query.get("fieldManager") ?? "") !== "") return;
  throw invalidOptions("PatchOptions", [
    {
      reason: "FieldValueRequired",
      message: "Required value: is required for apply patch",
      field: "fieldManager",
    },
  ]);
}
