// A proxy in front of a Kubernetes API, embedded or real, that records every call and makes chosen ones go wrong.
import { once } from "node:events";
import * as http from "node:http";
import * as https from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { buffer } from "node:stream/consumers";
import type { TlsMaterial } from "../../src/kube/connection/authentication.ts";
import { splitLines } from "../../src/kube/connection/lines.ts";
import { type ApiCall, callOf } from "./api-call.ts";
import { createFaultPlan, type EventFault, type Fault, type FaultPlan, statusOf } from "./fault.ts";
import { passEvents } from "./watch-lines.ts";

/** A call as the proxy has seen it. */
export interface SeenCall extends ApiCall {
  /** From 1, in the order of arrival. */
  readonly number: number;
  /** The fault that hit it. */
  readonly fault: Fault["kind"] | undefined;
  /** The code with which the API server answered; undefined if it did not execute the call, or not yet. */
  readonly status: number | undefined;
}

/**
 * Connect the client under test to `url` and inject faults:
 *
 *     const proxy = await startFaultProxy(apiServerUrl);
 *     proxy.inject({ verb: "apply", resource: "secrets", dryRun: false }, { kind: "reset", executed: true });
 *
 * To enumerate crash points, run the operation once without a fault, count the calls in `calls`, and for each n of them inject
 * `{ nth: n }` with kind "crash". One proxy per replica, so that only one of them crashes.
 */
export interface FaultProxy extends AsyncDisposable {
  readonly url: string;
  /** Every call so far, also those that a fault hit. Calls during a crash do not arrive. */
  readonly calls: readonly SeenCall[];
  readonly inject: FaultPlan["inject"];
  /** True from a fault of kind "crash" until restart(). */
  readonly crashed: boolean;
  /** Ends a crash: calls arrive again. */
  restart(): void;
}

/** `tls`: for a target with https. */
export async function startFaultProxy(target: string, tls?: TlsMaterial): Promise<FaultProxy> {
  const plan = createFaultPlan();
  const calls: Mutable<SeenCall>[] = [];
  const sockets = new Set<Socket>();
  const isTls = target.startsWith("https:");
  const agent = isTls ? new https.Agent({ keepAlive: true, ...tls }) : new http.Agent({ keepAlive: true });
  let crashed = false;

  function crash(): void {
    crashed = true;
    for (const socket of sockets) socket.resetAndDestroy();
  }

  /** Resolves with the answer of the API server as soon as its headers are there. */
  async function forward({ method = "GET", url = "/", headers }: http.IncomingMessage, body: Buffer) {
    const { promise, resolve, reject } = Promise.withResolvers<http.IncomingMessage>();
    // The answer must be readable for event faults and for halves.
    const { "accept-encoding": _, ...passed } = headers;
    const options = { method, headers: passed, agent };
    const onward = (isTls ? https : http).request(new URL(url, target), options, resolve);
    onward.on("error", reject);
    onward.end(body);
    return await promise;
  }

  async function passWatch(
    answer: http.IncomingMessage,
    outgoing: http.ServerResponse,
    fault: EventFault | undefined,
  ): Promise<void> {
    outgoing.on("close", () => answer.destroy());
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers).flushHeaders();
    const reset = (): void => void outgoing.socket?.resetAndDestroy();
    const sink = {
      write: (text: string) => void outgoing.write(text),
      end: () => void outgoing.end(),
      reset,
      cut: () => outgoing.socket?.destroySoon(),
    };
    try {
      await passEvents(splitLines(answer, Number.POSITIVE_INFINITY), sink, fault);
    } catch {
      // The watch was broken by the API server, or the client has left.
      reset();
    }
  }

  async function execute(call: Mutable<SeenCall>, incoming: http.IncomingMessage, body: Buffer) {
    const answer = await forward(incoming, body);
    call.status = answer.statusCode;
    return answer;
  }

  async function answerCall(incoming: http.IncomingMessage, outgoing: http.ServerResponse): Promise<void> {
    const body = await buffer(incoming);
    if (crashed) return;
    const { method = "GET", url = "/", headers } = incoming;
    const call = callOf(method, url, headers["content-type"] ?? "", body.toString());
    const fault = plan.next(call);
    const seen: Mutable<SeenCall> = {
      ...call,
      number: calls.length + 1,
      fault: fault?.kind,
      status: undefined,
    };
    calls.push(seen);
    if (fault?.kind === "wait" && !fault.executed) await fault.until;
    if (fault !== undefined && isInstead(fault)) {
      if (fault.kind === "crash") crash();
      else instead(fault, call, outgoing);
      return;
    }
    const answer = await execute(seen, incoming, body);
    if (
      call.verb === "watch" &&
      answer.statusCode === 200 &&
      (fault === undefined || fault.kind === "event")
    ) {
      await passWatch(answer, outgoing, fault);
      return;
    }
    const bytes = await buffer(answer);
    if (crashed) return;
    if (fault?.kind === "wait") await fault.until;
    if (fault?.kind === "crash") crash();
    else finish(fault, answer, bytes, outgoing);
  }

  const server = http.createServer((incoming, outgoing) => {
    answerCall(incoming, outgoing).catch(() => outgoing.socket?.resetAndDestroy());
  });
  server.on("connection", (socket) => {
    if (crashed) socket.resetAndDestroy();
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    inject: (match, fault) => plan.inject(match, fault),
    get crashed() {
      return crashed;
    },
    restart() {
      crashed = false;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
      agent.destroy();
    },
  };
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Whether the API server does not get the call. */
function isInstead(fault: Fault): boolean {
  if (fault.kind === "refuse" || fault.kind === "page") return true;
  return (fault.kind === "reset" || fault.kind === "silence" || fault.kind === "crash") && !fault.executed;
}

function instead(fault: Fault, call: ApiCall, outgoing: http.ServerResponse): void {
  if (fault.kind === "reset") outgoing.socket?.resetAndDestroy();
  if (fault.kind === "page") outgoing.writeHead(200, { "content-type": "text/html" }).end("<html></html>");
  if (fault.kind !== "refuse") return;
  const { retryAfterSeconds: wait, code } = fault;
  const headers = wait === undefined ? {} : { "retry-after": String(wait) };
  outgoing
    .writeHead(code, { "content-type": "application/json", ...headers })
    .end(statusOf(fault, call.body));
}

/** Sends the answer of an executed call, or what the fault leaves of it. */
function finish(
  fault: Fault | undefined,
  answer: http.IncomingMessage,
  bytes: Buffer,
  outgoing: http.ServerResponse,
): void {
  if (fault?.kind === "silence") return;
  if (fault?.kind === "reset") {
    outgoing.socket?.resetAndDestroy();
    return;
  }
  const half = bytes.subarray(0, Math.floor(bytes.length / 2));
  const sent = fault?.kind === "truncate" ? half : bytes;
  const { "transfer-encoding": _, ...headers } = answer.headers;
  outgoing.writeHead(answer.statusCode ?? 502, { ...headers, "content-length": sent.length });
  if (fault?.kind === "cut") outgoing.write(half, () => outgoing.socket?.destroySoon());
  else outgoing.end(sent);
}
