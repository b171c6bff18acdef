// How the command line reaches the service, and how long it waits for an answer.
import type { CallOptions, Transport } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { CliError, exitCode, type CliDeps, type CliIo } from "./io.ts";

export const defaultServer = "http://127.0.0.1:8080";

/** A dry run of a large plan passes every admission webhook of the cluster, each limited to 30 s. */
const answerWithinMs = 60_000;

/** A transport to the service at `url`. Nothing is sent before the first call. @throws CliError for an invalid URL. */
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

/** Pings distinguish a dead connection from a quiet stream. An idle connection does not keep the process alive. */
function connectWithGrpc(baseUrl: string): Transport {
  return createGrpcTransport({ baseUrl, pingIntervalMs: 20_000, pingTimeoutMs: 10_000 });
}

/** Options of a unary call. */
export function unaryCall(io: CliIo): CallOptions {
  return { timeoutMs: answerWithinMs, ...(io.signal ? { signal: io.signal } : {}) };
}
