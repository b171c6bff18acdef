// GET of one object and of collections: resourceVersion semantics, selectors, paging over one snapshot.
import type { Context } from "./context.ts";
import type { ApiObject } from "./object.ts";
import type { ResourceRoute } from "./route.ts";
import { selectorOf } from "./selectors.ts";
import { type Cause, ApiError, badRequest, expired, notFound } from "./status.ts";
import { type Snapshot, keyOf } from "./store.ts";

/** The answer to a list. */
export interface ListResult {
  readonly items: readonly ApiObject[];
  readonly revision: number;
  readonly continueToken: string | undefined;
  readonly remaining: number | undefined;
}

/** @throws ApiError 404. */
export function getObject({ store }: Context, route: ResourceRoute): ApiObject {
  const name = route.name ?? "";
  const found = store.get(route.resource, keyOf(route.namespace, name));
  if (found === undefined) throw notFound(route.resource, name);
  return found;
}

/** A resourceVersion of a query: undefined when absent. @throws ApiError 400. */
export function parseRevision(text: string | null): number | undefined {
  if (text === null || text === "") return undefined;
  if (!/^\d+$/.test(text)) {
    throw badRequest(
      `invalid resource version: resourceVersion: Invalid value: ${JSON.stringify(text)}: strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`,
    );
  }
  return Number(text);
}

/** 504 for a revision of the future, as a server that has not caught up answers. */
function requireKnown(revision: number, current: number): void {
  if (revision <= current) return;
  throw new ApiError(
    504,
    "Timeout",
    `Timeout: Too large resource version: ${revision}, current: ${current}`,
    {
      causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
      retryAfterSeconds: 1,
    },
  );
}

interface Continue {
  readonly revision: number;
  readonly start: string;
}

function encodeContinue({ revision, start }: Continue): string {
  return Buffer.from(JSON.stringify({ v: "meta.k8s.io/v1", rv: revision, start })).toString("base64url");
}

function decodeContinue(token: string): Continue {
  try {
    const value = JSON.parse(Buffer.from(token, "base64url").toString("utf8")) as Partial<
      Record<string, unknown>
    >;
    const { rv, start } = value;
    if (typeof rv === "number" && typeof start === "string") return { revision: rv, start };
  } catch (error) {
    throw badContinue(error);
  }
  throw badContinue(undefined);
}

function badContinue(cause: unknown): Error {
  return Object.assign(badRequest("invalid continue token: continue key is not valid"), { cause });
}

function invalidListOptions(causes: readonly Cause[]): ApiError {
  const text = causes.map(({ field, message }) => `${field}: ${message}`).join(", ");
  return new ApiError(422, "Invalid", `ListOptions.meta.k8s.io "" is invalid: ${text}`, {
    group: "meta.k8s.io",
    kind: "ListOptions",
    causes,
  });
}

function requireMatchRules(query: URLSearchParams, revision: number | undefined): void {
  const match = query.get("resourceVersionMatch") ?? "";
  if (match === "") return;
  const forbid = (message: string): never => {
    throw invalidListOptions([
      { reason: "FieldValueForbidden", message: `Forbidden: ${message}`, field: "resourceVersionMatch" },
    ]);
  };
  if (!["Exact", "NotOlderThan"].includes(match)) {
    throw invalidListOptions([
      {
        reason: "FieldValueNotSupported",
        message: `Unsupported value: "${match}": supported values: "Exact", "NotOlderThan", ""`,
        field: "resourceVersionMatch",
      },
    ]);
  }
  if ((query.get("continue") ?? "") !== "")
    forbid("resourceVersionMatch is forbidden when continue is provided");
  if (revision === undefined) forbid("resourceVersionMatch is forbidden unless resourceVersion is provided");
  if (match === "Exact" && revision === 0) {
    forbid('resourceVersionMatch "exact" is forbidden for resourceVersion "0"');
  }
}

function snapshotFor(
  { store }: Context,
  route: ResourceRoute,
  query: URLSearchParams,
  token: Continue | undefined,
): Snapshot {
  const revision = parseRevision(query.get("resourceVersion"));
  requireMatchRules(query, revision);
  if (token !== undefined) {
    if (revision !== undefined && revision !== 0) {
      throw badRequest("specifying resource version is not allowed when using continue");
    }
    const snapshot = store.listAt(route.resource, token.revision);
    if (snapshot === undefined) {
      throw expired(
        "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.",
      );
    }
    return snapshot;
  }
  if (revision !== undefined) requireKnown(revision, store.revision);
  const limited = Number(query.get("limit") ?? 0) > 0;
  const exact =
    query.get("resourceVersionMatch") === "Exact" ||
    (limited && (query.get("resourceVersionMatch") ?? "") === "" && revision !== undefined && revision > 0);
  if (!exact || revision === undefined) return store.list(route.resource);
  const snapshot = store.listAt(route.resource, revision);
  if (snapshot === undefined) throw expired("The resourceVersion for the provided list is too old.");
  return snapshot;
}

/** @throws ApiError 400, 410, 422 or 504. */
export function listObjects(context: Context, route: ResourceRoute, query: URLSearchParams): ListResult {
  const continueText = query.get("continue") ?? "";
  const token = continueText === "" ? undefined : decodeContinue(continueText);
  const selects = selectorOf(route.resource, query);
  const { entries, revision } = snapshotFor(context, route, query, token);
  const prefix = route.namespace === undefined ? "" : `${route.namespace}/`;
  const limit = Math.max(0, Number(query.get("limit") ?? 0) || 0);
  const items: ApiObject[] = [];
  let last = "";
  let remaining = 0;
  for (const [key, object] of entries) {
    if (!key.startsWith(prefix) || (token !== undefined && key <= token.start)) continue;
    if (route.name !== undefined && key !== keyOf(route.namespace, route.name)) continue;
    if (selects !== undefined && !selects(object)) continue;
    if (limit > 0 && items.length === limit) {
      remaining += 1;
      continue;
    }
    items.push(object);
    last = key;
  }
  const more = remaining > 0;
  return {
    items,
    revision,
    continueToken: more ? encodeContinue({ revision, start: last }) : undefined,
    remaining: more && selects === undefined ? remaining : undefined,
  };
}
