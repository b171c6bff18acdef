// Pages of a sorted list: a token names the last element seen and the filters, so that it fits no other list.
import { parseJson } from "../domain/objects/mapping.ts";
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

/**
 * The page that follows the token. `after` gives the elements whose keys follow that one (undefined: all), in an order of
 * keys that does not change; it is read only as far as the page goes. Elements that come or go between two pages are seen
 * or not, all others exactly once. @throws BadPageToken for a token of another list.
 */
export function pageOf<T>(
  after: (key: string | undefined) => Iterable<T>,
  keyOf: (item: T) => string,
  filter: string,
  { size, token }: PageRequest,
  sizes: { readonly default: number; readonly max: number },
): Page<T> {
  const limit = Math.min(size > 0 ? size : sizes.default, sizes.max);
  const items: T[] = [];
  for (const item of after(token === "" ? undefined : readToken(token, filter))) {
    const last = items.at(-1);
    if (items.length === limit && last !== undefined)
      return { items, nextToken: writeToken(keyOf(last), filter) };
    items.push(item);
  }
  return { items, nextToken: "" };
}

/** The elements of `sorted` after that key, by the order of keys as text. */
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
