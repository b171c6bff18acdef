// An HTTP server that plays whatever API server a test describes: one handler answers every request.
import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingHttpHeaders, RequestListener, Server, ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { Server as TlsServer, ServerOptions } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { TLSSocket } from "node:tls";

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** Header lines as sent, for headers that come more than once. */
  readonly rawHeaders: readonly string[];
  /** The subject's common name of the client certificate. */
  readonly clientName: string | undefined;
  readonly body: string;
}

export interface Reply {
  /** A JSON answer. */
  json(body: object, status?: number, headers?: Readonly<Record<string, string>>): void;
  /** Any other answer. */
  text(body: string, status: number, headers?: Readonly<Record<string, string>>): void;
  /** A Status object. */
  refuse(code: number, reason: string, more?: object, headers?: Readonly<Record<string, string>>): void;
  /** An answer that stays open. */
  stream(): OpenStream;
  /** Breaks the TCP connection off with RST. */
  reset(): void;
}

export interface OpenStream {
  /** Bytes as they are, flushed; dropped when the client has gone. */
  write(bytes: string | Uint8Array): Promise<void>;
  /** One JSON line per event. */
  send(...events: readonly object[]): Promise<void>;
  end(): void;
  reset(): void;
  /** Resolves when the client has gone. */
  readonly closed: Promise<unknown>;
}

export interface ScriptedServer extends AsyncDisposable {
  readonly url: string;
  readonly requests: readonly SeenRequest[];
  /** TCP connections accepted so far. */
  readonly connections: number;
  readonly openConnections: number;
  /** The handler of later requests. A request that it does not answer stays open. */
  play(handler: Handler): void;
  /** TLS servers: shows another certificate from now on, and drops every connection made with the former one. */
  rotate(tls: ServerOptions): void;
}

export type Handler = (request: SeenRequest, reply: Reply) => void | Promise<void>;

export async function startScriptedServer(tls?: ServerOptions): Promise<ScriptedServer> {
  const requests: SeenRequest[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  let play: Handler = (_, reply) => reply.refuse(404, "NotFound");

  const listener: RequestListener = (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      const url = new URL(incoming.url ?? "/", "http://unused");
      const request: SeenRequest = {
        method: incoming.method ?? "",
        path: url.pathname,
        query: url.searchParams,
        headers: incoming.headers,
        rawHeaders: incoming.rawHeaders,
        clientName: clientName(incoming.socket),
        body: Buffer.concat(chunks).toString(),
      };
      requests.push(request);
      void play(request, replyOn(outgoing));
    });
  };
  const tlsServer: TlsServer | undefined = tls === undefined ? undefined : createTlsServer(tls, listener);
  const server: Server | TlsServer = tlsServer ?? createServer(listener);
  server.on("connection", (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;

  return {
    url: `${tls === undefined ? "http" : "https"}://127.0.0.1:${port}`,
    requests,
    get connections() {
      return connections;
    },
    get openConnections() {
      return sockets.size;
    },
    play(handler) {
      play = handler;
    },
    rotate(tls) {
      tlsServer?.setSecureContext(tls);
      for (const socket of sockets) socket.destroy();
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

function clientName(socket: Socket): string | undefined {
  if (!(socket instanceof TLSSocket)) return undefined;
  const name = socket.getPeerCertificate().subject?.CN;
  return Array.isArray(name) ? name.join() : name;
}

function replyOn(outgoing: ServerResponse): Reply {
  const text: Reply["text"] = (body, status, headers = {}) => {
    outgoing.writeHead(status, headers).end(body);
  };
  const json: Reply["json"] = (body, status = 200, headers = {}) => {
    text(JSON.stringify(body), status, { "content-type": "application/json", ...headers });
  };
  const reset = (): void => {
    const { socket } = outgoing;
    // Node sends no RST below TLS; the connection just ends.
    if (socket instanceof TLSSocket) socket.destroy();
    else socket?.resetAndDestroy();
  };
  return {
    text,
    json,
    reset,
    refuse(code, reason, more = {}, headers = {}) {
      const message = `refused: ${reason}`;
      json({ kind: "Status", status: "Failure", message, reason, code, ...more }, code, headers);
    },
    stream() {
      outgoing.writeHead(200, { "content-type": "application/json" }).flushHeaders();
      const closed = once(outgoing, "close");
      const write = async (bytes: string | Uint8Array): Promise<void> => {
        const { promise, resolve } = Promise.withResolvers<unknown>();
        outgoing.write(bytes, resolve);
        await Promise.race([promise, closed]);
      };
      return {
        write,
        async send(...events) {
          for (const event of events) await write(`${JSON.stringify(event)}\n`);
        },
        end: () => outgoing.end(),
        reset,
        closed,
      };
    },
  };
}
