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

/** On whose behalf requests are made (Kubernetes user impersonation). */
export interface Impersonation {
  readonly user: string;
  readonly uid?: string;
  readonly groups?: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** The Impersonate-* headers; keys of `extra` are percent-encoded as the API server expects. */
export function impersonationHeaders(who: Impersonation | undefined): Record<string, string | string[]> {
  if (who === undefined) return {};
  const headers: Record<string, string | string[]> = { "impersonate-user": who.user };
  if (who.uid !== undefined) headers["impersonate-uid"] = who.uid;
  if (who.groups !== undefined && who.groups.length > 0) headers["impersonate-group"] = [...who.groups];
  for (const [key, values] of Object.entries(who.extra ?? {})) {
    headers[`impersonate-extra-${encodeURIComponent(key)}`] = [...values];
  }
  return headers;
}
