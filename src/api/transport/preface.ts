// Detects a client's protocol on a cleartext port by its first bytes: HTTP/2 with prior knowledge opens with a fixed
// preface (RFC 9113 §3.4), TLS with a handshake record (RFC 8446 §5.1); everything else goes to HTTP/1.1.
import type { Socket } from "node:net";

/** What a cleartext connection is; `silent` = timed out, `closed` = the peer closed before sending enough. */
export type Opening = "http1" | "http2" | "tls" | "silent" | "closed";

const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
const tlsHandshakeRecord = 0x16;

/** The protocol of the bytes so far; undefined while they are an incomplete HTTP/2 preface. */
function openingOf(seen: Buffer): "http1" | "http2" | "tls" | undefined {
  if (seen[0] === tlsHandshakeRecord) return "tls";
  const length = Math.min(seen.length, preface.length);
  if (!seen.subarray(0, length).equals(preface.subarray(0, length))) return "http1";
  return length === preface.length ? "http2" : undefined;
}

/**
 * Reads from a new socket until its opening is known, puts the bytes back and calls `decided` exactly once. By then its
 * own listeners are removed, and the socket can be passed to an HTTP server.
 */
export function sniffOpening(socket: Socket, timeoutMs: number, decided: (opening: Opening) => void): void {
  let seen = Buffer.alloc(0);
  const decide = (opening: Opening): void => {
    clearTimeout(timer);
    socket.off("readable", read).off("end", leave).off("close", leave);
    if (seen.length > 0 && (opening === "http1" || opening === "http2")) socket.unshift(seen);
    decided(opening);
  };
  const read = (): void => {
    for (let chunk = nextChunk(socket); chunk !== undefined; chunk = nextChunk(socket)) {
      seen = Buffer.concat([seen, chunk]);
      const opening = openingOf(seen);
      if (opening !== undefined) return decide(opening);
    }
  };
  const leave = (): void => decide("closed");
  const timer = setTimeout(() => decide("silent"), timeoutMs);
  socket.on("readable", read).on("end", leave).on("close", leave);
}

function nextChunk(socket: Socket): Buffer | undefined {
  const chunk: unknown = socket.read();
  return chunk instanceof Buffer ? chunk : undefined;
}
