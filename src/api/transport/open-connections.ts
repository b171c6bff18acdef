// The connections of one listener, and how they end: calls in flight may finish, then what is left is cut.
import type { ServerHttp2Session } from "node:http2";
import type { Socket } from "node:net";
import type { HttpHandler } from "./http-types.ts";

/** A server that owns a port and knows which HTTP/1.1 connections are idle. */
export interface PortOwner {
  close(callback: () => void): unknown;
  closeIdleConnections(): void;
}

/** The sockets and HTTP/2 sessions of one listener. */
export interface OpenConnections {
  /** Tracks a socket until it closes. */
  addSocket(socket: Socket): void;
  /** Tracks an HTTP/2 session until it closes, and pings it so that a vanished peer does not keep streams open. */
  addSession(this: void, session: ServerHttp2Session): void;
  /** The handler, made to close HTTP/1.1 connections after their response once `drain` has begun. */
  drainable(handler: HttpHandler): HttpHandler;
  /**
   * Refuses new connections, sends GOAWAY, closes idle HTTP/1.1 connections and waits for calls in flight, at most `graceMs`.
   * Then destroys what is left; peers have a second after the last call to close their connections. Resolves when every
   * socket is closed. A second call can shorten the wait.
   */
  drain(graceMs: number): Promise<void>;
}

/** A peer that reads slowly or is stopped does not close its connection: without this, each would cost the whole grace. */
const lingerMs = 1_000;

/** Tracks the connections of `server`; a session that leaves a ping unanswered for `pingIntervalMs` is destroyed. */
export function createOpenConnections(server: PortOwner, pingIntervalMs: number): OpenConnections {
  const sockets = new Set<Socket>();
  const sessions = new Set<ServerHttp2Session>();
  let closed: Promise<void> | undefined;
  let inFlight = 0;
  let lingering: NodeJS.Timeout | undefined;

  const cut = (): void => {
    for (const session of sessions) session.destroy();
    for (const socket of sockets) socket.destroy();
  };

  const lingerWhenIdle = (): void => {
    if (closed !== undefined && inFlight === 0) lingering ??= setTimeout(cut, lingerMs);
  };

  return {
    addSocket(socket) {
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
    },
    addSession(session) {
      sessions.add(session);
      const stopPings = keepAlive(session, pingIntervalMs);
      session.once("close", () => {
        stopPings();
        sessions.delete(session);
      });
      if (closed !== undefined) session.close();
    },
    drainable: (handler) => (request, response) => {
      inFlight += 1;
      clearTimeout(lingering);
      lingering = undefined;
      response.once("close", () => {
        inFlight -= 1;
        lingerWhenIdle();
      });
      if (request.httpVersionMajor === 1) {
        if (closed !== undefined) response.setHeader("connection", "close");
        response.once("close", () => closed !== undefined && server.closeIdleConnections());
      }
      handler(request, response);
    },
    async drain(graceMs) {
      closed ??= new Promise((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
        for (const session of sessions) session.close();
      });
      lingerWhenIdle();
      const timer = setTimeout(cut, graceMs);
      await closed;
      clearTimeout(timer);
      clearTimeout(lingering);
    },
  };
}

/** Pings a session at each interval and destroys it when the previous ping has no answer yet. Returns a function that stops it. */
function keepAlive(session: ServerHttp2Session, intervalMs: number): () => void {
  let outstanding = false;
  const timer = setInterval(() => {
    if (session.destroyed) return;
    if (outstanding) return session.destroy();
    outstanding = session.ping((error) => {
      if (error === null) outstanding = false;
    });
  }, intervalMs);
  timer.unref();
  return () => clearInterval(timer);
}
