// The interface to one Kubernetes API server: KubeClient is what the product needs, FullKubeClient what the embedded cluster
// and tests need in addition. connection/connect.ts implements it.
import type { KubernetesObject } from "../domain/objects/kubernetes.ts";
import type { Resource } from "./resource.ts";

/** Name of an object; `namespace` is ignored for cluster-scoped kinds. */
export interface ObjectRef {
  readonly namespace?: string | undefined;
  readonly name: string;
}

/** Every call can be cancelled; the deadline of the client applies as well and includes retries. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface ListOptions extends CallOptions {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
}

export interface WriteOptions extends CallOptions {
  /** The API server validates and responds as for a real write, but stores nothing (`dryRun=All`). */
  readonly dryRun?: boolean | undefined;
  readonly fieldManager?: string | undefined;
}

export interface ApplyOptions extends WriteOptions {
  readonly fieldManager: string;
  /** Take over fields from other managers. Default false: such a field is a KubeError of reason "Conflict". */
  readonly force?: boolean | undefined;
  /** Write only the status, of a kind that has this subresource; then no object is created. */
  readonly subresource?: "status" | undefined;
}

export interface DeleteOptions extends CallOptions {
  readonly dryRun?: boolean | undefined;
  /** Delete only the object with this uid; another object of the same name is a KubeError of reason "Conflict". */
  readonly uid?: string | undefined;
  readonly resourceVersion?: string | undefined;
  readonly propagation?: "Background" | "Foreground" | "Orphan" | undefined;
}

/** A complete list: all pages, with the resourceVersion of the collection. */
export interface ObjectList<T> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
}

/** One page of a list; `continueToken` is undefined on the last. */
export interface ObjectPage<T> extends ObjectList<T> {
  readonly continueToken: string | undefined;
}

export interface PageOptions extends ListOptions {
  /** Maximum number of objects; without it the whole list is one page. */
  readonly limit?: number | undefined;
  readonly continueToken?: string | undefined;
  /** Selects by field, such as metadata.name=web. */
  readonly fieldSelector?: string | undefined;
  /** List the collection as it was at this version. With a continueToken it has no effect: the token has the version. */
  readonly exactVersion?: string | undefined;
}

export interface TextOptions extends CallOptions {
  /** Default: no limit. */
  readonly maxBytes?: number | undefined;
}

export interface StreamOptions extends CallOptions {
  /** Without data for this long, the peer is considered gone. Default: only TCP keep-alive detects that. */
  readonly idleTimeoutMs?: number | undefined;
  /** Called once, when the API server has accepted the request. */
  readonly onOpen?: (() => void) | undefined;
}

/**
 * Requests to one API server over pooled connections. Writes use strict field validation. Every failure is a KubeError
 * (errors.ts). After transient failures, requests that are safe to repeat are retried: reads, dry runs, deletes with a uid,
 * and server-side apply without a resourceVersion. Other writes are retried only if the API server cannot have executed
 * them: no connection was made, or it returned 429 with Retry-After.
 */
export interface KubeClient {
  /** undefined if there is no such object. */
  find<T extends KubernetesObject>(
    resource: Resource<T>,
    ref: ObjectRef,
    options?: CallOptions,
  ): Promise<T | undefined>;
  list<T extends KubernetesObject>(resource: Resource<T>, options?: ListOptions): Promise<ObjectList<T>>;
  /**
   * One page, without retries (list-watch.ts has its own).
   * @throws KubeError reason "Expired" or "Gone" if the continueToken or exactVersion is too old.
   */
  listPage<T extends KubernetesObject>(resource: Resource<T>, options: PageOptions): Promise<ObjectPage<T>>;
  /** Like listPage, but the API server sends only the metadata of the objects (PartialObjectMetadataList). */
  listMetadataPage(
    resource: Resource<KubernetesObject>,
    options: PageOptions,
  ): Promise<ObjectPage<Pick<KubernetesObject, "metadata">>>;
  create<T extends KubernetesObject>(resource: Resource<T>, object: T, options?: WriteOptions): Promise<T>;
  /** Server-side apply of the given fields; creates the object if there is none. */
  apply<T extends KubernetesObject>(resource: Resource<T>, object: T, options: ApplyOptions): Promise<T>;
  /** Resolves when the API server has accepted the deletion; the object may remain until its finalizers are removed. */
  delete<T extends KubernetesObject>(
    resource: Resource<T>,
    ref: ObjectRef,
    options?: DeleteOptions,
  ): Promise<void>;
  /**
   * GET of any path as text, such as /version or a response of a pod. Without retries.
   * @throws KubeError reason "Undecodable" for an answer over `maxBytes`.
   */
  getText(path: string, options?: TextOptions): Promise<string>;
  /**
   * The lines of a GET that stays open, such as a watch. The deadline of the client applies until the first byte of the
   * response. Without retries.
   * @throws KubeError reason "Unreachable" if the connection is lost, also in the middle of a line;
   * "Undecodable" for a line over 4 MiB or bytes that are not UTF-8.
   */
  stream(path: string, options: StreamOptions): AsyncIterable<string>;
  /** Later calls make new connections. Those that are open close when nothing uses them any more. */
  renewConnections(): void;
  /** Closes every connection; later calls fail. */
  close(): Promise<void>;
}

export interface FullDeleteOptions extends DeleteOptions {
  /** 0 deletes a pod immediately, as its kubelet does at the end. Default: that of the API server. */
  readonly gracePeriodSeconds?: number | undefined;
}

/** In addition, what only the embedded cluster and tests need. */
export interface FullKubeClient extends KubeClient {
  /** @throws KubeError reason "NotFound" if there is no such object. */
  get<T extends KubernetesObject>(resource: Resource<T>, ref: ObjectRef, options?: CallOptions): Promise<T>;
  /** PUT. metadata.resourceVersion, if set, must be the stored one. */
  replace<T extends KubernetesObject>(resource: Resource<T>, object: T, options?: WriteOptions): Promise<T>;
  replaceStatus<T extends KubernetesObject>(
    resource: Resource<T>,
    object: T,
    options?: WriteOptions,
  ): Promise<T>;
  /** JSON merge patch (RFC 7396). `subresource` "status" if the kind has it. */
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
  /** POST to any path, such as a review or the binding of a pod. */
  post(path: string, body: object, options?: CallOptions): Promise<unknown>;
}
