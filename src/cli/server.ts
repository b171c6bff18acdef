// The service at the other end: how it is reached, and how long an answer may take.
import type { CallOptions, Transport } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { CliError, exitCode, type CliDeps, type CliIo } from "./io.ts";

export const defaultServer = "http://127.0.0.1:8080";

/** A dry run of a large plan goes through every admission webhook of the cluster; none of them may take longer than 30 s. */
const answerWithinMs = 60_000;

/** The way to the service at `url`; a `url` that is none is wrong use. Nothing is sent before the first call. */
export function transportTo(url: string, deps: CliDeps): Transport {
  const parsed = URL.parse(url);
  if (parsed?.protocol !== "http:" && parsed?.protocol !== "https:") {
    throw new CliError(
      `${url} is not an http or https URL`,
      exitCode.usage,
      `use a URL such as ${defaultServer}`,
    );
  }
  return (deps.connect ?? connectWithGrpc)(url.replace(/\/+$/, ""));
}

/** The pings tell a dead connection from a quiet stream. An idle connection does not keep the process alive. */
function connectWithGrpc(baseUrl: string): Transport {
  return createGrpcTransport({ baseUrl, pingIntervalMs: 20_000, pingTimeoutMs: 10_000 });
}

/** Options of a call with one answer. */
export function unaryCall(io: CliIo): CallOptions {
  return { timeoutMs: answerWithinMs, ...(io.signal ? { signal: io.signal } : {}) };
}
