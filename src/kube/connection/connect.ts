// The client over HTTP: the request of each operation, and which requests may be sent twice.
import type { KubernetesObject } from "../../domain/objects/kubernetes.ts";
import { decode, toPage } from "./answer.ts";
import type { Credentials } from "./authentication.ts";
import { startDeadline } from "../deadline.ts";
import { KubeError, isKubeError } from "../errors.ts";
import type {
  CallOptions,
  FullDeleteOptions,
  FullKubeClient,
  ObjectPage,
  ObjectRef,
  PageOptions,
  WriteOptions,
} from "../kube-client.ts";
import { splitLines } from "./lines.ts";
import { isExpired, pageSize, wholeList } from "../paging.ts";
import { collectionPath, listPath, objectPath, withQuery } from "../paths.ts";
import type { Resource } from "../resource.ts";
import { repeating } from "./retry.ts";
import { systemTiming, type Timing } from "../timing.ts";
import { createTransport, type HttpRequest } from "./transport.ts";

export interface KubeConnection {
  /** URL of the API server, with a base path if a proxy needs one. */
  readonly server: string;
  /** Default: none. */
  readonly credentials?: Credentials | undefined;
  /** URL of an HTTP proxy to the API server. */
  readonly proxy?: string | undefined;
  /** Sent with every request, such as Impersonate-User. */
  readonly headers?: Readonly<Record<string, string | string[]>> | undefined;
  /** Deadline of a call including its retries, in milliseconds. Default 30000. */
  readonly requestTimeoutMs?: number | undefined;
  /** Maximum number of connections for requests; streams are not counted. Default 16. */
  readonly connections?: number | undefined;
  /** Default "multinic". The API server uses it as the field manager of a write that names none. */
  readonly userAgent?: string | undefined;
  readonly timing?: Timing | undefined;
}

const maxLineBytes = 4 * 1024 * 1024;
/** An API server that does not know PartialObjectMetadataList sends whole objects. */
const metadataOnly =
  "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1, application/json;q=0.5";

