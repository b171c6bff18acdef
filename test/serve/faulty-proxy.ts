// A proxy in front of the API server: it passes everything on, and on request answers the writes of one kind of object itself.
import { once } from "node:events";
import { createServer, request, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

/** The answer to a write, made of the request's body. */
export type Refusal = (body: string) => { readonly status: number; readonly body: string };

export interface FaultyProxy {
  readonly url: string;
  /** Answers every later PATCH of a path with `part` so; undefined passes them on again. */
  refuse(part: string, refusal: Refusal | undefined): void;
  close(): Promise<void>;
}

export async function startFaultyProxy(target: string): Promise<FaultyProxy> {
  let refused: { readonly part: string; readonly refusal: Refusal } | undefined;

  async function answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { method = "GET", url = "/", headers } = incoming;
    if (method === "PATCH" && refused !== undefined && url.includes(refused.part)) {
      const { status, body } = refused.refusal((await buffer(incoming)).toString());
      outgoing.writeHead(status, { "content-type": "application/json" }).end(body);
      return;
    }
    const onward = request(new URL(url, target), { method, headers }, (answered) => {
      outgoing.writeHead(answered.statusCode ?? 502, answered.headers);
      outgoing.flushHeaders();
      answered.pipe(outgoing);
    });
    onward.on("error", () => outgoing.destroy());
    outgoing.on("close", () => onward.destroy());
    incoming.pipe(onward);
  }

  const server = createServer((incoming, outgoing) => {
    answer(incoming, outgoing).catch((error: unknown) => outgoing.destroy(error as Error));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    refuse(part, refusal) {
      refused = refusal && { part, refusal };
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** A Status object as an API server answers with. */
export function statusBody(code: number, reason: string, message: string, field?: string): string {
  const causes = field === undefined ? [] : [{ reason: "FieldValueInvalid", message, field }];
  const metadata = {};
  return JSON.stringify({
    kind: "Status",
    apiVersion: "v1",
    metadata,
    status: "Failure",
    message,
    reason,
    details: { causes },
    code,
  });
}
