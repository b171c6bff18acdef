// Migrates the VMIs that need it, where the KubeVirt resource allows it (KubeVirt: watch/workload-updater).
import { createHash } from "node:crypto";
import { findCondition, isTrue } from "../../../domain/objects/conditions.ts";
import {
  hasEnded,
  annotations,
  finalizers,
  labels,
  virtualMachineInstanceMigrations,
  type VirtualMachineInstanceMigration,
} from "../resources.ts";
import { refOf } from "../../../kube/object-key.ts";
import { memoryChangeType, migrationRequiredType } from "../status-fields.ts";
import type { Vmi } from "./objects.ts";
import { isMigrating } from "./vm-status.ts";
import type { Outcome } from "../../../kube/watch/work-queue.ts";
import type { ControllerContext } from "./context.ts";
import { fieldManager, ignoring } from "./writes.ts";

type Migration = VirtualMachineInstanceMigration;

/** True for a running VMI that needs a migration, can be migrated, and is not being migrated. */
export function wantsMigration(vmi: Vmi): boolean {
  const { phase, conditions, migrationState } = vmi.status ?? {};
  return (
    phase === "Running" &&
    vmi.metadata.deletionTimestamp === undefined &&
    (isTrue(conditions, migrationRequiredType) || isTrue(conditions, memoryChangeType)) &&
    isTrue(conditions, "LiveMigratable") &&
    !isMigrating(migrationState)
  );
}

/** Creates a migration for the VMI if it still needs one and none is in progress. */
export async function migrateOnUpdate(context: ControllerContext, key: string): Promise<Outcome> {
  const vmi = context.vmis.get(refOf(key));
  if (vmi === undefined || !wantsMigration(vmi)) return undefined;
  const { namespace, name } = vmi.metadata;
  const earlier = [...context.migrations.values()].filter(
    ({ metadata, spec }) => metadata.namespace === namespace && spec.vmiName === name,
  );
  if (earlier.some((migration) => !hasEnded(migration))) return undefined;
  const waitMs = backoffLeftMs(earlier, context.clock());
  if (waitMs > 0) return waitMs;
  const migration = newMigration(vmi, earlier);
  await ignoring(
    "AlreadyExists",
    context.client.create(virtualMachineInstanceMigrations, migration, { fieldManager }),
  );
  return undefined;
}

/** The name is a hash of this request and the attempts before it, so that one request creates one migration. */
function newMigration(vmi: Vmi, earlier: readonly Migration[]): Migration {
  const since = [migrationRequiredType, memoryChangeType].map(
    (type) => findCondition(vmi.status?.conditions, type)?.lastTransitionTime ?? "",
  );
  const seed = [vmi.metadata.uid, ...since, ...earlier.map(({ metadata }) => metadata.uid)].join();
  const suffix = createHash("sha256").update(seed).digest("hex").slice(0, 5);
  return {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachineInstanceMigration",
    metadata: {
      name: `kubevirt-workload-update-${suffix}`,
      ...(vmi.metadata.namespace === undefined ? {} : { namespace: vmi.metadata.namespace }),
      labels: { [labels.vmiName]: vmi.metadata.name },
      annotations: { [annotations.workloadUpdateMigration]: "" },
      finalizers: [finalizers.migration],
    },
    spec: { vmiName: vmi.metadata.name },
  };
}

const firstBackoffMs = 20_000;

/** After a failed migration the next one waits 20 s, doubled after each further failure; a success resets the delay. */
function backoffLeftMs(earlier: readonly Migration[], now: Date): number {
  const ends = earlier
    .map((migration) => ({ failed: migration.status?.phase === "Failed", at: endOf(migration) }))
    .toSorted((a, b) => b.at - a.at);
  const lastSuccess = ends.findIndex(({ failed }) => !failed);
  const failures = lastSuccess < 0 ? ends.length : lastSuccess;
  const last = ends[0];
  if (failures === 0 || last === undefined) return 0;
  return Math.max(0, last.at + firstBackoffMs * 2 ** (failures - 1) - now.getTime());
}

function endOf({ status }: Migration): number {
  const at = status?.phaseTransitionTimestamps?.find(({ phase }) => phase === status.phase);
  return Date.parse(at?.phaseTransitionTimestamp ?? "") || 0;
}
