// All objects and their recent changes, with one revision counter for every kind, as etcd has for kube-apiserver.
import { type ApiObject, withMeta } from "./object.ts";
import type { ResourceType } from "./resource-types.ts";

/** One change. `previous` is the object before it; on DELETED `object` is its last state, at the new revision. */
export interface StoreEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly revision: number;
  readonly resource: ResourceType;
  readonly key: string;
  readonly object: ApiObject;
  readonly previous: ApiObject | undefined;
}

/** The objects of one kind at one revision, in the order of their keys. */
export interface Snapshot {
  readonly revision: number;
  readonly entries: readonly (readonly [key: string, object: ApiObject])[];
}

function sorted(objects: Iterable<readonly [string, ApiObject]>): Snapshot["entries"] {
  return [...objects].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** `namespace/name`, or `name` for cluster-scoped kinds; the order of keys is the order of lists. */
export function keyOf(namespace: string | undefined, name: string): string {
  return namespace === undefined || namespace === "" ? name : `${namespace}/${name}`;
}

/** Objects by kind and key. Every method is synchronous, so no other write comes between a read and the next write. */
export class Store {
  readonly #objects = new Map<ResourceType, Map<string, ApiObject>>();
  readonly #sorted = new Map<ResourceType, Snapshot["entries"]>();
  readonly #listeners = new Set<(event: StoreEvent) => void>();
  readonly #historyLimit: number;
  #history: StoreEvent[] = [];
  #revision: number;
  #compacted: number;

  /** Keeps `historyLimit` changes for `since` and `listAt`. Revisions before `firstRevision` count as compacted. */
  constructor(historyLimit: number, firstRevision: number) {
    this.#historyLimit = historyLimit;
    this.#revision = firstRevision;
    this.#compacted = firstRevision;
  }

  get revision(): number {
    return this.#revision;
  }

  /** Changes up to and including this revision are no longer kept. */
  get compacted(): number {
    return this.#compacted;
  }

  get(resource: ResourceType, key: string): ApiObject | undefined {
    return this.#objects.get(resource)?.get(key);
  }

  list(resource: ResourceType): Snapshot {
    const entries = this.#sorted.get(resource) ?? sorted(this.#objects.get(resource) ?? []);
    this.#sorted.set(resource, entries);
    return { revision: this.#revision, entries };
  }

  /** The objects of a kind at an earlier revision; undefined when it is compacted. */
  listAt(resource: ResourceType, revision: number): Snapshot | undefined {
    if (revision < this.#compacted || revision > this.#revision) return undefined;
    const objects = new Map(this.#objects.get(resource));
    for (let index = this.#history.length - 1; index >= 0; index -= 1) {
      const event = this.#history[index];
      if (event === undefined || event.revision <= revision) break;
      if (event.resource !== resource) continue;
      if (event.previous === undefined) objects.delete(event.key);
      else objects.set(event.key, event.previous);
    }
    return { revision, entries: sorted(objects) };
  }

  /** Stores an object under the next revision and returns it as stored. */
  put(resource: ResourceType, key: string, object: ApiObject): ApiObject {
    const previous = this.get(resource, key);
    const stored = withMeta(object, { resourceVersion: String(this.#revision + 1) });
    const objects = this.#objects.get(resource) ?? new Map<string, ApiObject>();
    this.#objects.set(resource, objects.set(key, stored));
    const type = previous === undefined ? "ADDED" : "MODIFIED";
    this.#record({ type, resource, key, object: stored, previous });
    return stored;
  }

  /** Removes an object, if there is one. */
  remove(resource: ResourceType, key: string): void {
    const previous = this.get(resource, key);
    if (previous === undefined) return;
    this.#objects.get(resource)?.delete(key);
    const object = withMeta(previous, { resourceVersion: String(this.#revision + 1) });
    this.#record({ type: "DELETED", resource, key, object, previous });
  }

  /** Changes after a revision, oldest first; undefined when some of them are no longer kept. */
  since(revision: number): readonly StoreEvent[] | undefined {
    if (revision < this.#compacted) return undefined;
    const isOld = (event: StoreEvent): boolean => event.revision <= revision;
    return this.#history.slice(this.#history.findLastIndex(isOld) + 1);
  }

  /** Calls `listener` synchronously within every later write, in order, until the returned function is called. */
  subscribe(listener: (event: StoreEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #record(change: Omit<StoreEvent, "revision">): void {
    this.#revision += 1;
    const event: StoreEvent = { ...change, revision: this.#revision };
    this.#sorted.delete(change.resource);
    this.#history.push(event);
    // Cut in blocks, so that a full history is not copied at every write.
    if (this.#history.length >= this.#historyLimit + (this.#historyLimit >> 3)) {
      const cut = this.#history.length - this.#historyLimit;
      this.#compacted = this.#history[cut - 1]?.revision ?? this.#compacted;
      this.#history = this.#history.slice(cut);
    }
    for (const listener of this.#listeners) listener(event);
  }
}
