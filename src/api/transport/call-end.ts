// Ends calls that would stay open: the body was not read to the end, e.g. because it was too large (an HTTP/2 stream would
// stay open forever, an HTTP/1.1 connection would block its next request), or the response broke off.
import { constants, type Http2ServerRequest } from "node:http2";
import { Code, ConnectError } from "@connectrpc/connect";
import type { HttpRequest, HttpResponse } from "./http-types.ts";

/** How long a client that has its answer may keep sending before it is cut off; many read only after writing. */
const lingerMs = 5_000;
/** The same for a client that did not send its message in time, or made one call too many. */
const shortLingerMs = 100;

/** Node's codes for a peer that closes its connection or resets its stream. */
const leftCodes: ReadonlySet<unknown> = new Set(["ERR_STREAM_PREMATURE_CLOSE", "ECONNRESET"]);

/**
 * Reads a body without destroying the connection when the reader stops early: the answer must still be sent.
 * @throws ConnectError CANCELED when the client disconnects before the end, which is not an error of this process.
 */
export async function* bodyOf(request: HttpRequest): AsyncGenerator<Uint8Array> {
  const chunks: AsyncIterable<Uint8Array> = {
    [Symbol.asyncIterator]: () => request.iterator({ destroyOnReturn: false }),
  };
  try {
    yield* chunks;
  } catch (cause) {
    if (!leftCodes.has((cause as NodeJS.ErrnoException).code)) throw cause;
    throw new ConnectError("the client disconnected", Code.Canceled, undefined, undefined, cause);
  }
}

/**
 * After the response is sent, discards unread input and, after some seconds, or soon if the call was cut, ends the upload:
 * in HTTP/2 by RST_STREAM with NO_ERROR (RFC 9113 §8.1), in HTTP/1.1 by closing the connection.
 */
export function endUploadAfter(
  response: HttpResponse,
  request: HttpRequest,
  isCut: () => boolean = () => false,
): void {
  // The HTTP/2 response emits "finish" only when its whole stream is closed; the stream emits it in time.
  const sending = isHttp2(request) ? request.stream : response;
  sending.once("finish", () => {
    if (request.complete || request.destroyed) return;
    const cut = (): unknown =>
      isHttp2(request) ? request.stream.close(constants.NGHTTP2_NO_ERROR) : request.socket.destroy();
    const timer = setTimeout(cut, isCut() ? shortLingerMs : lingerMs);
    request.once("close", () => clearTimeout(timer));
    request.resume();
  });
}

/** Ends a response that broke off, so that its reader notices. */
export function cutResponse(response: HttpResponse): void {
  if ("stream" in response) response.stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  else response.destroy();
}

/** The same object for all calls of a connection. */
export function connectionOf(request: HttpRequest): object {
  return isHttp2(request) ? (request.stream.session ?? request.stream) : request.socket;
}

function isHttp2(request: HttpRequest): request is Http2ServerRequest {
  return request.httpVersionMajor === 2;
}
