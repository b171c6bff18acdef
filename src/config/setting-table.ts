// Every setting of `multinic serve`, one row each. The command's options, the variables, the error messages and
// docs/settings.md come from it.
import { isDnsLabel } from "../domain/names.ts";

/** An address to listen on; port 0 lets the system choose. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** The form of a value, and how it is read. */
interface Form<Value> {
  /** Completes "must be …". */
  readonly words: string;
  /** All values, if they are few. */
  readonly choices?: readonly string[];
  /** undefined for text of another form. */
  readonly read: (text: string) => Value | undefined;
}

/** A row of the table. */
export interface Setting<Value = unknown> {
  /** As commander takes it. In camel case it is the name of the row. */
  readonly flag: string;
  readonly variable: string;
  readonly help: string;
  readonly form: Form<Value>;
  /** Used when neither flag nor variable gives a value. */
  readonly default?: string;
  /** As text what applies then, if `default` does not say it. */
  readonly otherwise?: string;
  /** Refused without --local. */
  readonly onlyWithLocal?: true;
}

/** [IPv6]:PORT too, and :PORT for every address. */
const hostPort: Form<HostPort> = {
  words: "HOST:PORT, such as 127.0.0.1:8080",
  read(text) {
    const match = /^(?:\[([0-9a-f:.]+)\]|([^:[\]\s]*)):(\d{1,5})$/i.exec(text);
    const port = Number(match?.[3]);
    if (match === null || port > 65_535) return undefined;
    return { host: match[1] ?? (match[2] || "::"), port };
  },
};

const path: Form<string> = { words: "the path of a file", read: (text) => text };

const namespace: Form<string> = {
  words: "the name of a namespace",
  read: (text) => (isDnsLabel(text) ? text : undefined),
};

const httpUrls: Form<readonly string[]> = {
  words: "comma-separated http or https URLs",
  read(text) {
    const urls = text.split(",").filter((url) => url !== "");
    return urls.every((url) => /^https?:$/.test(URL.parse(url)?.protocol ?? "")) ? urls : undefined;
  },
};

const onOrOff: Form<boolean> = {
  words: "true or false",
  read(text) {
    const word = text.toLowerCase();
    if (word === "1" || word === "true") return true;
    return word === "0" || word === "false" ? false : undefined;
  },
};

const countFrom = (least: number): Form<number> => ({
  words: `a whole number from ${least}`,
  read(text) {
    const number = /^\d{1,7}$/.test(text) ? Number(text) : -1;
    return number >= least ? number : undefined;
  },
});

const oneOf = <const Word extends string>(...choices: readonly Word[]): Form<Word> => ({
  words: `one of ${choices.join(", ")}`,
  choices,
  read: (text) => choices.find((choice) => choice === text),
});

