// Pages of a sorted list: a token names the last element seen and the filters, so that it fits no other list.
import { BadPageToken } from "./errors.ts";

export interface PageRequest {
  /** 0: the default size. */
  readonly size: number;
  /** Empty: the first page. */
  readonly token: string;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Empty on the last page. */
  readonly nextToken: string;
}

export interface PageSizes {
  readonly default: number;
  readonly max: number;
}

/**
 * The page after the token of `sorted`, whose order is that of `keyOf`. Elements that come or go between two pages are
 * seen or not, all others exactly once. @throws BadPageToken for a token of another list.
 */
export function pageOf<T>(
  sorted: readonly T[],
  keyOf: (item: T) => string,
  filter: string,
  { size, token }: PageRequest,
  sizes: PageSizes,
): Page<T> {
  const limit = Math.min(size > 0 ? size : sizes.default, sizes.max);
  const after = token === "" ? undefined : readToken(token, filter);
  const start = after === undefined ? 0 : sorted.findIndex((item) => keyOf(item) > after);
  const items = start === -1 ? [] : sorted.slice(start, start + limit);
  const last = items.at(-1);
  const isLast = last === undefined || start + items.length >= sorted.length;
  return { items, nextToken: isLast ? "" : writeToken(keyOf(last), filter) };
}

function writeToken(key: string, filter: string): string {
  return Buffer.from(JSON.stringify([key, filter])).toString("base64url");
}

function readToken(token: string, filter: string): string {
  try {
    const [key, ofFilter] = JSON.parse(Buffer.from(token, "base64url").toString()) as unknown[];
    if (typeof key === "string" && ofFilter === filter) return key;
  } catch {
    // Not ours; told below like any other foreign token.
  }
  throw new BadPageToken();
}
