// Where a reader of the stream is: in the history of this process, and in that of the API server, which all replicas share.
import { createHash } from "node:crypto";
import { scopeText, type StatusScope } from "./status-scope.ts";

/** The resourceVersions of both collections that a state was made from, with all changes up to them. Decimal numbers. */
export interface Versions {
  readonly vms: string;
  readonly vmis: string;
}

export interface Position {
  /** Of the model's history; undefined if only the API server's history leads to this position. */
  readonly revision: number | undefined;
  /** undefined if the API server's history does not lead to this position. */
  readonly versions: Versions | undefined;
}

/** A stream cannot resume there: it starts with a reset. */
export const nowhere: Position = { revision: undefined, versions: undefined };

export interface ResumeTokens {
  write(scope: StatusScope, position: Position): string;
  /** undefined for any text that is not a token for this scope from this version of multinic. Never throws. */
  read(scope: StatusScope, token: string): Position | undefined;
}

/** A version before the first object is 0, which the API server takes for "any". etcd counts with 64 bits. */
const versionPattern = /^[1-9]\d{0,19}$/;
const tokenPattern = /^([\w-]{16})\.([\w-]{1,64})\.(\d{0,15})\.(\d{0,20})\.(\d{0,20})$/;
/** No token of this service is longer. */
const maxTokenLength = 256;

/**
 * `epoch` identifies the process, because revisions of another one are not comparable. A token also identifies its scope:
 * resumed in another scope, a stream would never report NICs that do not change. And it identifies the version of multinic:
 * another one may read other states from the same objects.
 */
export function createResumeTokens({
  epoch,
  version,
}: {
  readonly epoch: string;
  readonly version: string;
}): ResumeTokens {
  const contextOf = (scope: StatusScope): string =>
    createHash("sha256")
      .update(JSON.stringify([version, scopeText(scope)]))
      .digest("base64url")
      .slice(0, 16);
  return {
    write(scope, { revision, versions }) {
      const known = versions !== undefined && areVersions(versions) ? versions : undefined;
      const parts = [contextOf(scope), epoch, revision ?? "", known?.vms ?? "", known?.vmis ?? ""];
      return Buffer.from(parts.join(".")).toString("base64url");
    },
    read(scope, token) {
      if (token.length > maxTokenLength) return undefined;
      const parts = tokenPattern.exec(Buffer.from(token, "base64url").toString());
      if (parts === null) return undefined;
      const [, context, writtenBy, revision = "", vms = "", vmis = ""] = parts;
      if (context !== contextOf(scope)) return undefined;
      return {
        revision: writtenBy === epoch && revision !== "" ? Number(revision) : undefined,
        versions: areVersions({ vms, vmis }) ? { vms, vmis } : undefined,
      };
    },
  };
}

function areVersions({ vms, vmis }: Versions): boolean {
  return versionPattern.test(vms) && versionPattern.test(vmis);
}
