// What `serve` was told, read once from flags and environment into one frozen object. Messages name flag and variable.

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

const logLevels = ["debug", "info", "warn", "error", "silent"] as const;
export type LogLevel = (typeof logLevels)[number];

export const localDelays = ["fast", "realistic"] as const;
export type LocalDelays = (typeof localDelays)[number];

export interface Settings {
  readonly listen: HostPort;
  readonly tls:
    | { readonly listen: HostPort; readonly certFile: string; readonly keyFile: string }
    | undefined;
  /** Path of a kubeconfig; undefined: KUBECONFIG, ~/.kube/config, or the Pod's service account. */
  readonly kubeconfig: string | undefined;
  /** Path of the catalogue file; undefined: the built-in catalogue. */
  readonly config: string | undefined;
  readonly logLevel: LogLevel;
  /** URLs of virt-handler's /metrics. */
  readonly virtHandlerMetrics: readonly string[];
  /** The embedded cluster; undefined: a real one. */
  readonly local:
    | {
        readonly apiListen: HostPort;
        readonly writeKubeconfig: string | undefined;
        readonly delays: LocalDelays;
        readonly examples: boolean;
      }
    | undefined;
}

/** What the command line and the environment hold, as text. */
export type RawSettings = Readonly<
  Partial<
    Record<
      | "listen"
      | "tlsListen"
      | "tlsCert"
      | "tlsKey"
      | "kubeconfig"
      | "config"
      | "logLevel"
      | "virtHandlerMetrics"
      | "localApiListen"
      | "writeKubeconfig"
      | "localDelays",
      string | undefined
    >
  >
> & { readonly local?: boolean | undefined; readonly examples?: boolean | undefined };

/** A setting that cannot be used; the message names it and says what is. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";
}

/** @throws SettingsError. */
export function readSettings(raw: RawSettings): Settings {
  refuseContradictions(raw);
  const settings: Settings = {
    listen: hostPort(raw.listen ?? "127.0.0.1:8080", names.listen),
    tls: readTls(raw),
    kubeconfig: raw.kubeconfig,
    config: raw.config,
    logLevel: oneOf(
      raw.logLevel ?? (raw.examples === true ? "warn" : "info"),
      logLevels,
      "--log-level (MULTINIC_LOG_LEVEL)",
    ),
    virtHandlerMetrics: (raw.virtHandlerMetrics ?? "")
      .split(",")
      .filter((url) => url !== "")
      .map(httpUrl),
    local:
      raw.local === true
        ? {
            apiListen: hostPort(raw.localApiListen ?? "127.0.0.1:8001", names.localApiListen),
            writeKubeconfig: raw.writeKubeconfig,
            delays: oneOf(raw.localDelays ?? "fast", localDelays, "--local-delays (MULTINIC_LOCAL_DELAYS)"),
            examples: raw.examples === true,
          }
        : undefined,
  };
  keepLocalToThisMachine(settings);
  return Object.freeze(settings);
}

/** How messages name a setting: the flag and the variable. */
const names = {
  listen: "--listen (MULTINIC_LISTEN)",
  tlsListen: "--tls-listen (MULTINIC_TLS_LISTEN)",
  localApiListen: "--local-api-listen (MULTINIC_LOCAL_API_LISTEN)",
} as const;

function refuseContradictions(raw: RawSettings): void {
  if (raw.local === true && raw.kubeconfig !== undefined) {
    throw new SettingsError(
      "--kubeconfig (MULTINIC_KUBECONFIG) names a real cluster and --local (MULTINIC_LOCAL) the embedded one; leave out one of them",
    );
  }
  if (raw.local === true) return;
  const ofLocal = [
    ["--examples (MULTINIC_EXAMPLES)", raw.examples],
    ["--write-kubeconfig (MULTINIC_WRITE_KUBECONFIG)", raw.writeKubeconfig],
  ] as const;
  for (const [name, given] of ofLocal) {
    if (given !== undefined && given !== false) {
      throw new SettingsError(`${name} works on the embedded cluster only; add --local`);
    }
  }
}

/** The embedded cluster asks nobody who they are. */
function keepLocalToThisMachine({ listen, tls, local }: Settings): void {
  if (local === undefined) return;
  const ports = [
    [names.listen, listen],
    [names.tlsListen, tls?.listen],
    [names.localApiListen, local.apiListen],
  ] as const;
  for (const [name, given] of ports) {
    if (given !== undefined && !/^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/i.test(given.host)) {
      throw new SettingsError(
        `${name} must be a loopback address with --local, such as 127.0.0.1:${given.port}: the embedded cluster obeys whoever reaches it`,
      );
    }
  }
}

function readTls({ tlsListen, tlsCert, tlsKey }: RawSettings): Settings["tls"] {
  if (tlsListen === undefined && tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsCert === undefined || tlsKey === undefined) {
    throw new SettingsError(
      "TLS needs both --tls-cert (MULTINIC_TLS_CERT) and --tls-key (MULTINIC_TLS_KEY), each the path of a PEM file",
    );
  }
  return {
    listen: hostPort(tlsListen ?? "127.0.0.1:8443", names.tlsListen),
    certFile: tlsCert,
    keyFile: tlsKey,
  };
}

/** HOST:PORT, [IPv6]:PORT or :PORT for every address; port 0 lets the system choose. */
export function hostPort(text: string, name: string): HostPort {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^:[\]\s]*)):(\d{1,5})$/i.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) {
    throw new SettingsError(`${name} must be HOST:PORT, such as 127.0.0.1:8080, not ${JSON.stringify(text)}`);
  }
  const host = match[1] ?? match[2] ?? "";
  return { host: host === "" ? "::" : host, port };
}

function oneOf<Word extends string>(text: string, words: readonly Word[], name: string): Word {
  const word = words.find((candidate) => candidate === text);
  if (word !== undefined) return word;
  throw new SettingsError(`${name} must be one of ${words.join(", ")}, not ${JSON.stringify(text)}`);
}

function httpUrl(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text;
  throw new SettingsError(
    `--virt-handler-metrics (MULTINIC_VIRT_HANDLER_METRICS) must be http(s) URLs with commas between, not ${JSON.stringify(text)}`,
  );
}