export const settingTable = {
  listen: {
    flag: "--listen <host:port>",
    variable: "MULTINIC_LISTEN",
    help: "address of the API and the metrics, without TLS",
    form: hostPort,
    default: "127.0.0.1:8080",
  },
  tlsListen: {
    flag: "--tls-listen <host:port>",
    variable: "MULTINIC_TLS_LISTEN",
    help: "address of the API and the metrics, over TLS",
    form: hostPort,
    default: "127.0.0.1:8443",
    otherwise: "127.0.0.1:8443 if there is a certificate",
  },
  tlsCert: {
    flag: "--tls-cert <file>",
    variable: "MULTINIC_TLS_CERT",
    help: "certificate chain, PEM, leaf first; reloaded when the file changes",
    form: path,
    otherwise: "no TLS",
  },
  tlsKey: {
    flag: "--tls-key <file>",
    variable: "MULTINIC_TLS_KEY",
    help: "private key of the certificate, PEM",
    form: path,
    otherwise: "no TLS",
  },
  kubeconfig: {
    flag: "--kubeconfig <file>",
    variable: "MULTINIC_KUBECONFIG",
    help: "kubeconfig of the cluster",
    form: path,
    otherwise: "$KUBECONFIG, then the pod's service account, then ~/.kube/config",
  },
  config: {
    flag: "--config <file>",
    variable: "MULTINIC_CONFIG",
    help: "catalogue of physical networks, YAML",
    form: path,
    otherwise: "a built-in catalogue, which fits the embedded cluster",
  },
  virtHandlerMetrics: {
    flag: "--virt-handler-metrics <urls>",
    variable: "MULTINIC_VIRT_HANDLER_METRICS",
    help: "URLs to read the traffic counters from: virt-handler's metrics, without credentials",
    form: httpUrls,
    default: "",
    otherwise: "virt-handler's pods, through the API server",
  },
  maxCalls: {
    flag: "--max-calls <number>",
    variable: "MULTINIC_MAX_CALLS",
    help: "calls in flight on all connections, streams included; further ones are refused with RESOURCE_EXHAUSTED",
    form: countFrom(1),
    default: "2000",
  },
  maxCallsPerConnection: {
    flag: "--max-calls-per-connection <number>",
    variable: "MULTINIC_MAX_CALLS_PER_CONNECTION",
    help: "calls in flight on one HTTP/2 connection; clients wait before they send further ones",
    form: countFrom(1),
    default: "200",
  },
  messageTimeoutSeconds: {
    flag: "--message-timeout-seconds <seconds>",
    variable: "MULTINIC_MESSAGE_TIMEOUT_SECONDS",
    help: "how long a client may take to send the message of a call, in seconds; then it is refused with UNAVAILABLE",
    form: countFrom(1),
    default: "10",
  },
  virtHandlerAccess: {
    flag: "--virt-handler-access <way>",
    variable: "MULTINIC_VIRT_HANDLER_ACCESS",
    help: "read virt-handler's pods through the API server, which needs get of pods/proxy, or directly, which needs get of the ConfigMap kubevirt-ca",
    form: oneOf("proxy", "direct"),
    default: "proxy",
  },
  controller: {
    flag: "--controller",
    variable: "MULTINIC_CONTROLLER",
    help: "apply Wukong resources of the cluster; one of the replicas with this setting is active",
    form: onOrOff,
    default: "false",
  },
  leaseNamespace: {
    flag: "--lease-namespace <namespace>",
    variable: "MULTINIC_LEASE_NAMESPACE",
    help: "namespace of the Lease by which the replicas agree on the active one",
    form: namespace,
    otherwise: "the namespace of the pod, or default",
  },
  logLevel: {
    flag: "--log-level <level>",
    variable: "MULTINIC_LOG_LEVEL",
    help: "lowest level to log",
    form: oneOf("debug", "info", "warn", "error", "silent"),
    otherwise: "info; warn with --examples",
  },
  local: {
    flag: "--local",
    variable: "MULTINIC_LOCAL",
    help: "start an embedded cluster and use it",
    form: onOrOff,
    default: "false",
  },
  examples: {
    flag: "--examples",
    variable: "MULTINIC_EXAMPLES",
    help: "apply the example documents to the embedded cluster",
    form: onOrOff,
    default: "false",
    onlyWithLocal: true,
  },
  localApiListen: {
    flag: "--local-api-listen <host:port>",
    variable: "MULTINIC_LOCAL_API_LISTEN",
    help: "address of the embedded cluster's Kubernetes API",
    form: hostPort,
    default: "127.0.0.1:8001",
  },
  writeKubeconfig: {
    flag: "--write-kubeconfig <file>",
    variable: "MULTINIC_WRITE_KUBECONFIG",
    help: "write a kubeconfig of the embedded cluster to this file",
    form: path,
    otherwise: "none is written",
    onlyWithLocal: true,
  },
  localDelays: {
    flag: "--local-delays <delays>",
    variable: "MULTINIC_LOCAL_DELAYS",
    help: "delays of the embedded cluster: as short as possible, or as on a real cluster",
    form: oneOf("fast", "realistic"),
    default: "fast",
  },
} as const satisfies Readonly<Record<string, Setting>>;

export type SettingName = keyof typeof settingTable;

/** The rows by name, for loops over all of them. */
export const settingRows = Object.entries(settingTable) as readonly (readonly [SettingName, Setting])[];

/** The value of every setting; undefined for one that is not given and has no default. */
export type SettingValues = { readonly [Name in SettingName]: ValueOf<(typeof settingTable)[Name]> };

type ValueOf<Row extends Setting> =
  Row extends Setting<infer Value>
    ? Row extends { readonly default: string }
      ? Value
      : Value | undefined
    : never;

/** `--listen (MULTINIC_LISTEN)`: how messages name a setting. */
export function settingName(name: SettingName): string {
  const { flag, variable } = settingTable[name];
  return `${flag.split(" ", 1)[0]} (${variable})`;
}
