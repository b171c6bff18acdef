// All objects and the recent past: one revision counter for every kind, as etcd gives kube-apiserver.
import { type ApiObject, withMeta } from "./object.ts";
import type { ResourceType } from "./resource-types.ts";

/** One change. `previous` is what the object was; on DELETED `object` is its last state at the new revision. */
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

/** `namespace/name`, or `name` for cluster-scoped kinds; the order of keys is the order of lists. */
export function keyOf(namespace: string | undefined, name: string): string {
  return namespace === undefined || namespace === "" ? name : `${namespace}/${name}`;
}

/** Keeps objects by kind and key. Every method is synchronous, so a read and the write after it are one step. */
export class Store {
  readonly #objects = new Map<ResourceType, Map<string, ApiObject>>();
  readonly #sorted = new Map<ResourceType, readonly (readonly [string, ApiObject])[]>();
  readonly #listeners = new Set<(event: StoreEvent) => void>();
  readonly #historyLimit: number;
  #history: StoreEvent[] = [];
  #revision: number;
  #compacted: number;

  /**
   * `historyLimit`: how many changes stay readable for watches and paging before they answer 410.
   * `firstRevision`: what the first write counts on from; earlier revisions are forgotten ones.
   */
  constructor(historyLimit: number, firstRevision: number) {
    this.#historyLimit = historyLimit;
    this.#revision = firstRevision;
    this.#compacted = firstRevision;
  }

  /** The revision of the last write. */
  get revision(): number {
    return this.#revision;
  }

  /** Changes up to and including this revision are forgotten. */
  get compacted(): number {
    return this.#compacted;
  }

  get(resource: ResourceType, key: string): ApiObject | undefined {
    return this.#objects.get(resource)?.get(key);
  }

  /** Every object of a kind now. */
  list(resource: ResourceType): Snapshot {
    let entries = this.#sorted.get(resource);
    if (entries === undefined) {
      const all = this.#objects.get(resource) ?? new Map<string, ApiObject>();
      entries = [...all].sort(([a], [b]) => (a < b ? -1 : 1));
      this.#sorted.set(resource, entries);
    }
    return { revision: this.#revision, entries };
  }

  /** Every object of a kind as it was at a revision that is not compacted; undefined when it is. */
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
    return { revision, entries: [...objects].sort(([a], [b]) => (a < b ? -1 : 1)) };
  }

  /** Stores an object under the next revision and returns it as stored. */
  put(resource: ResourceType, key: string, object: ApiObject): ApiObject {
    const previous = this.get(resource, key);
    const stored = withMeta(object, { resourceVersion: String(this.#revision + 1) });
    let objects = this.#objects.get(resource);
    if (objects === undefined) this.#objects.set(resource, (objects = new Map<string, ApiObject>()));
    objects.set(key, stored);
    this.#record({
      type: previous === undefined ? "ADDED" : "MODIFIED",
      resource,
      key,
      object: stored,
      previous,
    });
    return stored;
  }

  /** Removes an object and returns its last state, with the revision of the removal. */
  remove(resource: ResourceType, key: string): ApiObject | undefined {
    const previous = this.get(resource, key);
    if (previous === undefined) return undefined;
    this.#objects.get(resource)?.delete(key);
    const object = withMeta(previous, { resourceVersion: String(this.#revision + 1) });
    this.#record({ type: "DELETED", resource, key, object, previous });
    return object;
  }

  /** Changes after a revision, oldest first; undefined when some of them are forgotten. */
  since(revision: number): readonly StoreEvent[] | undefined {
    if (revision < this.#compacted) return undefined;
    let low = 0;
    let high = this.#history.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#history[middle]?.revision ?? Infinity) <= revision) low = middle + 1;
      else high = middle;
    }
    return this.#history.slice(low);
  }

  /** Calls back within every later write, in order; the returned function ends that. */
  subscribe(listener: (event: StoreEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #record(change: Omit<StoreEvent, "revision">): void {
    this.#revision += 1;
    const event: StoreEvent = { ...change, revision: this.#revision };
    this.#sorted.delete(change.resource);
    this.#history.push(event);
    // Cut in blocks, so that a full history costs a copy only now and then.
    if (this.#history.length >= this.#historyLimit + (this.#historyLimit >> 3)) {
      const cut = this.#history.length - this.#historyLimit;
      this.#compacted = this.#history[cut - 1]?.revision ?? this.#compacted;
      this.#history = this.#history.slice(cut);
    }
    for (const listener of this.#listeners) listener(event);
  }
}
