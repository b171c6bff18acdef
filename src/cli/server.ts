// The service at the other end: how it is reached, and how long an answer may take.
import type { CallOptions, Transport } from "@connectrpc/connect";
import { Http2SessionManager, createGrpcTransport } from "@connectrpc/connect-node";
import { CliError, exitCode, type CliDeps, type CliIo } from "./io.ts";

export const defaultServer = "http://127.0.0.1:8080";

/** A dry run of a large plan goes through every admission webhook of the cluster; none of them may take longer than 30 s. */
const answerWithinMs = 60_000;

/** A way to a service, and how to end it. */
export interface Connection {
  readonly transport: Transport;
  /** Lets go of the connection, which would keep the process alive while it idles. */
  readonly close: () => void;
}

/** The way to the service at `url`; a `url` that is none is wrong use. Nothing is sent before the first call. */
export function connectToServer(url: string, deps: CliDeps): Connection {
  const parsed = URL.parse(url);
  if (parsed?.protocol !== "http:" && parsed?.protocol !== "https:") {
    throw new CliError(
      `${url} is not the URL of a service`,
      exitCode.usage,
      `give one such as ${defaultServer}`,
    );
  }
  const baseUrl = url.replace(/\/+$/, "");
  if (deps.connect) return { transport: deps.connect(baseUrl), close: () => undefined };
  const sessionManager = new Http2SessionManager(baseUrl, { pingIntervalMs: 20_000, pingTimeoutMs: 10_000 });
  return { transport: createGrpcTransport({ baseUrl, sessionManager }), close: () => sessionManager.abort() };
}

/** Options of a call with one answer. */
export function unaryCall(io: CliIo): CallOptions {
  return { timeoutMs: answerWithinMs, ...(io.signal ? { signal: io.signal } : {}) };
}
