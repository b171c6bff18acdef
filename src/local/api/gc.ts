// The work of kube-controller-manager behind the API: delete dependents with their owners, and empty namespaces.
import { timestamp } from "../timestamp.ts";
import type { Context, Write } from "./context.ts";
import { asList } from "./json.ts";
import {
  type ApiObject,
  type Owner,
  finalizersOf,
  isDeleting,
  meta,
  ownersOf,
  withMetaList,
} from "./object.ts";
import { type DeleteOptions, deleteObject, foregroundFinalizer, orphanFinalizer } from "./remove.ts";
import { type ResourceType, findKind, namespaceType, resourceTypes } from "./resource-types.ts";
import { ApiError } from "./status.ts";
import { type StoreEvent, keyOf } from "./store.ts";
import { settle } from "./write.ts";

interface Place {
  readonly resource: ResourceType;
  readonly key: string;
}

/** The wait before a deletion that admission refused is tried again. */
const retryMs = 1000;

const placeId = ({ resource, key }: Place): string => `${resource.group}/${resource.plural}/${key}`;

/** Follows every change of the store. Its own writes come after the write that caused them, not within it. */
export class GarbageCollector {
  readonly #context: Context;
  readonly #live = new Map<string, Place>();
  readonly #dependents = new Map<string, Map<string, Place>>();
  readonly #queue = new Map<string, Place>();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #unsubscribe: () => void;
  #scheduled = false;
  #stopped = false;

  constructor(context: Context) {
    this.#context = context;
    for (const resource of resourceTypes) {
      for (const [key, object] of context.store.list(resource).entries)
        this.#index({ resource, key }, object);
    }
    this.#unsubscribe = context.store.subscribe((event) => this.#follow(event));
  }

  /** Ends all work; what is queued is not done. */
  stop(): void {
    this.#stopped = true;
    this.#unsubscribe();
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #index(place: Place, object: ApiObject): void {
    this.#live.set(meta(object, "uid"), place);
    for (const { uid } of ownersOf(object)) {
      const dependents = this.#dependents.get(uid) ?? new Map<string, Place>();
      this.#dependents.set(uid, dependents.set(placeId(place), place));
    }
  }

