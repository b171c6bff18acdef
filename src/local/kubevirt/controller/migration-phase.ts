// The phases of a live migration, as a function of the migration, its VMI and its target pod (KubeVirt: watch/migration).
import { isTrue } from "../../../domain/objects/conditions.ts";
import {
  hasEnded,
  type MigrationPhase,
  type Pod,
  type VirtualMachineInstanceMigration,
} from "../resources.ts";
import { migrationRequiredType } from "../status-fields.ts";
import { isReady } from "./launcher-state.ts";
import type { Vmi } from "./objects.ts";

interface MigrationView {
  readonly migration: VirtualMachineInstanceMigration;
  readonly vmi: Vmi | undefined;
  /** The pod that the guest will move to. */
  readonly target: Pod | undefined;
  /** Whether another migration of the VMI is in progress. */
  readonly another: boolean;
}

/** True when virt-controller has handed this migration to the nodes. */
export function isHandedOff(migration: VirtualMachineInstanceMigration, vmi: Vmi): boolean {
  return vmi.status?.migrationState?.migrationUid === migration.metadata.uid;
}

/** The next phase of the migration; the current one while nothing has happened. */
export function nextPhase(view: MigrationView): MigrationPhase {
  const { migration, vmi } = view;
  if (hasEnded(migration)) return migration.status?.phase ?? "";
  return vmi === undefined || hasFailed(view, vmi) ? "Failed" : advanced(view, vmi);
}

function hasFailed({ migration, target }: MigrationView, vmi: Vmi): boolean {
  const phase = migration.status?.phase ?? "";
  const handedOff = isHandedOff(migration, vmi);
  const needsTarget = phase !== "" && phase !== "Pending";
  const needsHandOff = phase === "PreparingTarget" || phase === "TargetReady" || phase === "Running";
  return (
    hasEnded(vmi) ||
    (migration.metadata.deletionTimestamp !== undefined && !handedOff) ||
    (needsTarget && target === undefined) ||
    (target !== undefined && hasEnded(target)) ||
    (needsHandOff && !handedOff) ||
    (handedOff && vmi.status?.migrationState?.failed === true)
  );
}

function advanced({ migration, target, another }: MigrationView, vmi: Vmi): MigrationPhase {
  const phase = migration.status?.phase ?? "";
  const state = vmi.status?.migrationState ?? {};
  switch (phase) {
    case "":
      return another ? "Failed" : "Pending";
    case "Pending":
      return target === undefined ? phase : "Scheduling";
    case "Scheduling":
      return target !== undefined && isReady(target) ? "Scheduled" : phase;
    case "Scheduled":
      return isHandedOff(migration, vmi) && isSet(state.targetNode) ? "PreparingTarget" : phase;
    case "PreparingTarget":
      return isSet(state.targetNode) && isSet(state.targetNodeAddress) ? "TargetReady" : phase;
    case "TargetReady":
      return isSet(state.startTimestamp) ? "Running" : phase;
    case "Running":
      // As KubeVirt does; virt-handler of the target has removed the condition by then.
      return state.completed === true && !isTrue(vmi.status?.conditions, migrationRequiredType)
        ? "Succeeded"
        : phase;
    case "Succeeded":
    case "Failed":
      return phase;
  }
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== "";
}
