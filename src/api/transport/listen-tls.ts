// The TLS port: HTTP/2 and HTTP/1.1 by ALPN, with the handler of the cleartext port. Certificates are reloaded when their
// files change, because Kubernetes and cert-manager renew them in place.
import { readFile } from "node:fs/promises";
import * as http2 from "node:http2";
import type { Socket } from "node:net";
import { bind, listenDefaults, urlOf, type Listener, type ListenOptions } from "./listen.ts";
import { createOpenConnections, type PortOwner } from "./open-connections.ts";

/** ListenOptions, and the files of the server's identity, both PEM. */
export interface ListenTlsOptions extends ListenOptions {
  /** Certificate chain, leaf first. */
  readonly certFile: string;
  readonly keyFile: string;
  /** How often the files are checked for changes. Default 10,000 ms. */
  readonly reloadIntervalMs?: number;
}

interface Identity {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/**
 * Listens with TLS 1.2 or later. Rejects when a file cannot be read, certificate and key do not belong together, or the
 * address cannot be bound. Later, unusable files are logged and the old certificate stays in use.
 */
export async function listenTls(options: ListenTlsOptions): Promise<Listener> {
  const { host, port, handler, log, ...given } = options;
  const limits = { ...listenDefaults, reloadIntervalMs: 10_000, ...given };
  let inUse = await readIdentity(options);
  const server = http2.createSecureServer({
    ...inUse,
    allowHTTP1: true,
    minVersion: "TLSv1.2",
    handshakeTimeout: limits.openingTimeoutMs,
    settings: { maxConcurrentStreams: limits.maxConcurrentStreams },
    http1Options: { keepAliveTimeout: limits.keepAliveTimeoutMs },
  }) as http2.Http2SecureServer & PortOwner; // closeIdleConnections exists since Node 18, not yet in its types
  const connections = createOpenConnections(server, limits.pingIntervalMs);
  server.on("request", connections.drainable(handler));
  server.on("connection", (socket: Socket) => connections.addSocket(socket));
  server.on("session", connections.addSession);
  server.on("sessionError", (err) => log.debug({ err }, "HTTP/2 session failed"));
  server.on("tlsClientError", (err: Error) => log.debug({ err }, "TLS handshake failed"));

  const bound = await bind(server, host, port);
  const reload = async (): Promise<void> => {
    try {
      const found = await readIdentity(options);
      if (sameIdentity(found, inUse)) return;
      server.setSecureContext({ ...found, minVersion: "TLSv1.2" });
      inUse = found;
      log.info({ certFile: options.certFile }, "certificate reloaded");
    } catch (err) {
      log.warn(
        { err, certFile: options.certFile },
        "certificate cannot be reloaded, the old one stays in use",
      );
    }
  };
  const timer = setInterval(() => void reload(), limits.reloadIntervalMs);
  timer.unref();
  return {
    url: urlOf("https", host, bound),
    port: bound,
    close(graceMs) {
      clearInterval(timer);
      return connections.drain(graceMs);
    },
  };
}

async function readIdentity({ certFile, keyFile }: ListenTlsOptions): Promise<Identity> {
  const [cert, key] = await Promise.all([readFile(certFile), readFile(keyFile)]);
  return { cert, key };
}

function sameIdentity(one: Identity, other: Identity): boolean {
  return one.cert.equals(other.cert) && one.key.equals(other.key);
}
