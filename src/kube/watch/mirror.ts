// What a list-watch works on: one collection of the API server, and the mirror that receives its objects.
import type { KubernetesObject } from "../../domain/objects/kubernetes.ts";
import type { Contact } from "./contact.ts";
import type { Interrupts } from "./interrupts.ts";
import type { KubeClient } from "../kube-client.ts";
import type { KubeLog } from "../log.ts";
import type { Resource } from "../resource.ts";
import type { Timing } from "../timing.ts";
import type { WatchSignals } from "./watch-signals.ts";

/** A new state of the collection: its objects become visible together on commit, or never. */
export interface Draft<T> {
  /** Adds the object, or replaces the one of the same name. */
  add(object: T): void;
  remove(object: T): void;
  commit(): void;
}

/** Receives the objects. None of these may throw because of an object's content. */
export interface Mirror<T> {
  /** `isRewritten`: equal versions do not mean equal objects. */
  draft(isRewritten: boolean): Draft<T>;
  set(object: T): void;
  remove(object: T): void;
}

export interface ListWatchOptions<T extends KubernetesObject> {
  readonly client: KubeClient;
  readonly resource: Resource<T>;
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly mirror: Mirror<T>;
  readonly signals: WatchSignals;
  readonly interrupts: Interrupts;
  readonly contact: Contact;
  readonly log: KubeLog;
  readonly timing: Timing;
  /** Ends the loop. Only this and closing the client do. */
  readonly signal: AbortSignal;
}
