// Pages of a sorted list. A token holds a position by its key, so it stays right when elements come and go, and a digest of the
// filters, so it is valid for one list only.
import { createHash } from "node:crypto";
import { compareParts } from "../domain/names.ts";
import { parseJson } from "../domain/objects/mapping.ts";
import { BadPageSize, BadPageToken } from "./errors.ts";
import { createMessageRoom } from "./message-room.ts";

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

/** Compared part by part (compareParts). */
export type PageKey = readonly string[];

/** A list that can be read from any position. */
export interface PagedList<T> {
  /** The elements after that position (undefined: all), iterated only as far as the page needs. */
  readonly after: (position: PageKey | undefined) => Iterable<T>;
  /** The position behind the last of these elements, which are those after `start`. */
  readonly positionAfter: (items: readonly [T, ...T[]], start: PageKey | undefined) => PageKey;
  /** Bytes of an element in the answer. */
  readonly bytesOf: (item: T) => number;
  /** What is listed. */
  readonly filter: string;
  readonly sizes: { readonly default: number; readonly max: number };
}

/**
 * The page after the token: up to the requested size, and to about 2 MiB, but at least one element. Elements that are added
 * or removed between two pages may be returned or not, all others exactly once. @throws BadPageToken for a token of another
 * list, BadPageSize for a size below 0.
 */
export function pageOf<T>(list: PagedList<T>, { size, token }: PageRequest): Page<T> {
  if (size < 0) throw new BadPageSize(size);
  const filter = digestOf(list.filter);
  const start = token === "" ? undefined : readToken(token, filter);
  const room = createMessageRoom(Math.min(size === 0 ? list.sizes.default : size, list.sizes.max));
  const items: T[] = [];
  for (const item of list.after(start)) {
    if (!room.take(list.bytesOf(item))) {
      // The first item always fits.
      const nextToken = writeToken(list.positionAfter(items as [T, ...T[]], start), filter);
      return { items, nextToken };
    }
    items.push(item);
  }
  return { items, nextToken: "" };
}

/** A list whose elements have keys of their own, in the order of these. */
export function byKey<T>(
  sorted: Iterable<T>,
  keyOf: (item: T) => PageKey,
): Pick<PagedList<T>, "after" | "positionAfter"> {
  return {
    *after(position) {
      for (const item of sorted) {
        if (position === undefined || compareParts(keyOf(item), position) > 0) yield item;
      }
    },
    positionAfter: (items) => keyOf(items.at(-1) ?? items[0]),
  };
}

const digestOf = (filter: string): string =>
  createHash("sha256").update(filter).digest("base64url").slice(0, 16);

function writeToken(key: PageKey, filter: string): string {
  return Buffer.from(JSON.stringify([filter, ...key])).toString("base64url");
}

function readToken(token: string, filter: string): PageKey {
  const parts: unknown = parseJson(Buffer.from(token, "base64url").toString());
  const [ofFilter, ...key]: readonly unknown[] = Array.isArray(parts) ? parts : [];
  const isKey = key.length > 0 && key.every((part) => typeof part === "string");
  if (ofFilter !== filter || !isKey) throw new BadPageToken();
  return key;
}
