// Writes Connect's response to a response of either HTTP version. Own, because connect-node's waits for "drain" alone: when
// an HTTP/1.1 client leaves a stream under backpressure it waits for good, and the service's stream is never ended.

import type { UniversalServerResponse } from "@connectrpc/connect/protocol";
import type { HttpResponse } from "./http-types.ts";

/**
 * Sends headers, body and trailers as fast as the client reads. When the client leaves, the body is returned, so that the
 * service's stream ends, and the promise resolves. Rejects with what the body throws.
 */
export async function writeResponse(answer: UniversalServerResponse, response: HttpResponse): Promise<void> {
  const body = (answer.body ?? noBytes())[Symbol.asyncIterator]();
  const client = { left: false };
  response.once("close", () => (client.left = true)).once("error", () => (client.left = true));
  try {
    // Headers go out after the first chunk is there: until then the service may set some.
    let chunk = await body.next();
    if (client.left) return;
    response.writeHead(answer.status, toNode(answer.header));
    for (; chunk.done !== true; chunk = await body.next()) {
      if (client.left) return;
      if (!response.write(chunk.value)) await writableAgain(response);
    }
    if (answer.trailer !== undefined) response.addTrailers(toNode(answer.trailer));
    response.end();
  } finally {
    await body.return?.();
  }
}

/** Resolves when the client has read on, or has left. */
function writableAgain(response: HttpResponse): Promise<void> {
  return new Promise((resolve) => {
    const settle = (): void => {
      response.off("drain", settle).off("close", settle).off("error", settle);
      resolve();
    };
    response.on("drain", settle).on("close", settle).on("error", settle);
  });
}

function toNode(headers: Headers | undefined): Record<string, string> {
  return Object.fromEntries(headers ?? []);
}

async function* noBytes(): AsyncGenerator<Uint8Array> {}
