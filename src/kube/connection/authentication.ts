// How the client authenticates. credentials.ts reads it from a kubeconfig or a pod's ServiceAccount.

/** PEM as text or bytes. */
export interface TlsMaterial {
  readonly ca?: string | Buffer | undefined;
  readonly cert?: string | Buffer | undefined;
  readonly key?: string | Buffer | undefined;
  readonly servername?: string | undefined;
  readonly rejectUnauthorized?: boolean | undefined;
}

/** Credentials of one request. Compared by identity: a new object means that they were read again. */
export interface Authentication {
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: TlsMaterial | undefined;
}

/** Credentials that may change while the process runs. */
export interface Credentials {
  /** What to send now; files are read again from time to time. */
  current(): Promise<Authentication>;
  /** To call when the API server refused `used`: reads everything again. Returns `used` if that was just done. */
  renew(used: Authentication): Promise<Authentication>;
}
