// Pages of a sorted list. A token holds the key of the last element and the filters, so it is valid for one list only.
import { parseJson } from "../domain/objects/mapping.ts";
import { BadPageSize, BadPageToken } from "./errors.ts";

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

/** A page from the caches. */
export interface CachedPage<T> extends Page<T> {
  /** The moment as of which all caches that it is made from were current. */
  readonly currentAsOf: Date | undefined;
}

/**
 * The page after the token. `after` returns the elements after a key (undefined: all) in a stable order of keys; it is
 * iterated only as far as the page needs. Elements that are added or removed between two pages may be returned or not, all
 * others exactly once. @throws BadPageToken for a token of another list, BadPageSize for a size below 0.
 */
export function pageOf<T>(
  after: (key: string | undefined) => Iterable<T>,
  keyOf: (item: T) => string,
  filter: string,
  { size, token }: PageRequest,
  sizes: { readonly default: number; readonly max: number },
): Page<T> {
  if (size < 0) throw new BadPageSize(size);
  const limit = Math.min(size === 0 ? sizes.default : size, sizes.max);
  const items: T[] = [];
  for (const item of after(token === "" ? undefined : readToken(token, filter))) {
    const last = items.at(-1);
    if (items.length === limit && last !== undefined)
      return { items, nextToken: writeToken(keyOf(last), filter) };
    items.push(item);
  }
  return { items, nextToken: "" };
}

/** The elements of `sorted` after that key; keys are compared as text. */
export function after<T>(
  sorted: readonly T[],
  keyOf: (item: T) => string,
): (key: string | undefined) => readonly T[] {
  return (key) => (key === undefined ? sorted : sorted.filter((item) => keyOf(item) > key));
}

function writeToken(key: string, filter: string): string {
  return Buffer.from(JSON.stringify([key, filter])).toString("base64url");
}

function readToken(token: string, filter: string): string {
  const parts: unknown = parseJson(Buffer.from(token, "base64url").toString());
  const [key, ofFilter]: readonly unknown[] = Array.isArray(parts) ? parts : [];
  if (typeof key !== "string" || ofFilter !== filter) throw new BadPageToken();
  return key;
}
