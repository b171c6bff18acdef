// Since when a NIC is in its state: the time that KubeVirt reports, or when the service saw it first.
import type { InterfaceStatus } from "./interface-status.ts";

/** True if both are of the same VM, in the same state for the same reason. */
function isSameState(a: InterfaceStatus, b: InterfaceStatus): boolean {
  return a.vmUid === b.vmUid && a.state === b.state && a.reason === b.reason;
}

/**
 * `status` as seen at `seenAt` (RFC 3339) after `previous`, the last status of this NIC if there was one. The time stays as
 * it is while the state and its reason do. KubeVirt's own time (`status.stateSince`) is used for a new state, unless it is
 * later than `seenAt` or earlier than the beginning of the previous state, as with clocks that differ.
 */
export function withStateSince(
  status: InterfaceStatus,
  previous: InterfaceStatus | undefined,
  seenAt: string,
): InterfaceStatus {
  if (previous !== undefined && isSameState(previous, status)) return knownSince(status, previous);
  const reported = Date.parse(status.stateSince);
  const earliest = previous === undefined ? Number.NEGATIVE_INFINITY : Date.parse(previous.stateSince);
  const isPlausible = reported >= earliest && reported <= Date.parse(seenAt);
  return isPlausible ? status : { ...status, stateSince: seenAt };
}

/** `status` with the time of `known` if that is the same state; otherwise with KubeVirt's own time, or without any. */
export function knownSince(status: InterfaceStatus, known: InterfaceStatus | undefined): InterfaceStatus {
  if (known === undefined || !isSameState(known, status)) return status;
  return { ...status, stateSince: known.stateSince };
}
