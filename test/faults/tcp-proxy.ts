// A TCP connection to the API server that a test can break in the ways in which networks break.
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { setImmediate } from "node:timers/promises";

export interface TcpProxy extends AsyncDisposable {
  readonly url: string;
  /** Connections accepted so far. */
  readonly accepted: number;
  /** Connections that are open now. */
  readonly open: number;
  /** Resets every connection; new ones are accepted. */
  reset(): void;
  /** Resets every connection and refuses new ones, until mend(). */
  cut(): Promise<void>;
  /**
   * A host that vanished without a farewell: connections stay open, new ones are accepted, and no byte passes in either
   * direction, until mend(). Connections made or open in that time stay silent after it, as those of a lost host do.
   */
  blackHole(): void;
  /** Ends the direction from the API server to the client with FIN in every connection; the other one stays open. */
  halfClose(): void;
  /** From now on every byte travels in a write of its own. */
  trickle(): void;
  /** New connections work again, on the same port. */
  mend(): Promise<void>;
}

interface Link {
  readonly near: Socket;
  readonly far: Socket;
  silent: boolean;
  halfClosed: boolean;
}

export async function startTcpProxy(targetUrl: string): Promise<TcpProxy> {
  const { hostname, port } = new URL(targetUrl);
  const links = new Set<Link>();
  let accepted = 0;
  let silent = false;
  let byByte = false;

  function pass(link: Link, from: Socket, to: Socket): void {
    let passing = Promise.resolve();
    const later = (work: () => Promise<void> | void): void => {
      passing = passing.then(async () => {
        if (!link.silent && !(link.halfClosed && to === link.near)) await work();
      });
    };
    from.on("data", (chunk: Buffer) => {
      from.pause();
      later(async () => {
        if (byByte) for (const byte of chunk) await write(to, Buffer.of(byte));
        else await write(to, chunk);
      });
      passing = passing.then(() => void from.resume());
    });
    from.on("end", () => later(() => void to.end()));
    from.on("error", () => from.destroy());
    from.on("close", () => {
      later(() => void to.destroy());
      if (link.near.destroyed) links.delete(link);
    });
  }

  const server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
    accepted += 1;
    const far = connect({ port: Number(port), host: hostname, allowHalfOpen: true, noDelay: true });
    const link = { near, far, silent, halfClosed: false };
    links.add(link);
    pass(link, near, far);
    pass(link, far, near);
  });
  const listen = async (at: number): Promise<void> => {
    server.listen(at, "127.0.0.1");
    await once(server, "listening");
  };
  const reset = (): void => {
    for (const { near, far } of links) {
      near.resetAndDestroy();
      far.destroy();
    }
    links.clear();
  };
  const cut = async (): Promise<void> => {
    if (!server.listening) return;
    server.close();
    reset();
    await once(server, "close");
  };
  await listen(0);
  const ownPort = (server.address() as AddressInfo).port;
  return {
    url: `http://127.0.0.1:${ownPort}`,
    get accepted() {
      return accepted;
    },
    get open() {
      return links.size;
    },
    reset,
    cut,
    blackHole() {
      silent = true;
      for (const link of links) link.silent = true;
    },
    halfClose() {
      for (const link of links) {
        link.halfClosed = true;
        link.near.end();
      }
    },
    trickle() {
      byByte = true;
    },
    async mend() {
      silent = false;
      byByte = false;
      if (!server.listening) await listen(ownPort);
    },
    [Symbol.asyncDispose]: cut,
  };
}

/** Resolves when the bytes are with the system and the reader had the chance to read them, or the connection is gone. */
async function write(to: Socket, bytes: Buffer): Promise<void> {
  if (to.destroyed) return;
  const { promise, resolve } = Promise.withResolvers<unknown>();
  to.write(bytes, resolve);
  await promise;
  await setImmediate();
}
