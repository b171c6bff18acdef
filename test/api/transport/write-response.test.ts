// A stream ends when its client disconnects, even if the client has not read what was sent.

import { once } from "node:events";
import * as http from "node:http";
import * as http2 from "node:http2";
import { it } from "vitest";
import { writeResponse } from "../../../src/api/transport/write-response.ts";
import type { HttpResponse } from "../../../src/api/transport/http-types.ts";
import { serve } from "./serving.ts";

/** Asks for `url`, takes the response's head, reads nothing more. Returns how to leave. */
const askers: Record<string, (url: string) => Promise<() => void>> = {
  async "HTTP/1.1"(url) {
    const request = http.get(url);
    const [response] = await once(request, "response");
    return () => response.destroy();
  },
  async "HTTP/2"(url) {
    const session = http2.connect(url);
    const stream = session.request({ ":path": "/" });
    await once(stream, "response");
    return () => session.destroy();
  },
};

it.for(Object.entries(askers))(
  "ends a body that waits for its reader when the reader disconnects, over %s",
  async ([, ask], { expect }) => {
    const ended = { body: false, writing: false };
    let writing: HttpResponse | undefined;
    async function* endless() {
      try {
        for (;;) yield new Uint8Array(1024 * 1024);
      } finally {
        ended.body = true;
      }
    }
    const { url } = await serve({
      http(_request, response) {
        writing = response;
        void writeResponse({ status: 200, body: endless() }, response).then(() => (ended.writing = true));
        return true;
      },
    });
    const leave = await ask(url);
    await expect.poll(() => writing?.writableNeedDrain ?? writing?.writableLength).toBeTruthy();
    leave();
    await expect.poll(() => ended).toEqual({ body: true, writing: true });
  },
);
