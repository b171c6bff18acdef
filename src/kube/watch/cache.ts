// A collection of the API server, kept in memory as projections of its objects. Readers never see a partial list.
import type { KubernetesObject } from "../../domain/objects/kubernetes.ts";
import { abortable } from "../deadline.ts";
import type { KubeClient, ObjectRef } from "../kube-client.ts";
import { type Contact, createContact, type Moment } from "./contact.ts";
import { type AuditCounts, auditRegularly, type HeldVersion } from "./audit.ts";
import { createInterrupts } from "./interrupts.ts";
import { listWatch } from "./list-watch.ts";
import type { Mirror } from "./mirror.ts";
import type { KubeLog } from "../log.ts";
import { keyOf } from "../object-key.ts";
import type { Resource } from "../resource.ts";
import { systemTiming, type Timing } from "../timing.ts";
import type { WatchEnding } from "./watch-failure.ts";
import { createWatchSignals, currentAsOf } from "./watch-signals.ts";

export interface CacheKey {
  /** "" for cluster-scoped kinds. */
  readonly namespace: string;
  readonly name: string;
}

/** Reported after the cache has applied it. For a deletion `previous` is the last known state. */
export type CacheChange<V> =
  | { readonly type: "set"; readonly key: CacheKey; readonly value: V; readonly previous: V | undefined }
  | { readonly type: "delete"; readonly key: CacheKey; readonly value: undefined; readonly previous: V };

export interface CacheHealth {
  /** True from the first complete list on. */
  readonly synced: boolean;
  readonly relists: number;
  /** Comparisons of the cache with a complete list. */
  readonly audits: number;
  /** Objects that an audit found to differ for no reason; see audit.ts. */
  readonly mismatches: number;
  /** Why the last list or watch failed, a KubeError in nearly all cases; undefined once a watch is open again. */
  readonly failure: unknown;
  readonly reconnects: Readonly<Partial<Record<WatchEnding, number>>>;
  readonly decodeErrors: number;
  readonly staleEvents: number;
  /** Exceptions of listeners and of `project`; they are logged and do not stop the cache. */
  readonly faults: number;
}

export interface CacheOptions<T, V> {
  /** Default: all namespaces. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  /** What is kept of an object. If it throws, the previous value is kept. */
  readonly project: (object: T) => V;
  readonly log: KubeLog;
  readonly timing?: Timing | undefined;
  /** Mean time between two comparisons of the cache with a list, in milliseconds. Default: none is made. */
  readonly auditEveryMs?: number | undefined;
  /** Shared by the caches of one API server, with a prober. Default: only the cache's own lists and events count. */
  readonly contact?: Contact | undefined;
}

export interface Cache<V> {
  readonly resource: Resource<KubernetesObject>;
  readonly synced: boolean;
  readonly size: number;
  /**
   * The version of the collection whose content the values are, with every change up to it. Undefined before the first list,
   * and while everything has to be listed again.
   */
  readonly version: string | undefined;
  /**
   * The values are at least as new as the collection was at this moment: while the watch is open, that of the API server's
   * last answer; while it is not, the last moment before. Undefined before the first complete list.
   */
  readonly currentAsOf: Moment | undefined;
  /** Resolves after the first complete list. @throws the reason of the signal, or an Error if the cache is stopped. */
  whenSynced(signal?: AbortSignal): Promise<void>;
  get(ref: ObjectRef): V | undefined;
  values(): Iterable<V>;
  /** Reports later changes in order, but not the present objects. A listener that throws does not affect the others. */
  subscribe(listener: (change: CacheChange<V>) => void): () => void;
  health(): CacheHealth;
  /** Resolves when the cache has stopped. The values remain readable. */
  stop(): Promise<void>;
}

interface Entry<V> extends HeldVersion {
  readonly key: CacheKey;
  readonly value: V;
}

