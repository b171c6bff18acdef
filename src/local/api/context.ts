// What every request handler works on, and the options that a write may carry.
import type { Admission } from "./admission.ts";
import { type ResourceRoute, flag } from "./route.ts";
import {
  type Cause,
  forbiddenField,
  invalidOptions,
  requiredField,
  tooLongField,
  unsupportedField,
} from "./status.ts";
import type { Store } from "./store.ts";

/** The state of one server. */
export interface Context {
  readonly store: Store;
  readonly admission: readonly Admission[];
  readonly clock: () => Date;
  /** The URL that serves a pod's address, `IP:PORT`; undefined when nothing does. */
  readonly podServer: (address: string) => string | undefined;
  /** Milliseconds between the bookmarks of a watch that allows them. */
  readonly bookmarkIntervalMs: number;
}

const fieldValidations = ["", "Ignore", "Strict", "Warn"] as const;

/** The options of a write, from its query; the handlers add to `warnings`, which go to the client. */
export interface WriteOptions {
  readonly dryRun: boolean;
  readonly manager: string;
  readonly force: boolean;
  readonly fieldValidation: (typeof fieldValidations)[number];
  readonly warnings: string[];
}

/** One write: the server, what the path names, and the options. */
export interface Write {
  readonly context: Context;
  readonly route: ResourceRoute;
  readonly options: WriteOptions;
}

const maxManagerLength = 128;

/** The manager of a write that names none: the user agent up to its slash, as in kube-apiserver. */
function managerOfAgent(userAgent = "unknown"): string {
  const [name = ""] = userAgent.split("/");
  return name.slice(0, maxManagerLength) || "unknown";
}

/** @throws ApiError 422 for values that Kubernetes does not accept. */
export function writeOptions(
  query: URLSearchParams,
  userAgent: string | undefined,
  kind: "CreateOptions" | "UpdateOptions" | "PatchOptions" | "DeleteOptions",
): WriteOptions {
  const causes: Cause[] = [];
  const dryRun = query.getAll("dryRun").filter((value) => value !== "");
  if (dryRun.some((value) => value !== "All")) {
    const given = dryRun.map((value) => JSON.stringify(value)).join(" ");
    causes.push(unsupportedField("dryRun", `[${given}]`, ["All"]));
  }
  const manager = query.get("fieldManager") ?? "";
  if (manager.length > maxManagerLength) causes.push(tooLongField("fieldManager", maxManagerLength));
  const validation = query.get("fieldValidation") ?? "";
  const fieldValidation = fieldValidations.find((value) => value === validation);
  if (fieldValidation === undefined) {
    causes.push(unsupportedField("fieldValidation", JSON.stringify(validation), fieldValidations));
  }
  if (causes.length > 0) throw invalidOptions(kind, ...causes);
  return {
    dryRun: dryRun.length > 0,
    manager: manager || managerOfAgent(userAgent),
    force: flag(query, "force"),
    fieldValidation: fieldValidation || "Warn",
    warnings: [],
  };
}

/** Only an Apply can be forced. @throws ApiError 422. */
export function requireNoForce(query: URLSearchParams): void {
  if (!query.has("force")) return;
  throw invalidOptions("PatchOptions", forbiddenField("force", "may not be specified for non-apply patch"));
}

/** An Apply must name its manager. @throws ApiError 422. */
export function requireManager(query: URLSearchParams): void {
  if ((query.get("fieldManager") ?? "") !== "") return;
  throw invalidOptions("PatchOptions", requiredField("fieldManager", "is required for apply patch"));
}
