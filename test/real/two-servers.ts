// One request to two API servers, the real one of KUBECONFIG and the embedded one, and what of the answers must agree.
import { readFile } from "node:fs/promises";
import { request as http } from "node:http";
import { request as https } from "node:https";
import { parse } from "yaml";
import { createApiServer } from "../../src/local/api/api-server.ts";

/** A request in the form of both servers. */
export interface Call {
  readonly method: string;
  readonly path: string;
  readonly type?: string;
  readonly body?: unknown;
}

/** Sends a request; resolves with the code and the JSON of the answer. */
export type Send = (call: Call) => Promise<{ readonly code: number; readonly body: unknown }>;

interface Kubeconfig {
  readonly clusters: readonly [
    { readonly cluster: { readonly server: string; readonly "certificate-authority-data": string } },
  ];
  readonly users: readonly [
    { readonly user: { readonly "client-certificate-data": string; readonly "client-key-data": string } },
  ];
}

function sender(
  base: string,
  tls: { readonly ca?: Buffer; readonly cert?: Buffer; readonly key?: Buffer },
): Send {
  return ({ method, path, type = "application/json", body }) =>
    new Promise((resolve, reject) => {
      const url = new URL(path, base);
      const headers = body === undefined ? {} : { "content-type": type };
      const options = { method, headers: { ...headers, "user-agent": "two-servers" }, ...tls };
      const request = (url.protocol === "https:" ? https : http)(url, options, (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => (text += chunk));
        response.on("end", () => resolve({ code: response.statusCode ?? 0, body: JSON.parse(text) }));
        response.on("error", reject);
      });
      request.on("error", reject);
      request.end(body === undefined ? undefined : JSON.stringify(body));
    });
}

/** The API server of the kubeconfig that KUBECONFIG names, as test/real/run writes it. */
export async function realServer(): Promise<Send> {
  const config = parse(await readFile(process.env["KUBECONFIG"] ?? "", "utf8")) as Kubeconfig;
  const [{ cluster }] = config.clusters;
  const [{ user }] = config.users;
  return sender(cluster.server, {
    ca: Buffer.from(cluster["certificate-authority-data"], "base64"),
    cert: Buffer.from(user["client-certificate-data"], "base64"),
    key: Buffer.from(user["client-key-data"], "base64"),
  });
}

/** A separate embedded API server, and how to stop it. */
export async function embeddedServer(): Promise<{ readonly send: Send; stop(): Promise<void> }> {
  const server = createApiServer();
  const { url } = await server.listen({ host: "127.0.0.1", port: 0 });
  return { send: sender(url, {}), stop: () => server.close() };
}

const changing = new Set(["uid", "resourceVersion", "creationTimestamp", "deletionTimestamp", "time"]);
const uid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;

/**
 * An answer without what differs from server to server and from run to run: identities, times, the order of
 * managers (which goes by time) and of conflicts (which kube-apiserver leaves to chance).
 */
export function comparable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value === "string") return value.replaceAll(uid, "UID");
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value)
    .filter(([key]) => !changing.has(key))
    .map(
      ([key, field]) => [key, unordered.has(key) ? sorted(comparable(field)) : comparable(field)] as const,
    );
  const result = Object.fromEntries(entries);
  const manyConflicts =
    result["reason"] === "Conflict" && String(result["message"]).startsWith("Apply failed");
  return manyConflicts ? { ...result, message: "conflicts" } : result;
}

const unordered = new Set(["managedFields", "causes"]);

function sorted(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  return value.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}
