// Opening and closing the HTTP ports of the embedded cluster.
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";

/** Port 0 takes a free port. @returns the URL, without a trailing slash. @throws the system's error. */
export async function listen(
  server: Server,
  where: { readonly host: string; readonly port: number },
): Promise<string> {
  const listening = Promise.withResolvers<void>();
  server.once("error", listening.reject);
  server.listen(where.port, where.host, listening.resolve);
  await listening.promise;
  server.off("error", listening.reject);
  const { address, family, port } = server.address() as AddressInfo;
  return `http://${family === "IPv6" ? `[${address}]` : address}:${port}`;
}

/** Resolves when the port and every connection are closed. What is already written is still sent. */
export async function close(server: Server): Promise<void> {
  const closed = Promise.withResolvers<void>();
  server.close((error) => (error === undefined ? closed.resolve() : closed.reject(error)));
  setImmediate(() => server.closeAllConnections());
  await closed.promise;
}
