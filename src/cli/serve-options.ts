// What `multinic serve` takes.

/** As given on the command line or in the environment, unchecked. */
export interface ServeOptions {
  /** HOST:PORT of the API and the metrics, in plain text. */
  readonly listen: string;
  /** HOST:PORT of the same over TLS. */
  readonly tlsListen?: string;
  /** PEM files. */
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  /** File; default: KUBECONFIG, ~/.kube/config, or the pod's service account. */
  readonly kubeconfig?: string;
  /** File of the physical networks. */
  readonly config?: string;
  /** Run an embedded cluster and use it. */
  readonly local: boolean;
  /** Apply the example documents to it. */
  readonly examples: boolean;
  /** HOST:PORT of the embedded cluster's API. */
  readonly localApiListen: string;
  /** File to write, for kubectl on the embedded cluster. */
  readonly writeKubeconfig?: string;
  /** fast or realistic. */
  readonly localDelays: string;
  /** URLs with commas between: where virt-handler's counters are read. */
  readonly virtHandlerMetrics?: string;
  /** debug, info, warn, error or silent. */
  readonly logLevel?: string;
}
