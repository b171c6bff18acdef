// One cleartext port for gRPC (HTTP/2 with prior knowledge), gRPC-Web, Connect and plain HTTP/1.1.
// An http.Server owns the port, so that its timeouts apply; it hands on connections that open with the HTTP/2 preface.
import * as http from "node:http";
import * as http2 from "node:http2";
import type { Server, Socket } from "node:net";
import type { HttpHandler } from "./http-types.ts";
import { createOpenConnections } from "./open-connections.ts";
import { sniffOpening } from "./preface.ts";
import type { TransportLog } from "./transport-log.ts";

/** Where and how to listen. */
export interface ListenOptions {
  /** Address to bind, e.g. `127.0.0.1`, `::`. */
  readonly host: string;
  /** Port to bind; 0 lets the system choose. */
  readonly port: number;
  /** Answers the requests of both HTTP versions; must not throw. */
  readonly handler: HttpHandler;
  readonly log: TransportLog;
  /** Time limit for a new connection to show its protocol (cleartext) or to finish its handshake (TLS). Default 10,000 ms. */
  readonly openingTimeoutMs?: number;
  /** How long an idle HTTP/1.1 connection is kept; longer than the idle timeout of a load balancer in front. Default 75,000 ms. */
  readonly keepAliveTimeoutMs?: number;
  /** Concurrent streams of one HTTP/2 connection. Default 200. */
  readonly maxConcurrentStreams?: number;
  /** HTTP/2 ping interval; a peer that misses one is dropped. Equivalent to GRPC_ARG_KEEPALIVE_TIME_MS. Default 30,000 ms. */
  readonly pingIntervalMs?: number;
}

/** An open port. */
export interface Listener {
  /** Base URL for clients on this machine. */
  readonly url: string;
  readonly port: number;
  /** Refuses new connections, lets calls in flight finish for `graceMs`, then cuts the rest. Resolves when all are closed. */
  close(graceMs: number): Promise<void>;
}

/** The defaults of ListenOptions. */
export const listenDefaults = {
  openingTimeoutMs: 10_000,
  keepAliveTimeoutMs: 75_000,
  maxConcurrentStreams: 200,
  pingIntervalMs: 30_000,
} as const;

const tlsRefusal =
  "HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain; charset=utf-8\r\nconnection: close\r\n\r\n" +
  "This port speaks cleartext HTTP; the client sent a TLS handshake. Use http:// (gRPC: plaintext).\n";

/** Listens in cleartext. Rejects with the system's error when the address cannot be bound. */
export async function listen(options: ListenOptions): Promise<Listener> {
  const { host, port, handler, log, ...given } = options;
  const limits = { ...listenDefaults, ...given };
  const http1 = http.createServer({ keepAliveTimeout: limits.keepAliveTimeoutMs });
  const h2 = http2.createServer({ settings: { maxConcurrentStreams: limits.maxConcurrentStreams } });
  const connections = createOpenConnections(http1, limits.pingIntervalMs);
  const undecided = new Set<Socket>();
  const answer = connections.drainable(handler);
  http1.on("request", answer);
  h2.on("request", answer);
  h2.on("session", connections.addSession);
  h2.on("sessionError", (err) => log.debug({ err }, "HTTP/2 session failed"));

  // Node serves HTTP/1.1 and HTTP/2 on one port with TLS only (nodejs/node#26795, #44887), so the protocol is detected before
  // the HTTP/1.1 server's own connection listeners run.
  const asHttp1 = http1.listeners("connection");
  http1.removeAllListeners("connection");
  http1.on("connection", (socket: Socket) => {
    connections.addSocket(socket);
    undecided.add(socket);
    socket.on("error", (err) => log.debug({ err }, "connection failed"));
    sniffOpening(socket, limits.openingTimeoutMs, (opening) => {
      undecided.delete(socket);
      switch (opening) {
        case "http1":
          for (const accept of asHttp1) accept.call(http1, socket);
          return;
        case "http2":
          // Sockets of an http.Server allow half-open; an HTTP/2 session on one would not notice that its peer has closed.
          socket.allowHalfOpen = false;
          h2.emit("connection", socket);
          return;
        case "tls":
          log.warn({ remoteAddress: socket.remoteAddress }, "TLS handshake on a cleartext port");
          socket.end(tlsRefusal, () => socket.destroy());
          return;
        default:
          socket.destroy();
      }
    });
  });

  const bound = await bind(http1, host, port);
  return {
    url: urlOf("http", host, bound),
    port: bound,
    close(graceMs) {
      for (const socket of undecided) socket.destroy();
      return connections.drain(graceMs);
    },
  };
}

/** Binds a server and returns its port; rejects with the system's error. */
export function bind(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port }, () => {
      server.off("error", reject);
      const address = server.address();
      if (address === null || typeof address === "string") return reject(new Error("not a TCP port"));
      resolve(address.port);
    });
  });
}

/** The URL of a bound port; for a wildcard address, with the loopback address. */
export function urlOf(scheme: "http" | "https", host: string, port: number): string {
  const reachable = { "0.0.0.0": "127.0.0.1", "::": "::1" }[host] ?? host;
  return `${scheme}://${reachable.includes(":") ? `[${reachable}]` : reachable}:${port}`;
}
