// The steps of the two virt-handlers in a migration that virt-controller has handed over, one per call. Pure.
import { findCondition } from "../../../domain/objects/conditions.ts";
import type { VirtualMachineInstance } from "../../../domain/objects/kubernetes.ts";
import { memoryChangeType, migrationRequiredType, withoutCondition } from "../status-fields.ts";
import { labels, type MigrationState } from "../resources.ts";

/** True while a migration that was handed to the nodes is in progress. */
export function isMigrating(vmi: VirtualMachineInstance): boolean {
  const state = migrationState(vmi);
  const target = state?.targetNode ?? "";
  return state !== undefined && state.completed !== true && state.failed !== true && target !== "";
}

/** status.migrationState, typed. */
export function migrationState(vmi: VirtualMachineInstance): MigrationState | undefined {
  return vmi.status?.migrationState;
}

/**
 * The VMI after the next step, made by the VMI's node: target address, start, target domain, takeover (from then on
 * the target node acts), end. Call it only while isMigrating.
 */
export function nextMigrationStep(vmi: VirtualMachineInstance, now: string): VirtualMachineInstance {
  const state = migrationState(vmi) ?? {};
  const target = state.targetNode ?? "";
  const marks = vmi.metadata.labels ?? {};
  if ((state.targetNodeAddress ?? "") === "") {
    return withState(vmi, { targetNodeAddress: "127.0.0.1", targetDirectMigrationNodePorts: { "49152": 0 } });
  }
  if (isUnset(state.startTimestamp))
    return withState(vmi, { startTimestamp: now, targetNodeDomainDetected: true });
  if (isUnset(state.targetNodeDomainReadyTimestamp)) {
    const arrived = withState(vmi, { targetNodeDomainReadyTimestamp: now });
    // pkg/virt-handler/migration-target.go: a change since then requires another migration.
    const conditions = withoutCondition(arrived.status?.conditions, migrationRequiredType);
    return { ...arrived, status: { ...arrived.status, conditions } };
  }
  if (vmi.status?.nodeName !== target) {
    return {
      ...vmi,
      metadata: { ...vmi.metadata, labels: { ...marks, [labels.nodeName]: target } },
      status: { ...vmi.status, nodeName: target },
    };
  }
  const { [labels.migrationTargetNodeName]: _arrived, ...left } = marks;
  const ended = withState(withRequestedMemory(vmi), { endTimestamp: now, completed: true });
  return { ...ended, metadata: { ...ended.metadata, labels: left } };
}

/** The new domain has the memory of the spec. */
function withRequestedMemory(vmi: VirtualMachineInstance): VirtualMachineInstance {
  const guest = vmi.spec.domain.memory?.guest;
  const { conditions, memory } = vmi.status ?? {};
  if (guest === undefined || findCondition(conditions, memoryChangeType) === undefined) return vmi;
  return {
    ...vmi,
    status: {
      ...vmi.status,
      conditions: withoutCondition(conditions, memoryChangeType),
      memory: { ...memory, guestCurrent: guest, guestRequested: guest },
    },
  };
}

function withState(vmi: VirtualMachineInstance, fields: Partial<MigrationState>): VirtualMachineInstance {
  return { ...vmi, status: { ...vmi.status, migrationState: { ...migrationState(vmi), ...fields } } };
}

function isUnset(timestamp: string | null | undefined): boolean {
  return timestamp === undefined || timestamp === null || timestamp === "";
}
