// HTTP exchanges with the API server: authentication, renewed once if refused, pooled connections, failures as KubeError.
import { Agent, buildConnector, type Dispatcher, ProxyAgent } from "undici";
import type { Authentication, Credentials, TlsMaterial } from "./authentication.ts";
import { boundedText } from "../bounded-text.ts";
import { abortable } from "../deadline.ts";
import { KubeError } from "../errors.ts";
import { codeOf, errorOfAnswer, isTlsFailure } from "../status.ts";

export interface HttpRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** With its query; relative to the base path of the server. */
  readonly path: string;
  readonly body?: string | undefined;
  readonly contentType?: string | undefined;
  /** Default "application/json". */
  readonly accept?: string | undefined;
}

export interface TransportOptions {
  readonly server: string;
  readonly credentials: Credentials | undefined;
  readonly proxy: string | undefined;
  readonly headers: Readonly<Record<string, string | string[]>>;
  /** Maximum number of connections for requests; each stream has its own connection in addition. */
  readonly connections: number;
}

export interface Transport {
  /** Sends the request once (twice if the credentials had to be renewed) and reads the whole response. */
  exchange(request: HttpRequest, signal: AbortSignal, maxBytes?: number): Promise<string>;
  /** Like exchange, but returns the bytes of the response as they arrive; `idleTimeoutMs` 0: no timeout. */
  open(
    request: HttpRequest,
    options: { readonly signal: AbortSignal; readonly idleTimeoutMs: number },
  ): Promise<AsyncIterable<Uint8Array>>;
  /** Later requests use new connections; the present ones close when they are idle. */
  renew(): void;
  close(): Promise<void>;
}

/** Connections with one set of TLS material; after a rotation new ones are used, and the old ones close when idle. */
interface Pools {
  readonly tls: TlsMaterial | undefined;
  readonly requests: Dispatcher;
  readonly streams: Dispatcher;
}

const anonymous: Authentication = { headers: {}, tls: undefined };

export function createTransport(options: TransportOptions): Transport {
  const url = new URL(options.server);
  const basePath = url.pathname.replace(/\/+$/, "");
  let pools: Pools | undefined;
  const retired = new Set<Pools>();
  let closed = false;

  function poolsFor(tls: TlsMaterial | undefined): Pools {
    if (closed) throw new Error("no connection may be made any more");
    if (pools !== undefined && sameMaterial(pools.tls, tls)) return pools;
    if (pools !== undefined) retire(pools);
    pools = {
      tls,
      requests: createDispatcher(options, tls, options.connections),
      streams: createDispatcher(options, tls, null),
    };
    return pools;
  }

  function retire(old: Pools): void {
    retired.add(old);
    void Promise.all([old.requests.close(), old.streams.close()]).then(() => retired.delete(old));
  }

  async function attempt(
    request: HttpRequest,
    authentication: Authentication,
    how: { signal: AbortSignal; stream: boolean; idleTimeoutMs: number },
  ): Promise<Dispatcher.ResponseData> {
    const { requests, streams } = poolsFor(authentication.tls);
    return await (how.stream ? streams : requests).request({
      origin: url.origin,
      path: basePath + request.path,
      method: request.method,
      headers: {
        accept: request.accept ?? "application/json",
        ...(request.contentType === undefined ? {} : { "content-type": request.contentType }),
        ...authentication.headers,
        ...options.headers,
      },
      body: request.body ?? null,
      signal: how.signal,
      // The signal carries the deadline of the call; only streams have an idle timeout in addition.
      headersTimeout: 0,
      bodyTimeout: how.idleTimeoutMs,
    });
  }

  async function send(
    request: HttpRequest,
    how: { signal: AbortSignal; stream: boolean; idleTimeoutMs: number },
  ): Promise<Dispatcher.ResponseData> {
    const { credentials } = options;
    if (credentials === undefined) return await attempt(request, anonymous, how);
    // A plugin that hangs must not extend the call.
    const used = await abortable(credentials.current(), how.signal);
    try {
      const answer = await attempt(request, used, how);
      if (answer.statusCode !== 401) return answer;
      const renewed = await abortable(credentials.renew(used), how.signal);
      if (renewed === used) return answer;
      await answer.body.dump();
      return await attempt(request, renewed, how);
    } catch (error) {
      if (!isTlsFailure(error)) throw error;
      const renewed = await abortable(credentials.renew(used), how.signal);
      if (renewed === used) throw error;
      return await attempt(request, renewed, how);
    }
  }

  function failure(request: HttpRequest, signal: AbortSignal, cause: unknown): KubeError {
    if (cause instanceof KubeError) return cause;
    const what = `${request.method} ${pathWithoutQuery(request.path)}`;
    if (closed) return new KubeError("Cancelled", 0, `${what}: the client is closed`, { cause });
    if (signal.aborted) return new KubeError("Cancelled", 0, `${what}: the caller gave up`, { cause });
    return new KubeError("Unreachable", 0, `${what} at ${options.server}: ${wordsOf(cause)}`, { cause });
  }

  async function accepted(request: HttpRequest, answer: Dispatcher.ResponseData): Promise<void> {
    const status = answer.statusCode;
    if (status >= 200 && status < 300) return;
    const what = `${request.method} ${pathWithoutQuery(request.path)}`;
    if (status >= 300 && status < 400) {
      await answer.body.dump();
      const message = `${what}: HTTP ${status}, a redirect, which is not followed`;
      throw new KubeError("Unknown", status, message);
    }
    const retryAfter = answer.headers["retry-after"];
    throw errorOfAnswer(what, {
      status,
      body: await answer.body.text(),
      retryAfter: typeof retryAfter === "string" ? retryAfter : undefined,
    });
  }

  return {
    async exchange(request, signal, maxBytes = Number.POSITIVE_INFINITY) {
      try {
        const answer = await send(request, { signal, stream: false, idleTimeoutMs: 0 });
        await accepted(request, answer);
        return await boundedText(answer.body as AsyncIterable<Uint8Array>, maxBytes);
      } catch (error) {
        throw failure(request, signal, error);
      }
    },
    async open(request, { signal, idleTimeoutMs }) {
      const rethrow = (error: unknown): KubeError => failure(request, signal, error);
      try {
        const answer = await send(request, { signal, stream: true, idleTimeoutMs });
        await accepted(request, answer);
        return mapFailures(answer.body as AsyncIterable<Uint8Array>, rethrow);
      } catch (error) {
        throw rethrow(error);
      }
    },
    renew() {
      if (pools !== undefined) retire(pools);
      pools = undefined;
    },
    async close() {
      closed = true;
      const all = pools === undefined ? [...retired] : [...retired, pools];
      await Promise.all(all.flatMap(({ requests, streams }) => [requests.destroy(), streams.destroy()]));
    },
  };
}

