// Why the service cannot start, where another setting would mend it: the flag, its variable, and the reason in words.
import { SettingsError, type HostPort, type Settings } from "../config/settings.ts";
import { isKubeError } from "../kube/errors.ts";

/** A SettingsError where the cause is a port, a file or a cluster that a setting names; any other error as it is. */
export function asSettingsError(error: unknown, settings: Settings): unknown {
  if (!(error instanceof Error)) return error;
  const because =
    portReason(error, settings) ?? fileReason(error, settings) ?? clusterReason(error, settings);
  return because === undefined ? error : new SettingsError(because, { cause: error });
}

interface SystemError extends Error {
  readonly code?: string;
  readonly syscall?: string;
  readonly address?: string;
  readonly hostname?: string;
  readonly port?: number;
  readonly path?: string;
}

const portWords: Readonly<Record<string, string>> = {
  EADDRINUSE: "is in use by another process; choose another port",
  EACCES: "may not be listened on by this user; choose a port from 1024 on",
  EADDRNOTAVAIL: "cannot be listened on, this machine has no such address",
  EAI_AGAIN: "cannot be listened on, the name server does not answer",
  ENOTFOUND: "cannot be listened on, there is no such host",
};

function portReason(error: SystemError, { listen, tls, local }: Settings): string | undefined {
  const { code = "", syscall } = error;
  const words = portWords[code];
  if (words === undefined || (syscall !== "listen" && syscall !== "getaddrinfo")) return undefined;
  const isMeant = (given: HostPort | undefined): boolean =>
    given !== undefined &&
    (syscall === "getaddrinfo"
      ? given.host === error.hostname
      : given.port === error.port && given.host === error.address);
  const at = (given: HostPort, name: string): string => `${name}: ${hostPortText(given)} ${words}`;
  if (isMeant(listen)) return at(listen, "--listen (MULTINIC_LISTEN)");
  if (tls !== undefined && isMeant(tls.listen)) return at(tls.listen, "--tls-listen (MULTINIC_TLS_LISTEN)");
  if (local !== undefined && isMeant(local.apiListen))
    return at(local.apiListen, "--local-api-listen (MULTINIC_LOCAL_API_LISTEN)");
  return `${error.hostname ?? `${error.address}:${error.port}`} ${words}`;
}

const hostPortText = ({ host, port }: HostPort): string =>
  host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;

/** Why the system refused a file, by its code. */
export const fileWords: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file or folder",
  EACCES: "permission denied",
  EISDIR: "it is a folder",
  ENOTDIR: "a part of the path is no folder",
  EROFS: "the file system is read-only",
};

function fileReason({ code = "", path, message }: SystemError, settings: Settings): string | undefined {
  const { tls, local } = settings;
  const pair = "--tls-cert (MULTINIC_TLS_CERT) and --tls-key (MULTINIC_TLS_KEY)";
  if (code.startsWith("ERR_OSSL")) return `${pair}: not a PEM certificate and its key: ${message}`;
  const words = fileWords[code];
  if (words === undefined || path === undefined) return undefined;
  switch (path) {
    case tls?.certFile:
      return `--tls-cert (MULTINIC_TLS_CERT): ${path} cannot be read: ${words}`;
    case tls?.keyFile:
      return `--tls-key (MULTINIC_TLS_KEY): ${path} cannot be read: ${words}`;
    case local?.writeKubeconfig:
      return `--write-kubeconfig (MULTINIC_WRITE_KUBECONFIG): ${path} cannot be written: ${words}`;
    default:
      return undefined;
  }
}

/** A kubeconfig that is missing or says too little; status 0: it was never asked of an API server. */
function clusterReason(error: Error, { kubeconfig }: Settings): string | undefined {
  if (!isKubeError(error, "BadRequest") || error.status !== 0) return undefined;
  return kubeconfig === undefined
    ? `no cluster: ${error.message}, name it with --kubeconfig (MULTINIC_KUBECONFIG), or add --local for an embedded cluster`
    : `--kubeconfig (MULTINIC_KUBECONFIG): ${error.message}`;
}
