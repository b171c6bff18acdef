// Reconciles one live migration: creates the target pod, hands the migration to the nodes, and ends it.
import { timestamp } from "../../timestamp.ts";
import {
  hasEnded,
  annotations,
  finalizers,
  labels,
  pods,
  virtualMachineInstanceMigrations,
  type MigrationPhase,
  type Pod,
  type VirtualMachineInstanceMigration,
} from "../resources.ts";
import { refOf } from "../../../kube/object-key.ts";
import { createLauncher } from "./create-launcher.ts";
import { launcherName } from "./launcher-pod.ts";
import { currentPod, isReady, podsOf } from "./launcher-state.ts";
import { isHandedOff, nextPhase } from "./migration-phase.ts";
import { vmis, type Vmi } from "./objects.ts";
import type { Outcome } from "../../../kube/watch/work-queue.ts";
import type { ControllerContext } from "./context.ts";
import { fieldManager, patchUnchanged, patchVmi, withoutFinalizer } from "./writes.ts";

type Migration = VirtualMachineInstanceMigration;

/** @throws KubeError; the next call for the key continues from there. */
export async function reconcileMigration(context: ControllerContext, key: string): Promise<Outcome> {
  const migration = context.migrations.get(refOf(key));
  if (migration === undefined) return undefined;
  const vmi = context.vmis.get({ ...migration.metadata, name: migration.spec.vmiName });
  const target = vmi === undefined ? undefined : await targetPod(context, migration, vmi);
  const created = vmi === undefined ? undefined : await act(context, migration, vmi, target);
  const another = anotherRuns(context, migration, vmi);
  await write(context, migration, vmi, nextPhase({ migration, vmi, target: created ?? target, another }));
  return undefined;
}

/** The pod of this migration, from the API server when it is not in the cache. */
async function targetPod(
  context: ControllerContext,
  migration: Migration,
  vmi: Vmi,
): Promise<Pod | undefined> {
  const { uid = "" } = migration.metadata;
  const cached = context
    .launchers(vmi.metadata.uid ?? "")
    .find(({ metadata }) => metadata.labels?.[labels.migrationJob] === uid);
  if (cached !== undefined || hasEnded(migration)) return cached;
  return await context.client.find(pods, { ...vmi.metadata, name: launcherName(vmi, uid) });
}

/** @returns the target pod if this call created it. */
async function act(
  context: ControllerContext,
  migration: Migration,
  vmi: Vmi,
  target: Pod | undefined,
): Promise<Pod | undefined> {
  if (vmi.metadata.deletionTimestamp !== undefined) return undefined;
  switch (migration.status?.phase) {
    case "Pending":
      return target === undefined ? await createTarget(context, migration, vmi) : undefined;
    case "Scheduled":
      if (target !== undefined && isReady(target) && !isHandedOff(migration, vmi)) {
        await patchVmi(context.client, vmi, handedOff(context, migration, vmi, target));
      }
      return undefined;
    case "Failed":
      await failOnVmi(context, migration, vmi);
      return undefined;
    default:
      return undefined;
  }
}

/** Creates the target pod when the pod that runs the guest is the only active one. */
async function createTarget(
  context: ControllerContext,
  migration: Migration,
  vmi: Vmi,
): Promise<Pod | undefined> {
  const active = podsOf(vmi, context.launchers(vmi.metadata.uid ?? "")).filter((pod) => !hasEnded(pod));
  if (vmi.status?.phase !== "Running" || active.length !== 1) return undefined;
  const { uid = "", name } = migration.metadata;
  const avoidSource = {
    labelSelector: { matchLabels: { [labels.createdBy]: vmi.metadata.uid ?? "" } },
    topologyKey: "kubernetes.io/hostname",
  };
  return await createLauncher(context, vmi, (pod) => ({
    ...pod,
    metadata: {
      ...pod.metadata,
      name: launcherName(vmi, uid),
      labels: { ...pod.metadata.labels, [labels.migrationJob]: uid },
      annotations: { ...pod.metadata.annotations, [annotations.migrationJobName]: name },
    },
    spec: {
      ...pod.spec,
      affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [avoidSource] } },
    },
  }));
}

/** The VMI with the label and the state that start virt-handler of the target node. */
function handedOff(context: ControllerContext, migration: Migration, vmi: Vmi, target: Pod): Vmi {
  const targetNode = target.spec.nodeName ?? "";
  const sourcePod = currentPod(vmi, context.launchers(vmi.metadata.uid ?? ""))?.metadata.name;
  return {
    ...vmi,
    metadata: {
      ...vmi.metadata,
      labels: { ...vmi.metadata.labels, [labels.migrationTargetNodeName]: targetNode },
    },
    status: {
      ...vmi.status,
      migrationState: {
        ...(migration.metadata.uid === undefined ? {} : { migrationUid: migration.metadata.uid }),
        ...(vmi.status?.nodeName === undefined ? {} : { sourceNode: vmi.status.nodeName }),
        ...(sourcePod === undefined ? {} : { sourcePod }),
        targetNode,
        targetPod: target.metadata.name,
      },
    },
  };
}

/** Marks the migration as failed on the VMI, so that the nodes stop it. */
async function failOnVmi(context: ControllerContext, migration: Migration, vmi: Vmi): Promise<void> {
  const state = vmi.status?.migrationState;
  if (state === undefined || !isHandedOff(migration, vmi)) return;
  if (state.failed === true || state.completed === true) return;
  const at = timestamp(context.clock());
  const migrationState = {
    failed: true,
    completed: true,
    startTimestamp: state.startTimestamp ?? at,
    endTimestamp: at,
    failureReason: "Target pod is down",
  };
  await patchUnchanged(context.client, vmis, vmi, { status: { migrationState } });
}

function anotherRuns(context: ControllerContext, migration: Migration, vmi: Vmi | undefined): boolean {
  const current = vmi?.status?.migrationState?.migrationUid;
  if (current === undefined || current === migration.metadata.uid) return false;
  return [...context.migrations.values()].some((other) => other.metadata.uid === current && !hasEnded(other));
}

async function write(
  context: ControllerContext,
  migration: Migration,
  vmi: Vmi | undefined,
  phase: MigrationPhase,
): Promise<void> {
  const { client, clock } = context;
  if (hasEnded(migration)) {
    // A migration that has ended may be deleted.
    if (migration.metadata.finalizers?.includes(finalizers.migration) !== true) return;
    const metadata = withoutFinalizer(migration, finalizers.migration);
    await patchUnchanged(client, virtualMachineInstanceMigrations, migration, { metadata });
    return;
  }
  if (phase === (migration.status?.phase ?? "")) return;
  const passed = migration.status?.phaseTransitionTimestamps ?? [];
  const state = vmi !== undefined && isHandedOff(migration, vmi) ? vmi.status?.migrationState : undefined;
  const status = {
    ...migration.status,
    phase,
    phaseTransitionTimestamps: [...passed, { phase, phaseTransitionTimestamp: timestamp(clock()) }],
    ...(state === undefined ? {} : { migrationState: state }),
  };
  await client.replaceStatus(virtualMachineInstanceMigrations, { ...migration, status }, { fieldManager });
}
