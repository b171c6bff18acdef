// Who the client is at the API server. credentials.ts reads it from a kubeconfig or a pod's ServiceAccount.

/** What TLS needs; PEM as text or bytes. */
export interface TlsMaterial {
  readonly ca?: string | Buffer | undefined;
  readonly cert?: string | Buffer | undefined;
  readonly key?: string | Buffer | undefined;
  readonly servername?: string | undefined;
  readonly rejectUnauthorized?: boolean | undefined;
}

/** What one request carries. Equal by identity: another object means that something was read again. */
export interface Authentication {
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: TlsMaterial | undefined;
}

/** Credentials that may change while the process runs. */
export interface Credentials {
  /** What to send now; files are looked at again from time to time. */
  current(): Promise<Authentication>;
  /** Called when the API server refused `used`: reads everything again. Returns `used` if that was just done. */
  renew(used: Authentication): Promise<Authentication>;
}