/** Opens no connection until the first call. */
export function connectKube(options: KubeConnection): FullKubeClient {
  const timing = options.timing ?? systemTiming;
  const timeoutMs = options.requestTimeoutMs ?? 30_000;
  const transport = createTransport({
    server: options.server,
    credentials: options.credentials,
    proxy: options.proxy,
    connections: options.connections ?? 16,
    headers: { "user-agent": options.userAgent ?? "multinic", ...options.headers },
  });

  /** `repeatable`: executing the request twice does no harm. An answer that `read` cannot decode is a failure of the attempt. */
  async function call<R>(
    request: HttpRequest,
    {
      signal,
      repeatable,
      maxBytes,
      seen,
    }: {
      signal: AbortSignal | undefined;
      repeatable: boolean | "never";
      maxBytes?: number | undefined;
      /** Called with each failure. */
      seen?: (error: unknown) => void;
    },
    read: (text: string) => R,
  ): Promise<R> {
    const deadline = startDeadline(timeoutMs, signal);
    const send = async (): Promise<R> => {
      try {
        return read(await transport.exchange(request, deadline.signal, maxBytes));
      } catch (error) {
        seen?.(error);
        throw error;
      }
    };
    try {
      if (repeatable === "never") return await send();
      return await repeating(send, { repeatable, deadline, timing });
    } catch (error) {
      throw deadline.expired() && isKubeError(error, "Cancelled")
        ? tooLate(request, timeoutMs, error)
        : error;
    } finally {
      deadline.release();
    }
  }

  async function write<T extends KubernetesObject>(
    request: HttpRequest,
    options: WriteOptions & { readonly force?: boolean | undefined } = {},
    repeatable = false,
  ): Promise<T> {
    const path = withQuery(request.path, {
      fieldValidation: "Strict",
      fieldManager: options.fieldManager,
      dryRun: options.dryRun === true ? "All" : undefined,
      force: options.force === true ? "true" : undefined,
    });
    // A dry run changes nothing, so it may be repeated.
    const mayRepeat = repeatable || options.dryRun === true;
    return (await call({ ...request, path }, { signal: options.signal, repeatable: mayRepeat }, decode)) as T;
  }

  async function page<T extends KubernetesObject>(
    resource: Resource<T>,
    options: PageOptions,
    repeatable: true | "never",
    accept?: string,
  ): Promise<ObjectPage<T>> {
    // The continueToken has the version, and the API server refuses both together.
    const version = options.continueToken === undefined ? options.exactVersion : undefined;
    const path = withQuery(listPath(resource, options.namespace), {
      labelSelector: options.labelSelector,
      fieldSelector: options.fieldSelector,
      resourceVersion: version,
      resourceVersionMatch: version === undefined ? undefined : "Exact",
      limit: options.limit?.toString(),
      continue: options.continueToken,
    });
    return await call({ method: "GET", path, accept }, { signal: options.signal, repeatable }, (text) =>
      toPage<T>(resource, decode(text)),
    );
  }

  const client: FullKubeClient = {
    async get<T extends KubernetesObject>(resource: Resource<T>, ref: ObjectRef, options?: CallOptions) {
      const path = objectPath(resource, ref);
      return (await call(
        { method: "GET", path },
        { signal: options?.signal, repeatable: true },
        decode,
      )) as T;
    },
    async find(resource, ref, options) {
      try {
        return await client.get(resource, ref, options);
      } catch (error) {
        if (isKubeError(error, "NotFound")) return undefined;
        throw error;
      }
    },
    async list(resource, options = {}) {
      try {
        return await wholeList((at) => page(resource, { ...options, ...at, limit: pageSize }, true));
      } catch (error) {
        if (!isExpired(error)) throw error;
        // The version was compacted between two pages; that cannot happen to a single request for the whole list.
        return await page(resource, options, true);
      }
    },
    async listPage(resource, options) {
      return await page(resource, options, "never");
    },
    async listMetadataPage(resource, options) {
      return await page(resource, options, "never", metadataOnly);
    },
    async create(resource, object, options) {
      const path = collectionPath(resource, object.metadata);
      return await write({ method: "POST", path, ...json(object) }, options);
    },
    async replace(resource, object, options) {
      const path = objectPath(resource, object.metadata);
      return await write({ method: "PUT", path, ...json(object) }, options);
    },
    async replaceStatus(resource, object, options) {
      const path = objectPath(resource, object.metadata, "status");
      return await write({ method: "PUT", path, ...json(object) }, options);
    },
    async apply(resource, object, options) {
      const path = objectPath(resource, object.metadata, options.subresource);
      const body = json(object, "application/apply-patch+yaml");
      // With a resourceVersion, a second attempt would conflict with the first.
      const repeatable = object.metadata.resourceVersion === undefined;
      return await write({ method: "PATCH", path, ...body }, options, repeatable);
    },
    async mergePatch(resource, ref, patch, options) {
      const path = objectPath(resource, ref, options?.subresource);
      return await write({ method: "PATCH", path, ...json(patch, "application/merge-patch+json") }, options);
    },
    async delete(resource, ref, options: FullDeleteOptions = {}) {
      const path = objectPath(resource, ref);
      const repeatable = options.uid !== undefined;
      let mayHaveWorked = false;
      try {
        await call(
          { method: "DELETE", path, ...json(deleteOptions(options)) },
          {
            signal: options.signal,
            repeatable,
            seen: (error) => {
              mayHaveWorked ||= isKubeError(error, "Unreachable") || isKubeError(error, "Timeout");
            },
          },
          () => undefined,
        );
      } catch (error) {
        // The response to an earlier attempt was lost, and the object with that uid is gone, as requested.
        if (!(mayHaveWorked && isKubeError(error, "NotFound"))) throw error;
      }
    },
    async post(path, body, { signal } = {}) {
      const strict = withQuery(path, { fieldValidation: "Strict" });
      return await call(
        { method: "POST", path: strict, ...json(body) },
        { signal, repeatable: false },
        decode,
      );
    },
    async getText(path, { signal, maxBytes } = {}) {
      const options = { signal, repeatable: "never", maxBytes } as const;
      return await call({ method: "GET", path }, options, (text) => text);
    },
    async *stream(path, options) {
      const deadline = startDeadline(timeoutMs, options.signal);
      const request: HttpRequest = { method: "GET", path };
      try {
        const chunks = await transport.open(request, {
          signal: deadline.signal,
          idleTimeoutMs: options.idleTimeoutMs ?? 0,
        });
        deadline.disarm();
        options.onOpen?.();
        yield* splitLines(chunks, maxLineBytes);
      } catch (error) {
        throw deadline.expired() ? tooLate(request, timeoutMs, error) : error;
      } finally {
        deadline.release();
      }
    },
    renewConnections() {
      transport.renew();
    },
    async close() {
      await transport.close();
    },
  };
  return client;
}

function tooLate(request: HttpRequest, timeoutMs: number, cause: unknown): KubeError {
  const what = `${request.method} ${request.path.split("?", 1)[0]}`;
  return new KubeError("Unreachable", 0, `${what}: no answer within ${timeoutMs} ms`, { cause });
}

function json(
  value: object,
  contentType = "application/json",
): { readonly body: string; readonly contentType: string } {
  return { body: JSON.stringify(value), contentType };
}

function deleteOptions(options: FullDeleteOptions): object {
  return {
    apiVersion: "v1",
    kind: "DeleteOptions",
    preconditions: { uid: options.uid, resourceVersion: options.resourceVersion },
    propagationPolicy: options.propagation,
    gracePeriodSeconds: options.gracePeriodSeconds,
    dryRun: options.dryRun === true ? ["All"] : undefined,
  };
}
