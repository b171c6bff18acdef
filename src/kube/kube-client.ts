// The port to one Kubernetes API server: KubeClient is what the product asks of it, FullKubeClient what the embedded
// cluster and tests ask in addition. connect.ts makes one.
import type { KubernetesObject } from "../domain/objects/kubernetes.ts";
import type { Resource } from "./resource.ts";

/** Name of an object; `namespace` is ignored for cluster-scoped kinds. */
export interface ObjectRef {
  readonly namespace?: string | undefined;
  readonly name: string;
}

/** The caller may cancel every call; the client's own deadline applies too and includes repetitions. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface ListOptions extends CallOptions {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
}

export interface WriteOptions extends CallOptions {
  /** The API server checks and answers as for a real write, and stores nothing (`dryRun=All`). */
  readonly dryRun?: boolean | undefined;
  readonly fieldManager?: string | undefined;
}

export interface ApplyOptions extends WriteOptions {
  readonly fieldManager: string;
  /** Takes fields over from other managers. Default false: such a field is a KubeError of reason "Conflict". */
  readonly force?: boolean | undefined;
}

export interface DeleteOptions extends CallOptions {
  readonly dryRun?: boolean | undefined;
  /** Delete only the object with this uid; another one of the same name is a KubeError of reason "Conflict". */
  readonly uid?: string | undefined;
  readonly resourceVersion?: string | undefined;
  readonly propagation?: "Background" | "Foreground" | "Orphan" | undefined;
}

/** A complete list: all pages, with the resourceVersion of the collection. */
export interface ObjectList<T> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
}

/** One page of a list; `continueToken` names the next, undefined on the last. */
export interface ObjectPage<T> extends ObjectList<T> {
  readonly continueToken: string | undefined;
}

export interface PageOptions extends ListOptions {
  /** Most objects on the page; without it the whole list is one page. */
  readonly limit?: number | undefined;
  readonly continueToken?: string | undefined;
}

export interface TextOptions extends CallOptions {
  /** Default: no limit. */
  readonly maxBytes?: number | undefined;
}

export interface StreamOptions extends CallOptions {
  /** Silence after which the peer counts as gone. Without it only TCP keep-alive finds a dead peer. */
  readonly idleTimeoutMs?: number | undefined;
}

/**
 * Requests to one API server over pooled connections. Writes ask for strict field validation.
 * Every failure is a KubeError (errors.ts). Requests that are safe to repeat are repeated on failures that may pass:
 * reads, dry runs, deletes with a uid, and server-side apply without a resourceVersion. Other writes are repeated only when
 * the API server cannot have acted on them: no connection was made, or it answered 429 with a time to wait.
 */
export interface KubeClient {
  /** undefined when there is no such object. */
  find<T extends KubernetesObject>(
    resource: Resource<T>,
    ref: ObjectRef,
    options?: CallOptions,
  ): Promise<T | undefined>;
  list<T extends KubernetesObject>(resource: Resource<T>, options?: ListOptions): Promise<ObjectList<T>>;
  /**
   * One request of a list, never repeated (list-watch.ts has its own pace).
   * @throws KubeError reason "Expired" or "Gone" when the continueToken is too old.
   */
  listPage<T extends KubernetesObject>(resource: Resource<T>, options: PageOptions): Promise<ObjectPage<T>>;
  create<T extends KubernetesObject>(resource: Resource<T>, object: T, options?: WriteOptions): Promise<T>;
  /** Server-side apply of the given fields; creates the object when there is none. */
  apply<T extends KubernetesObject>(resource: Resource<T>, object: T, options: ApplyOptions): Promise<T>;
  /** Resolves when the API server accepted the deletion; the object may stay until its finalizers are gone. */
  delete<T extends KubernetesObject>(
    resource: Resource<T>,
    ref: ObjectRef,
    options?: DeleteOptions,
  ): Promise<void>;
  /**
   * GET of any path as text, such as /version or what a pod serves. Never repeated.
   * @throws KubeError reason "Undecodable" for an answer over `maxBytes`.
   */
  getText(path: string, options?: TextOptions): Promise<string>;
  /**
   * The lines of a GET that stays open, such as a watch; used by list-watch.ts. The client's deadline ends with the
   * first byte of the answer. Nothing is repeated.
   * @throws KubeError reason "Unreachable" when it breaks off, also in the middle of a line;
   * "Undecodable" for a line over 4 MiB or bytes that are not UTF-8.
   */
  stream(path: string, options: StreamOptions): AsyncIterable<string>;
  /** Closes every connection; calls after it fail. */
  close(): Promise<void>;
}

export interface FullDeleteOptions extends DeleteOptions {
  /** 0 removes a pod at once, as its kubelet does in the end. Default: the API server's. */
  readonly gracePeriodSeconds?: number | undefined;
}

/** What only the embedded cluster and tests ask. */
export interface FullKubeClient extends KubeClient {
  /** @throws KubeError reason "NotFound" when there is no such object. */
  get<T extends KubernetesObject>(resource: Resource<T>, ref: ObjectRef, options?: CallOptions): Promise<T>;
  /** PUT: object.metadata.resourceVersion, when set, must be the stored one. */
  replace<T extends KubernetesObject>(resource: Resource<T>, object: T, options?: WriteOptions): Promise<T>;
  replaceStatus<T extends KubernetesObject>(
    resource: Resource<T>,
    object: T,
    options?: WriteOptions,
  ): Promise<T>;
  /** JSON merge patch (RFC 7396). `subresource` "status" where the kind has it. */
  mergePatch<T extends KubernetesObject>(
    resource: Resource<T>,
    ref: ObjectRef,
    patch: object,
    options?: WriteOptions & { readonly subresource?: "status" | undefined },
  ): Promise<T>;
  delete<T extends KubernetesObject>(
    resource: Resource<T>,
    ref: ObjectRef,
    options?: FullDeleteOptions,
  ): Promise<void>;
  /** POST to any path, such as a review or a pod's binding. */
  post(path: string, body: object, options?: CallOptions): Promise<unknown>;
}
