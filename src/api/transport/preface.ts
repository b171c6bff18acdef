// Decides from its first bytes what a client speaks on a cleartext port: HTTP/2 with prior knowledge opens with a
// fixed preface (RFC 9113 §3.4), TLS with a handshake record (RFC 8446 §5.1); everything else is left to HTTP/1.1.

import type { Socket } from "node:net";

/** What a cleartext connection turned out to be; `silent` = the time ran out, `closed` = the peer left before saying enough. */
export type Opening = "http1" | "http2" | "tls" | "silent" | "closed";

const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
const TLS_HANDSHAKE_RECORD = 0x16;

/** Judges the bytes seen so far; undefined as long as they are a true prefix of the HTTP/2 preface. */
function judgeOpening(seen: Buffer): "http1" | "http2" | "tls" | undefined {
  if (seen[0] === TLS_HANDSHAKE_RECORD) return "tls";
  const length = Math.min(seen.length, PREFACE.length);
  if (!seen.subarray(0, length).equals(PREFACE.subarray(0, length))) return "http1";
  return length === PREFACE.length ? "http2" : undefined;
}

/**
 * Reads from a new socket until its opening is known, puts the bytes back and calls `decided` exactly once.
 * The socket has then no listener of ours left and can be handed to an HTTP server.
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
      const opening = judgeOpening(seen);
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
