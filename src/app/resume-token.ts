// Where a reader of the stream is: in the history of this process, and in that of the API server, which all replicas share.
import { createHash } from "node:crypto";
import type { StatusDigest } from "./status-digest.ts";
import { scopeText, type StatusScope } from "./status-scope.ts";

/** The resourceVersions of both collections that a state was made from, with all changes up to them. Decimal numbers. */
export interface Versions {
  readonly vms: string;
  readonly vmis: string;
}

/** What a reader knows, as every replica understands it. */
export interface SharedPosition {
  readonly versions: Versions;
  /** Of the states that it knows; what else leads to these versions is not what it knows. */
  readonly digest: StatusDigest;
}

export interface Position {
  /** Of the model's history; undefined if that does not lead to this position. */
  readonly revision: number | undefined;
  /** undefined if what the reader knows is not the state at one moment, or was not current. */
  readonly shared: SharedPosition | undefined;
}

/** A stream cannot resume there: it starts with a reset. */
export const nowhere: Position = { revision: undefined, shared: undefined };

export interface ResumeTokens {
  write(scope: StatusScope, position: Position): string;
  /** undefined for any text that is not a token for this scope. Never throws. */
  read(scope: StatusScope, token: string): Position | undefined;
}

/** A version before the first object is 0, which the API server takes for "any". etcd counts with 64 bits. */
const versionPattern = /^[1-9]\d{0,19}$/;
const tokenPattern = /^([\w-]{16})\.([\w-]{1,64})\.(\d{0,15})\.(?:(\d{1,20})\.(\d{1,20})\.([0-9a-f]{16}))?$/;
/** No token of this service is longer. */
const maxTokenLength = 256;

/**
 * `epoch` identifies the process, because revisions of another one are not comparable. A token also identifies its scope:
 * resumed in another scope, a stream would never report NICs that do not change.
 */
export function createResumeTokens(epoch: string): ResumeTokens {
  return {
    write(scope, { revision, shared }) {
      const parts = [
        digestOfScope(scope),
        epoch,
        revision ?? "",
        shared === undefined ? "" : sharedText(shared),
      ];
      return Buffer.from(parts.join(".")).toString("base64url");
    },
    read(scope, token) {
      if (token.length > maxTokenLength) return undefined;
      const parts = tokenPattern.exec(Buffer.from(token, "base64url").toString());
      if (parts === null) return undefined;
      const [, itsScope, writtenBy, revision = "", vms = "", vmis = "", digest = ""] = parts;
      if (itsScope !== digestOfScope(scope)) return undefined;
      const isShared = areVersions({ vms, vmis });
      return {
        revision: writtenBy === epoch && revision !== "" ? Number(revision) : undefined,
        shared: isShared ? { versions: { vms, vmis }, digest: BigInt(`0x${digest}`) } : undefined,
      };
    },
  };
}

/** The same text for the same position. */
export function sharedText({ versions, digest }: SharedPosition): string {
  if (!areVersions(versions)) return "";
  return [versions.vms, versions.vmis, digest.toString(16).padStart(16, "0")].join(".");
}

function digestOfScope(scope: StatusScope): string {
  return createHash("sha256").update(scopeText(scope)).digest("base64url").slice(0, 16);
}

function areVersions({ vms, vmis }: Versions): boolean {
  return versionPattern.test(vms) && versionPattern.test(vmis);
}