async function* mapFailures(
  chunks: AsyncIterable<Uint8Array>,
  failure: (error: unknown) => KubeError,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* chunks;
  } catch (error) {
    throw failure(error);
  }
}

/**
 * HTTP/1.1 with keep-alive: with one request per connection, a broken connection fails exactly one call. The kernel
 * probes an idle connection after 5 s, four times with a second between, so a lost host is detected within 10 s although a
 * watch is quiet. Idle connections are closed after 30 s, before the API server (90 s) or a load balancer (60 s) closes them.
 */
function createDispatcher(
  { proxy }: TransportOptions,
  tls: TlsMaterial | undefined,
  connections: number | null,
): Dispatcher {
  const pool = { allowH2: false, connections, keepAliveTimeout: 30_000, keepAliveMaxTimeout: 30_000 };
  const socket = { keepAlive: true, keepAliveInitialDelay: 5_000, timeout: 10_000 };
  if (proxy !== undefined) return new ProxyAgent({ ...pool, uri: proxy, requestTls: { ...tls, ...socket } });
  const connect = buildConnector({ ...tls, ...socket, allowH2: false });
  return new Agent({
    ...pool,
    connect(options, callback) {
      connect(options, (...[error, made]) => {
        if (error !== null) callback(error, null);
        else {
          // Node.js before 24.19 ignores the interval and the count, and makes ten probes.
          made.setKeepAlive(true, 5_000, 1_000, 4);
          callback(null, made);
        }
      });
    },
  });
}

function sameMaterial(one: TlsMaterial | undefined, other: TlsMaterial | undefined): boolean {
  if (one === other) return true;
  if (one === undefined || other === undefined) return false;
  return (
    sameBytes(one.ca, other.ca) &&
    sameBytes(one.cert, other.cert) &&
    sameBytes(one.key, other.key) &&
    one.servername === other.servername &&
    one.rejectUnauthorized === other.rejectUnauthorized
  );
}

function sameBytes(one: string | Buffer | undefined, other: string | Buffer | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  return Buffer.from(one).equals(Buffer.from(other));
}

function pathWithoutQuery(path: string): string {
  return path.split("?", 1)[0] ?? path;
}

function wordsOf(cause: unknown): string {
  if (codeOf(cause) === "UND_ERR_BODY_TIMEOUT") return "the API server fell silent";
  return cause instanceof Error && cause.message !== "" ? cause.message : codeOf(cause) || "no answer";
}
