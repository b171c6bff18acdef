// What kube-controller-manager does behind the API: dependents follow their owners, namespaces are emptied.
import { timestamp } from "../timestamp.ts";
import type { Context, WriteOptions } from "./context.ts";
import { type ApiObject, type Owner, finalizersOf, meta, ownersOf, withMeta } from "./object.ts";
import { type DeleteOptions, deleteObject, foregroundFinalizer, orphanFinalizer } from "./remove.ts";
import { type ResourceType, findKind, namespaceType, resourceTypes } from "./resource-types.ts";
import { ApiError } from "./status.ts";
import { type StoreEvent, keyOf } from "./store.ts";
import { settle } from "./write.ts";

/** Where an object is stored. */
interface Place {
  readonly resource: ResourceType;
  readonly key: string;
}

/** How long a deletion that a judge refused waits for its next try. */
const retryMs = 1000;

const placeId = ({ resource, key }: Place): string => `${resource.group}/${resource.plural}/${key}`;

/** Follows every change of the store and works off what it calls for, outside of the write that caused it. */
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

  /** Ends all work; what is queued is left. */
  stop(): void {
    this.#stopped = true;
    this.#unsubscribe();
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #index(place: Place, object: ApiObject): void {
    this.#live.set(meta(object, "uid"), place);
    for (const { uid } of ownersOf(object)) {
      let dependents = this.#dependents.get(uid);
      if (dependents === undefined) this.#dependents.set(uid, (dependents = new Map<string, Place>()));
      dependents.set(placeId(place), place);
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

  #follow(event: StoreEvent): void {
    const place = { resource: event.resource, key: event.key };
    if (event.previous !== undefined) this.#unindex(place, event.previous);
    if (event.type !== "DELETED") {
      this.#index(place, event.object);
      const calls =
        ownersOf(event.object).length > 0 || event.object.metadata["deletionTimestamp"] !== undefined;
      if (calls) this.#enqueue(place);
      return;
    }
    for (const dependent of this.#dependentsOf(event.object)) this.#enqueue(dependent);
    for (const { uid } of ownersOf(event.object)) {
      const owner = this.#live.get(uid);
      if (owner !== undefined) this.#enqueue(owner);
    }
    const namespace = meta(event.object, "namespace");
    if (namespace !== "") this.#enqueue({ resource: namespaceType, key: namespace });
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
    const object = this.#context.store.get(place.resource, place.key);
    if (object === undefined) return;
    if (object.metadata["deletionTimestamp"] !== undefined) {
      const finalizers = finalizersOf(object);
      if (finalizers.includes(orphanFinalizer)) this.#orphan(place, object);
      else if (finalizers.includes(foregroundFinalizer)) this.#deleteDependentsFirst(place, object);
      if (place.resource === namespaceType) this.#emptyNamespace(place);
    }
    this.#checkOwners(place);
  }

  /** "solid" owners keep a dependent; so do owners of kinds that are not served, since nothing is known of them. */
  #ownerState(dependent: ApiObject, reference: Owner): "absent" | "waiting" | "solid" {
    if (findKind(reference.apiVersion, reference.kind) === undefined) return "solid";
    const owner = this.#owner(dependent, reference);
    if (owner === undefined) return "absent";
    const waits =
      owner.metadata["deletionTimestamp"] !== undefined && finalizersOf(owner).includes(foregroundFinalizer);
    return waits ? "waiting" : "solid";
  }

  /** Kubernetes' rule: an owner is in the dependent's namespace or in none. */
  #owner(dependent: ApiObject, { uid, apiVersion, kind }: Owner): ApiObject | undefined {
    const place = this.#live.get(uid);
    if (place === undefined || place.resource !== findKind(apiVersion, kind)) return undefined;
    const object = this.#context.store.get(place.resource, place.key);
    const namespace = object === undefined ? "" : meta(object, "namespace");
    return namespace === "" || namespace === meta(dependent, "namespace") ? object : undefined;
  }

  #checkOwners(place: Place): void {
    const object = this.#context.store.get(place.resource, place.key);
    const owners = object === undefined ? [] : ownersOf(object);
    if (object === undefined || owners.length === 0) return;
    const states = owners.map((reference) => ({ reference, state: this.#ownerState(object, reference) }));
    const leaving = states.filter(({ state }) => state !== "solid");
    if (leaving.length === 0) return;
    if (leaving.length < states.length) {
      this.#disown(
        place,
        object,
        leaving.map(({ reference }) => reference.uid),
      );
      return;
    }
    if (object.metadata["deletionTimestamp"] !== undefined) return;
    const waited = states.some(({ state }) => state === "waiting");
    const foreground = waited && this.#dependentsOf(object).length > 0;
    this.#delete(place, object, foreground ? "Foreground" : "Background");
  }

  #delete({ resource, key }: Place, object: ApiObject, propagation: DeleteOptions["propagation"]): void {
    const namespace = meta(object, "namespace") || undefined;
    const name = meta(object, "name");
    const wanted: DeleteOptions = {
      uid: meta(object, "uid"),
      resourceVersion: undefined,
      propagation,
      gracePeriodSeconds: undefined,
      dryRun: false,
    };
    try {
      deleteObject(
        this.#context,
        { resource, namespace, name, subresource: undefined },
        wanted,
        this.#options(),
      );
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#retry({ resource, key });
    }
  }

  #options(): WriteOptions {
    return {
      dryRun: false,
      manager: "kube-controller-manager",
      force: false,
      fieldValidation: "Ignore",
      warnings: [],
    };
  }

  #retry(place: Place): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#enqueue(place);
    }, retryMs);
    this.#timers.add(timer);
  }

  #disown(place: Place, object: ApiObject, uids: readonly string[]): void {
    const references = object.metadata["ownerReferences"];
    const kept = Array.isArray(references)
      ? references.filter((_, index) => !uids.includes(ownersOf(object)[index]?.uid ?? ""))
      : [];
    const ownerReferences = kept.length > 0 ? kept : undefined;
    this.#context.store.put(place.resource, place.key, withMeta(object, { ownerReferences }));
  }

  #finish({ resource, key }: Place, object: ApiObject, finalizer: string): void {
    const finalizers = finalizersOf(object).filter((name) => name !== finalizer);
    const changed = withMeta(object, { finalizers: finalizers.length > 0 ? finalizers : undefined });
    settle(this.#context, resource, key, object, changed);
  }

  #orphan(place: Place, object: ApiObject): void {
    for (const dependent of this.#dependentsOf(object)) {
      const child = this.#context.store.get(dependent.resource, dependent.key);
      if (child !== undefined) this.#disown(dependent, child, [meta(object, "uid")]);
    }
    this.#finish(place, object, orphanFinalizer);
  }

  #deleteDependentsFirst(place: Place, object: ApiObject): void {
    const uid = meta(object, "uid");
    const dependents = this.#dependentsOf(object);
    const blocked = dependents.some((dependent) => {
      const child = this.#context.store.get(dependent.resource, dependent.key);
      return (
        child !== undefined && ownersOf(child).some((owner) => owner.uid === uid && owner.blockOwnerDeletion)
      );
    });
    if (!blocked) this.#finish(place, object, foregroundFinalizer);
    for (const dependent of dependents) this.#enqueue(dependent);
  }

  #emptyNamespace(place: Place): void {
    const { store, clock } = this.#context;
    let left = 0;
    for (const resource of resourceTypes.filter(({ namespaced }) => namespaced)) {
      for (const [key, object] of store.list(resource).entries) {
        if (!key.startsWith(keyOf(place.key, ""))) continue;
        if (object.metadata["deletionTimestamp"] === undefined)
          this.#delete({ resource, key }, object, "Background");
        if (store.get(resource, key) !== undefined) left += 1;
      }
    }
    if (left === 0) store.remove(namespaceType, place.key);
    else this.#noteContent(place, left, timestamp(clock()));
  }

  /** Says in the namespace's conditions what it waits for, as kube-controller-manager does. */
  #noteContent(place: Place, left: number, lastTransitionTime: string): void {
    const namespace = this.#context.store.get(namespaceType, place.key);
    if (namespace === undefined) return;
    const message = `Some resources are remaining: ${left} object(s)`;
    const condition = {
      type: "NamespaceContentRemaining",
      status: "True",
      reason: "SomeResourcesRemain",
      message,
      lastTransitionTime,
    };
    const known = JSON.stringify(namespace["status"]).includes(message);
    if (known) return;
    const status = { phase: "Terminating", conditions: [condition] };
    this.#context.store.put(namespaceType, place.key, { ...namespace, status });
  }
}
