// Converts start errors that another setting would fix: the message names the flag, its variable and the reason.
import { settingName, type HostPort } from "../config/setting-table.ts";
import { addressesOf, SettingsError, type Settings } from "../config/settings.ts";
import { isKubeError } from "../kube/errors.ts";

/** Returns a SettingsError if the cause is a port, a file or a cluster of a setting, else the error unchanged. */
export function asSettingsError(error: unknown, settings: Settings): unknown {
  if (!(error instanceof Error)) return error;
  const because =
    portReason(error, settings) ??
    fileReason(error, settings) ??
    clusterReason(error, settings) ??
    imageReason(error);
  return because === undefined ? error : new SettingsError(because, { cause: error });
}

interface SystemError extends Error {
  readonly code?: string;
  readonly syscall?: string;
  readonly address?: string;
  readonly hostname?: string;
  readonly port?: number;
  readonly path?: string;
  /** The module that was not found. */
  readonly url?: string;
}

const portWords: Readonly<Record<string, string>> = {
  EADDRINUSE: "is in use by another process; choose another port",
  EACCES: "is not allowed for this user; choose a port of 1024 or higher",
  EADDRNOTAVAIL: "is not an address of this machine",
  EAI_AGAIN: "cannot be resolved: the DNS server does not answer",
  ENOTFOUND: "cannot be resolved: no such host",
};

function portReason(error: SystemError, settings: Settings): string | undefined {
  const { code = "", syscall } = error;
  const words = portWords[code];
  if (words === undefined || (syscall !== "listen" && syscall !== "getaddrinfo")) return undefined;
  const [name, address] =
    addressesOf(settings).find(([, { host, port }]) =>
      syscall === "getaddrinfo" ? host === error.hostname : port === error.port && host === error.address,
    ) ?? [];
  return name === undefined || address === undefined
    ? `${error.hostname ?? `${error.address}:${error.port}`} ${words}`
    : `${settingName(name)}: ${hostPortText(address)} ${words}`;
}

const hostPortText = ({ host, port }: HostPort): string =>
  host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;

/** Messages of file errors, by system code. */
export const fileWords: Readonly<Record<string, string>> = {
  ENOENT: "no such file or directory",
  EACCES: "permission denied",
  EISDIR: "it is a directory",
  ENOTDIR: "a part of the path is not a directory",
  EROFS: "the file system is read-only",
};

function fileReason({ code = "", path, message }: SystemError, settings: Settings): string | undefined {
  const { tls, writeKubeconfig } = settings;
  if (code.startsWith("ERR_OSSL"))
    return `${settingName("tlsCert")} and ${settingName("tlsKey")}: not a PEM certificate and its key: ${message}`;
  const words = fileWords[code];
  if (words === undefined || path === undefined) return undefined;
  switch (path) {
    case tls?.certFile:
      return `${settingName("tlsCert")}: ${path} cannot be read: ${words}`;
    case tls?.keyFile:
      return `${settingName("tlsKey")}: ${path} cannot be read: ${words}`;
    case writeKubeconfig:
      return `${settingName("writeKubeconfig")}: ${path} cannot be written: ${words}`;
    default:
      return undefined;
  }
}

/** For a missing or incomplete kubeconfig; status 0 means that no request was sent. */
function clusterReason(error: Error, { kubeconfig }: Settings): string | undefined {
  if (!isKubeError(error, "BadRequest") || error.status !== 0) return undefined;
  return kubeconfig === undefined
    ? `no cluster found: ${error.message}, use ${settingName("kubeconfig")}, or add --local for an embedded cluster`
    : `${settingName("kubeconfig")}: ${error.message}`;
}

const embeddedCluster = new URL("../local/local-cluster.ts", import.meta.url).href;

/** The container image does not include the embedded cluster (.dockerignore). */
function imageReason({ code, url }: SystemError): string | undefined {
  if (code !== "ERR_MODULE_NOT_FOUND" || url !== embeddedCluster) return undefined;
  return `${settingName("local")}: this image has no embedded cluster; run it from a checkout of the sources, or select a cluster with ${settingName("kubeconfig")}`;
}