  #unindex(place: Place, object: ApiObject): void {
    this.#live.delete(meta(object, "uid"));
    for (const { uid } of ownersOf(object)) {
      const dependents = this.#dependents.get(uid);
      dependents?.delete(placeId(place));
      if (dependents?.size === 0) this.#dependents.delete(uid);
    }
  }

  #follow({ type, resource, key, object, previous }: StoreEvent): void {
    const place = { resource, key };
    if (previous !== undefined) this.#unindex(place, previous);
    if (type !== "DELETED") {
      this.#index(place, object);
      if (ownersOf(object).length > 0 || isDeleting(object)) this.#enqueue(place);
      return;
    }
    for (const dependent of this.#dependentsOf(object)) this.#enqueue(dependent);
    for (const { uid } of ownersOf(object)) {
      const owner = this.#live.get(uid);
      if (owner !== undefined) this.#enqueue(owner);
    }
    const namespace = meta(object, "namespace");
    if (namespace !== "") this.#enqueue({ resource: namespaceType, key: namespace });
  }

  #get({ resource, key }: Place): ApiObject | undefined {
    return this.#context.store.get(resource, key);
  }

  #dependentsOf(object: ApiObject): readonly Place[] {
    return [...(this.#dependents.get(meta(object, "uid"))?.values() ?? [])];
  }

  #enqueue(place: Place): void {
    this.#queue.set(placeId(place), place);
    if (this.#scheduled || this.#stopped) return;
    this.#scheduled = true;
    setImmediate(() => this.#work());
  }

  #work(): void {
    this.#scheduled = false;
    const batch = [...this.#queue.values()];
    this.#queue.clear();
    for (const place of batch) if (!this.#stopped) this.#process(place);
  }

  #process(place: Place): void {
    const object = this.#get(place);
    if (object === undefined) return;
    if (isDeleting(object)) {
      const finalizers = finalizersOf(object);
      if (finalizers.includes(orphanFinalizer)) this.#orphan(place, object);
      else if (finalizers.includes(foregroundFinalizer)) this.#deleteDependentsFirst(place, object);
      if (place.resource === namespaceType) this.#emptyNamespace(place.key);
    }
    this.#checkOwners(place);
  }

  /** "solid" owners keep a dependent; so do owners of kinds that are not served, because they may exist elsewhere. */
  #ownerState(dependent: ApiObject, { uid, apiVersion, kind }: Owner): "absent" | "waiting" | "solid" {
    const resource = findKind(apiVersion, kind);
    if (resource === undefined) return "solid";
    const place = this.#live.get(uid);
    const owner = place?.resource === resource ? this.#get(place) : undefined;
    if (owner === undefined) return "absent";
    // An owner must be cluster-scoped or in the dependent's namespace.
    const namespace = meta(owner, "namespace");
    if (namespace !== "" && namespace !== meta(dependent, "namespace")) return "absent";
    return isDeleting(owner) && finalizersOf(owner).includes(foregroundFinalizer) ? "waiting" : "solid";
  }

  #checkOwners(place: Place): void {
    const object = this.#get(place);
    if (object === undefined) return;
    const states = ownersOf(object).map((owner) => ({ ...owner, state: this.#ownerState(object, owner) }));
    const leaving = states.filter(({ state }) => state !== "solid");
    if (leaving.length === 0) return;
    if (leaving.length < states.length) {
      const uids = leaving.map(({ uid }) => uid);
      this.#disown(place, object, uids);
    } else if (!isDeleting(object)) {
      const waited = states.some(({ state }) => state === "waiting");
      const foreground = waited && this.#dependentsOf(object).length > 0;
      this.#delete(place, object, foreground ? "Foreground" : "Background");
    }
  }

  #delete(place: Place, object: ApiObject, propagation: DeleteOptions["propagation"]): void {
    const write: Write = {
      context: this.#context,
      route: {
        resource: place.resource,
        namespace: meta(object, "namespace") || undefined,
        name: meta(object, "name"),
        subresource: undefined,
      },
      options: {
        dryRun: false,
        manager: "kube-controller-manager",
        force: false,
        fieldValidation: "Ignore",
        warnings: [],
      },
    };
    try {
      deleteObject(write, { uid: meta(object, "uid"), propagation });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#retry(place);
    }
  }

  #retry(place: Place): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#enqueue(place);
    }, retryMs);
    this.#timers.add(timer);
  }

  #disown({ resource, key }: Place, object: ApiObject, uids: readonly string[]): void {
    const owners = ownersOf(object);
    const references = asList(object.metadata["ownerReferences"]);
    const kept = references.filter((_, index) => !uids.includes(owners[index]?.uid ?? ""));
    this.#context.store.put(resource, key, withMetaList(object, "ownerReferences", kept));
  }

  #finish({ resource, key }: Place, object: ApiObject, finalizer: string): void {
    const finalizers = finalizersOf(object).filter((name) => name !== finalizer);
    settle(this.#context, resource, key, withMetaList(object, "finalizers", finalizers));
  }

  #orphan(place: Place, object: ApiObject): void {
    for (const dependent of this.#dependentsOf(object)) {
      const child = this.#get(dependent);
      if (child !== undefined) this.#disown(dependent, child, [meta(object, "uid")]);
    }
    this.#finish(place, object, orphanFinalizer);
  }

  #deleteDependentsFirst(place: Place, object: ApiObject): void {
    const dependents = this.#dependentsOf(object);
    const owners = dependents.flatMap((dependent) => {
      const child = this.#get(dependent);
      return child === undefined ? [] : ownersOf(child);
    });
    const blocked = owners.some((owner) => owner.uid === meta(object, "uid") && owner.blockOwnerDeletion);
    if (!blocked) this.#finish(place, object, foregroundFinalizer);
    for (const dependent of dependents) this.#enqueue(dependent);
  }

  #emptyNamespace(name: string): void {
    const { store } = this.#context;
    let left = 0;
    for (const resource of resourceTypes.filter(({ namespaced }) => namespaced)) {
      for (const [key, object] of store.list(resource).entries) {
        if (!key.startsWith(keyOf(name, ""))) continue;
        if (!isDeleting(object)) this.#delete({ resource, key }, object, "Background");
        if (store.get(resource, key) !== undefined) left += 1;
      }
    }
    if (left === 0) store.remove(namespaceType, name);
    else this.#noteContent(name, `Some resources are remaining: ${left} object(s)`);
  }

  /** Sets the condition with which kube-controller-manager explains why a namespace is still there. */
  #noteContent(name: string, message: string): void {
    const { store, clock } = this.#context;
    const namespace = store.get(namespaceType, name);
    if (namespace === undefined || JSON.stringify(namespace["status"]).includes(message)) return;
    const condition = {
      type: "NamespaceContentRemaining",
      status: "True",
      reason: "SomeResourcesRemain",
      message,
      lastTransitionTime: timestamp(clock()),
    };
    const status = { phase: "Terminating", conditions: [condition] };
    store.put(namespaceType, name, { ...namespace, status });
  }
}