/** Starts listing and watching at once, until `stop` is called. */
export function startCache<T extends KubernetesObject, V>(
  client: KubeClient,
  resource: Resource<T>,
  options: CacheOptions<T, V>,
): Cache<V> {
  const { log } = options;
  const timing = options.timing ?? systemTiming;
  const signals = createWatchSignals();
  const interrupts = createInterrupts();
  const contact = options.contact ?? createContact(timing);
  const listeners = new Set<(change: CacheChange<V>) => void>();
  const firstList = Promise.withResolvers<void>();
  firstList.promise.catch(() => undefined); // Possibly nobody waits for it when the cache is stopped.
  const stopping = new AbortController();
  let entries = new Map<string, Entry<V>>();
  let synced = false;
  let faults = 0;

  function fault(error: unknown, key: CacheKey, message: string): void {
    faults += 1;
    log.error({ err: error, resource: resource.plural, ...key }, message);
  }

  function tell(change: CacheChange<V>): void {
    for (const listener of listeners) {
      try {
        listener(change);
      } catch (error) {
        fault(error, change.key, "a listener of the cache failed");
      }
    }
  }

  function tellSet({ key, value }: Entry<V>, previous: V | undefined): void {
    tell({ type: "set", key, value, previous });
  }

  function tellDelete({ key, value }: Entry<V>): void {
    tell({ type: "delete", key, value: undefined, previous: value });
  }

  /** The entry of an object; the previous one if the object is the same, or cannot be projected. */
  function entryOf(object: T, former: Entry<V> | undefined, isRewritten = false): Entry<V> | undefined {
    const { namespace = "", name, uid, resourceVersion } = object.metadata;
    const isSame = former?.uid === uid && former?.version === resourceVersion && !isRewritten;
    if (former !== undefined && isSame) return former;
    const key = former?.key ?? { namespace, name };
    try {
      return { key, uid, version: resourceVersion, value: options.project(object) };
    } catch (error) {
      fault(error, key, "an object could not be projected");
      return former;
    }
  }

  function tellDifference(former: Entry<V> | undefined, entry: Entry<V>): void {
    if (former === entry) return;
    // A new object of the same name: the deletion of the old one must be reported too.
    if (former !== undefined && former.uid !== entry.uid) {
      tellDelete(former);
      tellSet(entry, undefined);
    } else tellSet(entry, former?.value);
  }

  const mirror: Mirror<T> = {
    draft(isRewritten) {
      const next = new Map<string, Entry<V>>();
      return {
        add(object) {
          const id = keyOf(object.metadata);
          const entry = entryOf(object, entries.get(id), isRewritten);
          if (entry !== undefined) next.set(id, entry);
        },
        remove(object) {
          next.delete(keyOf(object.metadata));
        },
        commit() {
          const before = entries;
          entries = next;
          synced = true;
          for (const [id, former] of before) if (!next.has(id)) tellDelete(former);
          for (const [id, entry] of next) tellDifference(before.get(id), entry);
          firstList.resolve();
        },
      };
    },
    set(object) {
      const id = keyOf(object.metadata);
      const former = entries.get(id);
      const entry = entryOf(object, former);
      if (entry === undefined) return;
      entries.set(id, entry);
      tellDifference(former, entry);
    },
    remove(object) {
      const id = keyOf(object.metadata);
      const former = entries.get(id);
      if (former === undefined) return;
      entries.delete(id);
      tellDelete(former);
    },
  };

  const { namespace, labelSelector } = options;
  const { signal } = stopping;
  const common = {
    client,
    resource,
    namespace,
    labelSelector,
    signals,
    interrupts,
    contact,
    log,
    timing,
    signal,
  };
  const counts: AuditCounts = { audits: 0, mismatches: 0 };
  const { auditEveryMs: everyMs } = options;
  const loops = [
    listWatch({ ...common, mirror }),
    ...(everyMs === undefined ? [] : [auditRegularly({ ...common, held: () => entries, counts, everyMs })]),
  ];

  return {
    resource,
    get synced() {
      return synced;
    },
    get size() {
      return entries.size;
    },
    get version() {
      return signals.position;
    },
    get currentAsOf() {
      return currentAsOf(signals, contact);
    },
    async whenSynced(signal) {
      await (signal === undefined ? firstList.promise : abortable(firstList.promise, signal));
    },
    get: (ref) => entries.get(keyOf(resource.namespaced ? ref : { name: ref.name }))?.value,
    *values() {
      for (const entry of entries.values()) yield entry.value;
    },
    subscribe(listener) {
      // A new function, so that subscribing a listener twice makes two subscriptions.
      const own = (change: CacheChange<V>): void => listener(change);
      listeners.add(own);
      return () => listeners.delete(own);
    },
    health: () => ({
      synced,
      relists: Math.max(0, signals.lists - 1),
      ...counts,
      failure: signals.failure,
      reconnects: { ...signals.reconnects },
      decodeErrors: signals.decodeErrors,
      staleEvents: signals.staleEvents,
      faults,
    }),
    async stop() {
      stopping.abort();
      await Promise.all(loops);
      firstList.reject(new Error(`the cache of ${resource.plural} was stopped before its first list`));
    },
  };
}
