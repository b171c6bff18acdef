// Starts the transport on a loopback port chosen by the system, and the clients that the tests call it with.

import { create, fromBinary, toBinary, type DescMethod, type MessageShape } from "@bufbuild/protobuf";
import type { Transport } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import * as grpc from "@grpc/grpc-js";
import { connect, type Socket } from "node:net";
import { onTestFinished } from "vitest";
import { Health, HealthCheckRequestSchema } from "../../../gen/grpc/health/v1/health_pb.ts";
import { createHandler, type HandlerOptions } from "../../../src/api/transport/handler.ts";
import { createHealth } from "../../../src/api/transport/health.ts";
import { listen, type Listener, type ListenOptions } from "../../../src/api/transport/listen.ts";
import { createReflection } from "../../../src/api/transport/reflection.ts";
import { recordLog } from "../../support/log.ts";

/** Serves health and reflection (or the given routes) until the test is over. */
export async function serve(options: Partial<HandlerOptions & ListenOptions> = {}) {
  const log = recordLog();
  const health = createHealth();
  health.set("", true);
  const reflection = createReflection([Health]);
  const handler = createHandler({
    log,
    routes(router) {
      health.routes(router);
      reflection(router);
    },
    ...options,
  });
  const listener = await listen({ host: "127.0.0.1", port: 0, handler, log, ...options });
  onTestFinished(() => listener.close(0));
  return { ...listener, log, health };
}

/** Node's HTTP/2 client gives up by itself on 10 MB in flight; the tests are about the server's limits. */
const nodeOptions = { maxSessionMemory: 100 };

/** The four clients of a base URL whose calls must give the same answers. */
export const transports: Record<string, (baseUrl: string) => Transport> = {
  "gRPC over HTTP/2": (baseUrl) => createGrpcTransport({ baseUrl, nodeOptions }),
  "gRPC-Web over HTTP/1.1": (baseUrl) => createGrpcWebTransport({ baseUrl, httpVersion: "1.1" }),
  "Connect over HTTP/1.1": (baseUrl) => createConnectTransport({ baseUrl, httpVersion: "1.1" }),
  "Connect JSON over HTTP/2": (baseUrl) =>
    createConnectTransport({ baseUrl, httpVersion: "2", useBinaryFormat: false, nodeOptions }),
};

/** A grpc-js client of the port, closed when the test is over. */
export function grpcJs(port: number): grpc.Client {
  const client = new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
  onTestFinished(() => client.close());
  return client;
}

/** Calls Check by grpc-js; rejects with grpc-js' own error. */
export function grpcJsCheck(
  client: grpc.Client,
  service = "",
): Promise<MessageShape<(typeof Health.method.check)["output"]>> {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      pathOfMethod(Health.method.check),
      (message: Uint8Array) => Buffer.from(message),
      (bytes) => fromBinary(Health.method.check.output, bytes),
      toBinary(HealthCheckRequestSchema, create(HealthCheckRequestSchema, { service })),
      (error, response) =>
        response === undefined ? reject(error ?? new Error("no response")) : resolve(response),
    );
  });
}

/** `/package.Service/Method`. */
export function pathOfMethod(method: DescMethod): string {
  return `/${method.parent.typeName}/${method.name}`;
}

/** A TCP connection that collects what it receives; destroyed when the test is over. */
export function rawSocket({ port }: Pick<Listener, "port">): Socket & { readonly received: () => string } {
  const socket = connect({ host: "127.0.0.1", port, noDelay: true });
  let received = "";
  socket.setEncoding("latin1").on("data", (chunk: string) => (received += chunk));
  // A server may end a connection by a reset; what matters to a test is that it ended.
  socket.on("error", () => undefined);
  onTestFinished(() => void socket.destroy());
  return Object.assign(socket, { received: () => received });
}

/** The messages of a stream, to be taken one at a time. */
export function oneByOne<T>(messages: AsyncIterable<T>): AsyncIterator<T> {
  return messages[Symbol.asyncIterator]();
}
