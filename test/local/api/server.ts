// Starts a server for one test, and sends plain HTTP requests to it.
import { onTestFinished } from "vitest";
import { type ApiServerOptions, createApiServer } from "../../../src/local/api/api-server.ts";

export interface Answer {
  readonly code: number;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests read fields of answers of every kind
  readonly body: any;
  readonly headers: Headers;
}

/** One watch; `next` resolves with its next event. */
export interface Watching {
  next(): Promise<{ type: string; object: Answer["body"] }>;
  ended(): Promise<void>;
}

export interface TestServer {
  readonly url: string;
  call(
    method: string,
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Answer>;
  watch(path: string): Promise<Watching>;
  close(): Promise<void>;
}

/** Starts a server on a free port, and closes it when the test ends. */
export async function startServer(options: ApiServerOptions = {}): Promise<TestServer> {
  const server = createApiServer(options);
  const { url } = await server.listen({ host: "127.0.0.1", port: 0 });
  const leaving = new AbortController();
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => (closed ??= server.close());
  onTestFinished(async () => {
    leaving.abort();
    await close();
  });
  return {
    url,
    close,
    async call(method, path, body, headers = {}) {
      const response = await fetch(url + path, {
        method,
        headers: { ...(body !== undefined && { "content-type": "application/json" }), ...headers },
        ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
      });
      const text = await response.text();
      const isJson = response.headers.get("content-type")?.startsWith("application/json") === true;
      return { code: response.status, body: isJson ? JSON.parse(text) : text, headers: response.headers };
    },
    async watch(path) {
      const response = await fetch(url + path, { signal: leaving.signal });
      if (response.body === null) throw new Error("the watch has no body");
      const lines = linesOf(response.body);
      return {
        async next() {
          const { value, done } = await lines.next();
          if (done === true) throw new Error("the watch has ended");
          return JSON.parse(value) as { type: string; object: unknown };
        },
        async ended() {
          const { done, value } = await lines.next();
          if (done !== true) throw new Error(`the watch did not end, but sent ${value}`);
        },
      };
    },
  };
}

async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string, undefined> {
  let rest = "";
  const decoder = new TextDecoder();
  for await (const chunk of body) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = parts.pop() ?? "";
    yield* parts;
  }
  return undefined;
}

export const configMaps = "/api/v1/namespaces/default/configmaps";
export const secrets = "/api/v1/namespaces/default/secrets";
export const pods = "/api/v1/namespaces/default/pods";
export const vms = "/apis/kubevirt.io/v1/namespaces/default/virtualmachines";
export const vmis = "/apis/kubevirt.io/v1/namespaces/default/virtualmachineinstances";
export const nads = "/apis/k8s.cni.cncf.io/v1/namespaces/default/network-attachment-definitions";

export function configMap(name: string, data: Record<string, string> = {}, metadata: object = {}): object {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, ...metadata }, data };
}

export function vm(name: string, spec: object = {}, metadata: object = {}): object {
  const template = { spec: { domain: { devices: {} } } };
  return {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachine",
    metadata: { name, ...metadata },
    spec: { runStrategy: "Halted", template, ...spec },
  };
}
