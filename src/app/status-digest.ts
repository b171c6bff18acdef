// A number for the states of any number of NICs: equal numbers mean equal states, whichever replica made them.
import { hash } from "node:crypto";
import type { InterfaceStatus } from "../domain/status/interface-status.ts";

/** Exclusive or of the digests of all statuses, 64 bits: NICs are added and removed in any order, by the same operation. */
export type StatusDigest = bigint;

export const emptyDigest: StatusDigest = 0n;

/** Without the time since when the state holds, which each replica may have seen at another time. */
export function digestOf(statuses: readonly InterfaceStatus[]): StatusDigest {
  return statuses.reduce((sum, status) => sum ^ digestOfOne(status), emptyDigest);
}

/** A changed status is a new object. */
const known = new WeakMap<InterfaceStatus, StatusDigest>();

function digestOfOne(status: InterfaceStatus): StatusDigest {
  const before = known.get(status);
  if (before !== undefined) return before;
  const text = JSON.stringify({ ...status, stateSince: "" });
  const digest = hash("sha256", text, "buffer").readBigUInt64BE();
  known.set(status, digest);
  return digest;
}
