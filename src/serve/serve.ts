// The `serve` command: cluster (real or embedded), service, and graceful shutdown on SIGINT or SIGTERM.
import { readFile, writeFile } from "node:fs/promises";
import { pino } from "pino";
import { stringify } from "yaml";
import { settingName } from "../config/setting-table.ts";
import type { Settings } from "../config/settings.ts";
import type { Catalogue } from "../domain/catalogue.ts";
import { connectKube } from "../kube/connection/connect.ts";
import { isKubeError } from "../kube/errors.ts";
import type { KubeClient } from "../kube/kube-client.ts";
import { exampleNamespace, runExamples } from "./examples.ts";
import { loadCatalogue } from "./load-catalogue.ts";
import { startService, type Service } from "./service.ts";
import { asSettingsError } from "./start-errors.ts";

export interface ServeIo {
  readonly stdout: NodeJS.WritableStream;
  /** Aborted on SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
  readonly version: string;
}

/** Serves until the signal is aborted. @throws SettingsError if another setting would help; KubeError. */
export async function serve(settings: Settings, io: ServeIo): Promise<void> {
  const log = pino({ level: settings.logLevel }, pino.destination({ fd: 2, sync: true }));
  try {
    await serveWith(settings, io, log);
  } catch (error) {
    if (!io.signal.aborted) throw asSettingsError(error, settings);
    // Work that was cancelled by the signal has not failed.
    if (error !== io.signal.reason && !isKubeError(error, "Cancelled")) {
      log.error({ err: error }, "stopping failed");
    }
  }
}

async function serveWith(settings: Settings, io: ServeIo, log: pino.Logger): Promise<void> {
  const catalogue = await loadCatalogue(settings.config, settingName("config"));
  const say = (line: string): void => void io.stdout.write(`${line}\n`);

  const cluster = await openCluster(settings, log);
  try {
    const service = await startService({
      client: cluster.client,
      catalogue,
      listen: settings.listen,
      tls: settings.tls,
      virtHandlerMetrics: settings.virtHandlerMetrics,
      limits: settings,
      virtHandlerAccess: settings.virtHandlerAccess,
      controller: settings.controller ? { leaseNamespace: await leaseNamespace(settings) } : undefined,
      log,
      version: io.version,
    });
    try {
      say(`multinic ${io.version} on ${cluster.words}`);
      await service.whenReady(io.signal);
      if (settings.examples) await showExamples(service, cluster.client, catalogue, say, io.signal);
      sayWhereToLook(service, cluster, settings, say);
      await aborted(io.signal);
    } finally {
      await service.stop();
    }
  } finally {
    await cluster.close();
  }
}

/** The setting, the namespace of this pod, or `default` outside of a pod. */
async function leaseNamespace({ leaseNamespace: given }: Settings): Promise<string> {
  if (given !== undefined) return given;
  try {
    return (await readFile(podNamespaceFile, "utf8")).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    return "default";
  }
}

/** In every pod with a service account (Kubernetes documentation, Accessing the API from a Pod). */
const podNamespaceFile = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";

interface OpenCluster {
  readonly client: KubeClient;
  readonly words: string;
  readonly apiUrl: string | undefined;
  close(): Promise<void>;
}

/** Only what is used is loaded: the embedded cluster, or the code that reads a kubeconfig. */
async function openCluster(settings: Settings, log: pino.Logger): Promise<OpenCluster> {
  if (!settings.local) {
    const { loadKubeConnection } = await import("../kube/connection/credentials.ts");
    const connection = await loadKubeConnection({ kubeconfig: settings.kubeconfig });
    const client = connectKube(connection);
    return {
      client,
      words: `the cluster at ${connection.server}`,
      apiUrl: undefined,
      close: () => client.close(),
    };
  }
  const { startLocalCluster } = await import("../local/local-cluster.ts");
  const { localApiListen: apiListen, localDelays: delays, writeKubeconfig } = settings;
  const local = await startLocalCluster({ apiListen, delays, log, clock: () => new Date() });
  try {
    if (writeKubeconfig !== undefined)
      await writeFile(writeKubeconfig, kubeconfigFor(local.url), { mode: 0o600 });
  } catch (error) {
    await local.stop();
    throw error;
  }
  const client = connectKube({ server: local.url });
  return {
    client,
    words: "the embedded cluster",
    apiUrl: local.url,
    async close() {
      await client.close();
      await local.stop();
    },
  };
}

function kubeconfigFor(server: string): string {
  const name = "multinic-local";
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": name,
    clusters: [{ name, cluster: { server } }],
    users: [{ name, user: {} }],
    contexts: [{ name, context: { cluster: name, user: name } }],
  });
}

async function showExamples(
  service: Service,
  client: KubeClient,
  catalogue: Catalogue,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const { view, model } = service;
  const { vms, nics } = await runExamples({ client, view, model, catalogue, say, signal });
  // performance.now() is the time since the start of this process.
  const seconds = (performance.now() / 1_000).toFixed(1);
  say(`\nAll ${nics} NICs of ${vms} VMs are Up, ${seconds} s after the start of this process.`);
}

function sayWhereToLook(
  service: Service,
  cluster: OpenCluster,
  settings: Settings,
  say: (line: string) => void,
): void {
  const server = service.url === "http://127.0.0.1:8080" ? "" : ` --server ${service.url}`;
  const namespace = settings.examples ? ` -n ${exampleNamespace("3.2-")}` : " -A";
  say(`
  API      ${service.url}  (gRPC, gRPC-Web, Connect)
  NICs     bin/multinic get${server}${namespace}
  metrics  curl ${service.url}/metrics`);
  if (service.tlsUrl !== undefined) say(`  TLS      ${service.tlsUrl}`);
  if (cluster.apiUrl !== undefined) {
    say(`  cluster  kubectl --server ${cluster.apiUrl} get vm,vmi,net-attach-def -A`);
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
