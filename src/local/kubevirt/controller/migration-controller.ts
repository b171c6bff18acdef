// Takes one live migration from its object to the nodes, by way of a target pod, and to its end.
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
import { createPodOnce } from "./create-pod.ts";
import { launcherName, launcherPod } from "./launcher-pod.ts";
import { currentPod, isReady, podsOf } from "./launcher-state.ts";
import { isHandedOff, nextPhase } from "./migration-phase.ts";
import { askedResources } from "./network-resources.ts";
import { vmis, type Vmi } from "./objects.ts";
import { patchVmi } from "./vmi-patch.ts";
import type { Outcome } from "../../../kube/watch/work-queue.ts";
import { fieldManager, type ControllerContext } from "./context.ts";

type Migration = VirtualMachineInstanceMigration;

/** One look at a migration. @throws KubeError; the next look goes on from there. */
export async function reconcileMigration(context: ControllerContext, key: string): Promise<Outcome> {
  const migration = context.migrations.get(refOf(key));
  if (migration === undefined) return undefined;
  const vmi = context.vmis.get({ ...migration.metadata, name: migration.spec.vmiName });
  const target = vmi === undefined ? undefined : await targetPod(context, migration, vmi);
  const made = vmi === undefined ? undefined : await act(context, migration, vmi, target);
  await write(context, migration, {
    phase: nextPhase({
      migration,
      vmi,
      target: made ?? target,
      another: anotherRuns(context, migration, vmi),
    }),
    vmi,
  });
  return undefined;
}

/** The pod of this migration. That it is missing is believed only of the API server itself. */
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

/** @returns the target pod when this look made it. */
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

/** One pod at a time moves in beside the one that runs the guest. */
async function createTarget(
  context: ControllerContext,
  migration: Migration,
  vmi: Vmi,
): Promise<Pod | undefined> {
  const active = podsOf(vmi, context.launchers(vmi.metadata.uid ?? "")).filter((pod) => !hasEnded(pod));
  if (vmi.status?.phase !== "Running" || active.length !== 1) return undefined;
  const pod = launcherPod(vmi, {
    rules: context.rules,
    networkResources: await askedResources(context, vmi),
  });
  const { uid = "", name } = migration.metadata;
  const avoidSource = {
    labelSelector: { matchLabels: { [labels.createdBy]: vmi.metadata.uid ?? "" } },
    topologyKey: "kubernetes.io/hostname",
  };
  return await createPodOnce(context.client, {
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
  });
}

/** By this virt-handler of the target node gets to work. */
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

/** The nodes are to give up a migration whose target is gone. */
async function failOnVmi(context: ControllerContext, migration: Migration, vmi: Vmi): Promise<void> {
  const state = vmi.status?.migrationState;
  if (
    state === undefined ||
    !isHandedOff(migration, vmi) ||
    state.failed === true ||
    state.completed === true
  )
    return;
  const at = timestamp(context.clock());
  const { resourceVersion } = vmi.metadata;
  const migrationState = {
    failed: true,
    completed: true,
    startTimestamp: state.startTimestamp ?? at,
    endTimestamp: at,
    failureReason: "Target pod is down",
  };
  await context.client.mergePatch(
    vmis,
    vmi.metadata,
    { metadata: { resourceVersion }, status: { migrationState } },
    { fieldManager },
  );
}

function anotherRuns(context: ControllerContext, migration: Migration, vmi: Vmi | undefined): boolean {
  const current = vmi?.status?.migrationState?.migrationUid;
  if (current === undefined || current === migration.metadata.uid) return false;
  return [...context.migrations.values()].some((other) => other.metadata.uid === current && !hasEnded(other));
}

async function write(
  context: ControllerContext,
  migration: Migration,
  { phase, vmi }: { readonly phase: MigrationPhase; readonly vmi: Vmi | undefined },
): Promise<void> {
  const { client, clock } = context;
  if (hasEnded(migration)) {
    await finish(context, migration);
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

/** A migration that is over may be deleted. */
async function finish({ client }: ControllerContext, migration: Migration): Promise<void> {
  const known = migration.metadata.finalizers ?? [];
  if (!known.includes(finalizers.migration)) return;
  const { resourceVersion } = migration.metadata;
  const left = known.filter((name) => name !== finalizers.migration);
  await client.mergePatch(
    virtualMachineInstanceMigrations,
    migration.metadata,
    { metadata: { resourceVersion, finalizers: left } },
    { fieldManager },
  );
}
