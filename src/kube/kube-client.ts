// The port to one Kubernetes API server: what a caller can ask of it. connect.ts makes one.
import type { KubernetesObject } from "../domain/objects.ts";
import type { Resource } from "./resource.ts";

/** Name of an object; `namespace` is ignored for cluster-scoped kinds. */
export interface ObjectRef {
  readonly namespace?: string | undefined;
  readonly name: string;
}

/** Every call may be cut off by the caller; without a signal the client's own deadline applies. */
export interface CallOptions {
  readonly signal?: AbortSignal;
}

export interface ListOptions extends CallOptions {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

export interface WriteOptions extends CallOptions {
  /** The API server checks and answers as for a real write, and stores nothing (`dryRun=All`). */
  readonly dryRun?: boolean;
  readonly fieldManager?: string;
}

export interface ApplyOptions extends WriteOptions {
  readonly fieldManager: string;
  /** Takes fields over from other managers. Default false: such a field is a KubeError of reason "Conflict". */
  readonly force?: boolean;
}

export interface DeleteOptions extends CallOptions {
  readonly dryRun?: boolean;
  /** Delete only the object with this uid; another one of the same name is a KubeError of reason "Conflict". */
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly propagation?: "Background" | "Foreground" | "Orphan";
}

/** A complete list: all pages, with the resourceVersion of the collection. */
export interface ObjectList<T> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
}

/**
 * Requests to one API server over pooled connections. Writes ask for strict field validation.
 * Every failure is a KubeError (errors.ts). Only requests that are safe to repeat are repeated:
 * reads, deletes with a uid, and server-side apply.
 */
export interface KubeClient {
  /** @throws KubeError reason "NotFound" when there is no such object. */
  get<T extends KubernetesObject>(resource: Resource<T>, ref: ObjectRef, options?: CallOptions): Promise<T>;
  /** As get, but undefined when there is no such object. */
  find<T extends KubernetesObject>(
    resource: Resource<T>,
    ref: ObjectRef,
    options?: CallOptions,
  ): Promise<T | undefined>;
  list<T extends KubernetesObject>(resource: Resource<T>, options?: ListOptions): Promise<ObjectList<T>>;
  create<T extends KubernetesObject>(resource: Resource<T>, object: T, options?: WriteOptions): Promise<T>;
  /** PUT: object.metadata.resourceVersion, when set, must be the stored one. */
  replace<T extends KubernetesObject>(resource: Resource<T>, object: T, options?: WriteOptions): Promise<T>;
  replaceStatus<T extends KubernetesObject>(
    resource: Resource<T>,
    object: T,
    options?: WriteOptions,
  ): Promise<T>;
  /** Server-side apply of the given fields; creates the object when there is none. */
  apply<T extends KubernetesObject>(resource: Resource<T>, object: T, options: ApplyOptions): Promise<T>;
  /** JSON merge patch (RFC 7396). `subresource` "status" where the kind has it. */
  mergePatch<T extends KubernetesObject>(
    resource: Resource<T>,
    ref: ObjectRef,
    patch: object,
    options?: WriteOptions & { readonly subresource?: "status" },
  ): Promise<T>;
  /** JSON patch (RFC 6902). A failed `test` is a KubeError of reason "Invalid". */
  jsonPatch<T extends KubernetesObject>(
    resource: Resource<T>,
    ref: ObjectRef,
    patch: readonly object[],
    options?: WriteOptions,
  ): Promise<T>;
  /** Resolves when the API server accepted the deletion; the object may stay until its finalizers are gone. */
  delete<T extends KubernetesObject>(
    resource: Resource<T>,
    ref: ObjectRef,
    options?: DeleteOptions,
  ): Promise<void>;
  /** POST to a subresource, such as pods/NAME/binding. */
  post(path: string, body: object, options?: CallOptions): Promise<unknown>;
  /** GET of any path as text, such as /version. */
  getText(path: string, options?: CallOptions): Promise<string>;
  /** The lines of a GET that stays open, such as a watch; used by list-watch.ts. */
  stream(path: string, options: CallOptions): AsyncIterable<string>;
  /** Closes every connection; calls after it fail. */
  close(): Promise<void>;
}
