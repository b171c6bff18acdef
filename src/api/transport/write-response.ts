// Writes Connect's response with either HTTP version. connect-node's own writer waits for "drain" alone: when an HTTP/1.1
// client leaves a stream under backpressure, it waits forever and the service's stream never ends.
import type { UniversalServerResponse } from "@connectrpc/connect/protocol";
import type { HttpResponse } from "./http-types.ts";

/**
 * Sends headers, body and trailers as fast as the client reads. When the client disconnects, returns the body's iterator,
 * so that the service's stream ends, and resolves. Rejects with what the body throws.
 */
export async function writeResponse(answer: UniversalServerResponse, response: HttpResponse): Promise<void> {
  const body = (answer.body ?? noBytes())[Symbol.asyncIterator]();
  const client = { left: false };
  response.once("close", () => (client.left = true)).once("error", () => (client.left = true));
  try {
    // Headers are sent with the first chunk: until then the service may set some.
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

/** Resolves when the client has read enough to continue, or has disconnected. */
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
