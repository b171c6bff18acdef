// Index of the values of a cache by another key than their name, so that events need not search thousands of VMs.
import type { Cache } from "./cache.ts";
import { keyOf } from "../object-key.ts";

/** The values with that key, in no particular order. */
export type CacheIndex<V> = (key: string) => readonly V[];

/**
 * Must be called before the first list of the cache, because a cache does not report objects that it already has. Values
 * whose key is undefined are left out.
 */
export function indexCache<V>(cache: Cache<V>, groupOf: (value: V) => string | undefined): CacheIndex<V> {
  const groups = new Map<string, Map<string, V>>();
  cache.subscribe((change) => {
    const id = keyOf(change.key);
    const before = change.previous === undefined ? undefined : groupOf(change.previous);
    const group = before === undefined ? undefined : groups.get(before);
    if (before !== undefined && group?.delete(id) === true && group.size === 0) groups.delete(before);
    if (change.type === "delete") return;
    const key = groupOf(change.value);
    if (key === undefined) return;
    const now = groups.get(key) ?? new Map<string, V>();
    groups.set(key, now.set(id, change.value));
  });
  return (key) => [...(groups.get(key)?.values() ?? [])];
}
