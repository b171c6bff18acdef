// The connection of a kubeconfig or a pod's ServiceAccount, with credentials that are read again when their files change.
import type { RequestOptions } from "node:https";
import type { KubeConfig } from "@kubernetes/client-node";
import type { Authentication, Credentials } from "./authentication.ts";
import type { KubeConnection } from "./connect.ts";
import { KubeError } from "../errors.ts";
import {
  findSource,
  type KubeConfigChoice,
  readSource,
  type Source,
  type Surroundings,
  surroundings,
} from "./kubeconfig.ts";
import { systemTiming } from "../timing.ts";

export interface LoadedConnection extends KubeConnection {
  readonly context: string;
  /** The context's namespace. */
  readonly namespace: string | undefined;
}

/** How long credentials from files and plugins are used before they are read again. */
const freshMs = 10_000;
/** Minimum time between two renewals after a refusal: a plugin may take seconds. */
const renewAfterMs = 5_000;

/**
 * Loads the chosen connection, or the first that is found (kubeconfig.ts).
 * @throws KubeError "BadRequest"; the message says what was looked for and what to set.
 */
export async function loadKubeConnection(
  choice: KubeConfigChoice = {},
  around: Surroundings = surroundings(),
  now: () => number = systemTiming.now,
): Promise<LoadedConnection> {
  const source = findSource(choice, around);
  const config = await readSource(source, choice.context);
  const context = config.getCurrentContext();
  const cluster = config.getCurrentCluster();
  const server = cluster?.server ?? "";
  if (cluster?.proxyUrl?.startsWith("socks") === true) {
    throw new KubeError("BadRequest", 0, `${source.words}: proxy-url must be an http or https proxy`);
  }
  return {
    server,
    proxy: cluster?.proxyUrl,
    context,
    namespace: config.getContextObject(context)?.namespace,
    // Like kubectl, no credentials are sent over plain HTTP.
    credentials: server.startsWith("https:") ? followingCredentials(source, config, now) : undefined,
  };
}

function followingCredentials(source: Source, first: KubeConfig, now: () => number): Credentials {
  const context = first.getCurrentContext();
  const server = first.getCurrentCluster()?.server;
  let config = first;
  let last: Authentication | undefined;
  let readAt = Number.NEGATIVE_INFINITY;
  let renewedAt = Number.NEGATIVE_INFINITY;
  let reading: Promise<Authentication> | undefined;
  let renewing: Promise<Authentication> | undefined;

  async function readNow(again: boolean): Promise<Authentication> {
    try {
      if (again) config = await sameServer();
      last = await authenticationOf(config);
      readAt = now();
      return last;
    } catch (cause) {
      if (cause instanceof KubeError) throw cause;
      const why = cause instanceof Error ? cause.message : String(cause);
      const message = `the credentials of context "${context}" from ${source.words} cannot be read: ${why}`;
      throw new KubeError("Unauthorized", 0, message, { cause });
    }
  }

  async function sameServer(): Promise<KubeConfig> {
    const found = await readSource(source, context);
    if (found.getCurrentCluster()?.server === server) return found;
    const message = `${source.words}: the context "${context}" no longer leads to ${server}; restart to follow it`;
    throw new KubeError("Unauthorized", 0, message);
  }

  return {
    // Concurrent calls share one reading.
    async current() {
      if (last !== undefined && now() - readAt < freshMs) return last;
      reading ??= readNow(false).finally(() => {
        reading = undefined;
      });
      return await reading;
    },
    async renew(used) {
      if (renewing !== undefined) return await renewing;
      if (last !== undefined && last !== used) return last;
      if (now() - renewedAt < renewAfterMs) return used;
      renewedAt = now();
      renewing = readNow(true).finally(() => {
        renewing = undefined;
      });
      return await renewing;
    },
  };
}

/** client-node handles tokens, token files, exec and OIDC plugins, and certificates. */
async function authenticationOf(config: KubeConfig): Promise<Authentication> {
  const options: RequestOptions & { servername?: string } = {};
  await config.applyToHTTPSOptions(options);
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(options.headers ?? {})) {
    // A token file often ends in a newline, which is not allowed in a header.
    headers[name.toLowerCase()] = String(value).trim();
  }
  if (options.auth) headers["authorization"] = `Basic ${Buffer.from(options.auth).toString("base64")}`;
  const { servername, rejectUnauthorized } = options;
  return {
    headers,
    tls: {
      ca: material(options.ca),
      cert: material(options.cert),
      key: material(options.key),
      servername,
      rejectUnauthorized,
    },
  };
}

function material(value: RequestOptions["key"]): string | Buffer | undefined {
  if (value === undefined || typeof value === "string" || Buffer.isBuffer(value)) return value;
  throw new TypeError("certificates and keys must be one PEM text each");
}
