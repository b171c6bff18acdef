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
import { fieldManager, type World } from "./world.ts";

type Migration = VirtualMachineInstanceMigration;

/** One look at a migration. @throws KubeError; the next look goes on from there. */
export async function reconcileMigration(world: World, key: string): Promise<Outcome> {
  const migration = world.migrations.get(refOf(key));
  if (migration === undefined) return undefined;
  const vmi = world.vmis.get({ ...migration.metadata, name: migration.spec.vmiName });
  const target = vmi === undefined ? undefined : await targetPod(world, migration, vmi);
  const made = vmi === undefined ? undefined : await act(world, migration, vmi, target);
  await write(world, migration, {
    phase: nextPhase({ migration, vmi, target: made ?? target, another: anotherRuns(world, migration, vmi) }),
    vmi,
  });
  return undefined;
}

/** The pod of this migration. That it is missing is believed only of the API server itself. */
async function targetPod(world: World, migration: Migration, vmi: Vmi): Promise<Pod | undefined> {
  const { uid = "" } = migration.metadata;
  const cached = world
    .launchers(vmi.metadata.uid ?? "")
    .find(({ metadata }) => metadata.labels?.[labels.migrationJob] === uid);
  if (cached !== undefined || hasEnded(migration)) return cached;
  return await world.client.find(pods, { ...vmi.metadata, name: launcherName(vmi, uid) });
}

/** @returns the target pod when this look made it. */
async function act(
  world: World,
  migration: Migration,
  vmi: Vmi,
  target: Pod | undefined,
): Promise<Pod | undefined> {
  if (vmi.metadata.deletionTimestamp !== undefined) return undefined;
  switch (migration.status?.phase) {
    case "Pending":
      return target === undefined ? await createTarget(world, migration, vmi) : undefined;
    case "Scheduled":
      if (target !== undefined && isReady(target) && !isHandedOff(migration, vmi)) {
        await patchVmi(world.client, vmi, handedOff(world, migration, vmi, target));
      }
      return undefined;
    case "Failed":
      await failOnVmi(world, migration, vmi);
      return undefined;
    default:
      return undefined;
  }
}

/** One pod at a time moves in beside the one that runs the guest. */
async function createTarget(world: World, migration: Migration, vmi: Vmi): Promise<Pod | undefined> {
  const active = podsOf(vmi, world.launchers(vmi.metadata.uid ?? "")).filter((pod) => !hasEnded(pod));
  if (vmi.status?.phase !== "Running" || active.length !== 1) return undefined;
  const pod = launcherPod(vmi, { rules: world.rules, networkResources: await askedResources(world, vmi) });
  const { uid = "", name } = migration.metadata;
  const avoidSource = {
    labelSelector: { matchLabels: { [labels.createdBy]: vmi.metadata.uid ?? "" } },
    topologyKey: "kubernetes.io/hostname",
  };
  return await createPodOnce(world.client, {
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
function handedOff(world: World, migration: Migration, vmi: Vmi, target: Pod): Vmi {
  const targetNode = target.spec.nodeName ?? "";
  const sourcePod = currentPod(vmi, world.launchers(vmi.metadata.uid ?? ""))?.metadata.name;
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
async function failOnVmi(world: World, migration: Migration, vmi: Vmi): Promise<void> {
  const state = vmi.status?.migrationState;
  if (
    state === undefined ||
    !isHandedOff(migration, vmi) ||
    state.failed === true ||
    state.completed === true
  )
    return;
  const at = timestamp(world.clock());
  const { resourceVersion } = vmi.metadata;
  const migrationState = {
    failed: true,
    completed: true,
    startTimestamp: state.startTimestamp ?? at,
    endTimestamp: at,
    failureReason: "Target pod is down",
  };
  await world.client.mergePatch(
    vmis,
    vmi.metadata,
    { metadata: { resourceVersion }, status: { migrationState } },
    { fieldManager },
  );
}

function anotherRuns(world: World, migration: Migration, vmi: Vmi | undefined): boolean {
  const current = vmi?.status?.migrationState?.migrationUid;
  if (current === undefined || current === migration.metadata.uid) return false;
  return [...world.migrations.values()].some((other) => other.metadata.uid === current && !hasEnded(other));
}

async function write(
  world: World,
  migration: Migration,
  { phase, vmi }: { readonly phase: MigrationPhase; readonly vmi: Vmi | undefined },
): Promise<void> {
  const { client, clock } = world;
  if (hasEnded(migration)) {
    await finish(world, migration);
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
async function finish({ client }: World, migration: Migration): Promise<void> {
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
