// Finds the kubeconfig or the pod's ServiceAccount, and reads it as client-node's KubeConfig.
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import type { KubeConfig } from "@kubernetes/client-node";
import { parse } from "yaml";
import { KubeError } from "../errors.ts";

export interface KubeConfigChoice {
  /** A kubeconfig file. */
  readonly kubeconfig?: string | undefined;
  /** A context of it. Default: its current-context. */
  readonly context?: string | undefined;
}

/** The parts of the environment that the choice depends on; tests pass their own. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  readonly serviceAccount: string;
}

export function surroundings(): Surroundings {
  return {
    env: process.env,
    home: homedir(),
    serviceAccount: "/var/run/secrets/kubernetes.io/serviceaccount",
  };
}

/** Where the configuration comes from; `words` is the text for an error. */
export type Source =
  | { readonly kind: "files"; readonly files: readonly string[]; readonly words: string }
  | { readonly kind: "pod"; readonly folder: string; readonly server: string; readonly words: string };

/**
 * The first of: the chosen file, the files of KUBECONFIG, the pod's ServiceAccount, ~/.kube/config.
 * @throws KubeError "BadRequest"; the message says what was looked for and what to set.
 */
export function findSource(choice: KubeConfigChoice, around: Surroundings): Source {
  if (choice.kubeconfig !== undefined) return filesSource([choice.kubeconfig], choice.kubeconfig);
  const listed = (around.env["KUBECONFIG"] ?? "").split(path.delimiter).filter((file) => file !== "");
  if (listed.length > 0) return filesSource(listed, `KUBECONFIG=${around.env["KUBECONFIG"]}`);
  const pod = podSource(around);
  if (pod !== undefined) return pod;
  const fallback = path.join(around.home, ".kube", "config");
  if (existsSync(fallback)) return filesSource([fallback], fallback);
  return missing(
    `KUBECONFIG is not set and there is no ${fallback}; set KUBECONFIG to the kubeconfig file of the cluster`,
  );
}

function filesSource(files: readonly string[], words: string): Source {
  // Like kubectl, files of the list that do not exist are skipped.
  const existing = files.filter((file) => existsSync(file));
  if (existing.length > 0) return { kind: "files", files: existing, words };
  return missing(`there is no kubeconfig file ${files.join(" nor ")}; set KUBECONFIG to one that exists`);
}

function podSource({ env, serviceAccount }: Surroundings): Source | undefined {
  const host = env["KUBERNETES_SERVICE_HOST"];
  const port = env["KUBERNETES_SERVICE_PORT"];
  if (!host || !port || !existsSync(path.join(serviceAccount, "token"))) return undefined;
  const server = `https://${host.includes(":") ? `[${host}]` : host}:${port}`;
  return { kind: "pod", folder: serviceAccount, server, words: `the ServiceAccount in ${serviceAccount}` };
}

function missing(message: string): never {
  throw new KubeError("BadRequest", 0, message);
}

/**
 * Reads the source again. client-node is imported only here, because it takes half a second and 80 MB.
 * @throws KubeError "BadRequest" for a file that cannot be read, or a context that is not in it.
 */
export async function readSource(source: Source, context: string | undefined): Promise<KubeConfig> {
  const { KubeConfig } = await import("@kubernetes/client-node");
  const config = new KubeConfig();
  if (source.kind === "pod") loadPod(config, source);
  else for (const file of source.files) addFile(config, KubeConfig, file);
  if (context !== undefined) config.setCurrentContext(context);
  const name = config.getCurrentContext();
  if (!name)
    missing(`${source.words} has no current-context; name a context, or set one: kubectl config use-context`);
  if (config.getContextObject(name) === null) {
    const known = config.getContexts().map((known) => known.name);
    missing(`${source.words} has no context "${name}"; it has ${known.join(", ") || "none"}`);
  }
  if (config.getCurrentCluster() === null) {
    missing(`${source.words}: the context "${name}" names a cluster that is not there`);
  }
  return config;
}

function loadPod(config: KubeConfig, { folder, server }: Source & { kind: "pod" }): void {
  const namespaceFile = path.join(folder, "namespace");
  config.loadFromOptions({
    clusters: [{ name: "pod", server, caFile: path.join(folder, "ca.crt"), skipTLSVerify: false }],
    users: [tokenFileUser("pod", path.join(folder, "token"))],
    contexts: [
      {
        name: "pod",
        cluster: "pod",
        user: "pod",
        ...(existsSync(namespaceFile) ? { namespace: readFileSync(namespaceFile, "utf8").trim() } : {}),
      },
    ],
    currentContext: "pod",
  });
}

/** The first entry of a name wins, as in kubectl; client-node refuses duplicates. */
function addFile(config: KubeConfig, Reader: new () => KubeConfig, file: string): void {
  const read = new Reader();
  try {
    read.loadFromFile(file);
    read.users = read.users.map((user) => withTokenFile(user, file));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new KubeError("BadRequest", 0, `the kubeconfig ${file} cannot be read: ${why}`, { cause });
  }
  config.loadFromOptions({
    clusters: firstOfEachName(config.getClusters(), read.getClusters()),
    users: firstOfEachName(config.getUsers(), read.getUsers()),
    contexts: firstOfEachName(config.getContexts(), read.getContexts()),
    currentContext: config.getCurrentContext() || read.getCurrentContext(),
  });
}

function firstOfEachName<E extends { readonly name: string }>(first: readonly E[], more: readonly E[]): E[] {
  return [...first, ...more.filter(({ name }) => first.every((known) => known.name !== name))];
}

type User = KubeConfig["users"][number];

/** client-node does not read `tokenFile` as kubeconfig files spell it. */
function withTokenFile(user: User, file: string): User {
  const raw = parse(readFileSync(file, "utf8")) as {
    users?: { name?: string; user?: { token?: string; tokenFile?: string } }[];
  };
  const given = raw.users?.find(({ name }) => name === user.name)?.user;
  if (given?.tokenFile === undefined || given.token) return user;
  return { ...user, ...tokenFileUser(user.name, path.resolve(path.dirname(file), given.tokenFile)) };
}

function tokenFileUser(name: string, tokenFile: string): User {
  return { name, authProvider: { name: "tokenFile", config: { tokenFile } } };
}
