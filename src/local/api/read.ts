// GET of objects and collections: resourceVersion semantics, selectors, and pages of one snapshot.
import { parseJson } from "../../domain/objects/mapping.ts";
import type { Context } from "./context.ts";
import { asObject } from "./json.ts";
import type { ApiObject } from "./object.ts";
import type { ResourceRoute } from "./route.ts";
import { selectorOf } from "./selectors.ts";
import {
  ApiError,
  badRequest,
  expired,
  forbiddenField,
  invalidOptions,
  notFound,
  unsupportedField,
} from "./status.ts";
import { type Snapshot, keyOf } from "./store.ts";

/** The answer to a list. */
export interface ListResult {
  readonly items: readonly ApiObject[];
  readonly revision: number;
  readonly continueToken: string | undefined;
  readonly remaining: number | undefined;
}

/** @throws ApiError 404. */
export function getObject(
  { store }: Context,
  { resource, namespace, name = "" }: Pick<ResourceRoute, "resource" | "namespace" | "name">,
): ApiObject {
  const found = store.get(resource, keyOf(namespace, name));
  if (found === undefined) throw notFound(resource, name);
  return found;
}

/** Whether a key belongs to the object or the collection that a route names. */
export function covers({ namespace, name }: ResourceRoute, key: string): boolean {
  if (name !== undefined) return key === keyOf(namespace, name);
  return namespace === undefined || key.startsWith(keyOf(namespace, ""));
}

const maxUint64 = 2n ** 64n - 1n;

/** A resourceVersion of a query; undefined when absent. @throws ApiError 400. */
export function parseRevision(text: string | null): number | undefined {
  if (text === null || text === "") return undefined;
  const invalid = (why: string): ApiError =>
    badRequest(
      `invalid resource version: resourceVersion: Invalid value: ${JSON.stringify(text)}: strconv.ParseUint: parsing ${JSON.stringify(text)}: ${why}`,
    );
  if (!/^\d+$/.test(text)) throw invalid("invalid syntax");
  if (BigInt(text) > maxUint64) throw invalid("value out of range");
  return Number(text);
}

/** 504 for a revision of the future, as from a server that has not caught up. */
function requireKnown(revision: number, current: number): void {
  if (revision <= current) return;
  const message = `Timeout: Too large resource version: ${revision}, current: ${current}`;
  throw new ApiError(504, "Timeout", message, {
    causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
    retryAfterSeconds: 1,
  });
}

interface Continue {
  readonly revision: number;
  readonly start: string;
}

function encodeContinue({ revision, start }: Continue): string {
  return Buffer.from(JSON.stringify({ v: "meta.k8s.io/v1", rv: revision, start })).toString("base64url");
}

function decodeContinue(token: string): Continue {
  const { rv, start } = asObject(parseJson(Buffer.from(token, "base64url").toString("utf8")));
  if (typeof rv === "number" && typeof start === "string") return { revision: rv, start };
  throw badRequest("invalid continue token: continue key is not valid");
}

function requireMatchRules(query: URLSearchParams, revision: number | undefined): void {
  const field = "resourceVersionMatch";
  const match = query.get(field) ?? "";
  if (match === "") return;
  const supported = ["Exact", "NotOlderThan", ""];
  if (!supported.includes(match)) {
    throw invalidOptions("ListOptions", unsupportedField(field, JSON.stringify(match), supported));
  }
  const forbid = (when: string): never => {
    throw invalidOptions("ListOptions", forbiddenField(field, when));
  };
  if ((query.get("continue") ?? "") !== "")
    forbid("resourceVersionMatch is forbidden when continue is provided");
  if (revision === undefined) forbid("resourceVersionMatch is forbidden unless resourceVersion is provided");
  if (match === "Exact" && revision === 0) {
    forbid('resourceVersionMatch "exact" is forbidden for resourceVersion "0"');
  }
}

function snapshotFor(
  { store }: Context,
  { resource }: ResourceRoute,
  query: URLSearchParams,
  { revision, token }: { readonly revision: number | undefined; readonly token: Continue | undefined },
): Snapshot {
  const listAt = (revision: number, tooOld: string): Snapshot => {
    const snapshot = store.listAt(resource, revision);
    if (snapshot === undefined) throw expired(tooOld);
    return snapshot;
  };
  if (token !== undefined) {
    if (revision !== undefined && revision !== 0) {
      throw badRequest("specifying resource version is not allowed when using continue");
    }
    return listAt(
      token.revision,
      "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.",
    );
  }
  if (revision !== undefined) requireKnown(revision, store.revision);
  const match = query.get("resourceVersionMatch") ?? "";
  const limited = Number(query.get("limit") ?? 0) > 0;
  const exact = match === "Exact" || (limited && match === "" && revision !== 0);
  if (!exact || revision === undefined) return store.list(resource);
  return listAt(revision, "The resourceVersion for the provided list is too old.");
}

/** @throws ApiError 400, 410, 422 or 504. */
export function listObjects(context: Context, route: ResourceRoute, query: URLSearchParams): ListResult {
  const asked = parseRevision(query.get("resourceVersion"));
  requireMatchRules(query, asked);
  const continueText = query.get("continue") ?? "";
  const token = continueText === "" ? undefined : decodeContinue(continueText);
  const selects = selectorOf(route.resource, query);
  const { entries, revision } = snapshotFor(context, route, query, { revision: asked, token });
  const selected = entries.filter(
    ([key, object]) =>
      covers(route, key) && (token === undefined || key > token.start) && selects?.(object) !== false,
  );
  const limit = Math.max(0, Number(query.get("limit") ?? 0) || 0) || selected.length;
  const page = selected.slice(0, limit);
  const [start = ""] = page.at(-1) ?? [];
  const remaining = selected.length - page.length;
  return {
    items: page.map(([, object]) => object),
    revision,
    continueToken: remaining > 0 ? encodeContinue({ revision, start }) : undefined,
    remaining: remaining > 0 && selects === undefined ? remaining : undefined,
  };
}
