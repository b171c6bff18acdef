// Live migrations: when they start, their phases, and how they fail.
import { describe, it } from "vitest";
import { findCondition } from "../../../src/domain/objects/conditions.ts";
import { vmis, vms } from "../../../src/local/kubevirt/controller/objects.ts";
import {
  annotations,
  finalizers,
  labels,
  pods,
  virtualMachineInstanceMigrations,
  type VirtualMachineInstanceMigration,
} from "../../../src/local/kubevirt/resources.ts";
import { add, bridgeNic, machine, nad, podNic, sriovNic } from "./machines.ts";
import { namespace, startStand, type Seen, type Stand } from "./stand.ts";

const name = "vm";
const liveMigrate = { workloadUpdateStrategy: { workloadUpdateMethods: ["LiveMigrate"] } };
const running = ({ vm }: Seen): boolean => vm?.status?.printableStatus === "Running";
const required = ({ vmi }: Seen): string | undefined =>
  findCondition(vmi?.status?.conditions, "MigrationRequired")?.status;

async function migrations(stand: Stand): Promise<readonly VirtualMachineInstanceMigration[]> {
  return (await stand.client.list(virtualMachineInstanceMigrations, { namespace })).items;
}

async function migrationInPhase(stand: Stand, phase: string): Promise<VirtualMachineInstanceMigration> {
  let found: VirtualMachineInstanceMigration | undefined;
  await stand.untilAsync(async () => {
    found = (await migrations(stand)).find(({ status }) => status?.phase === phase);
    return found !== undefined;
  });
  if (found === undefined) throw new Error(`no migration in phase ${phase}`);
  return found;
}

describe("a live migration", () => {
  it("moves the guest to a pod on another node, with the added NIC", async ({ expect }) => {
    await using stand = await startStand({ configuration: liveMigrate });
    await stand.client.create(vms, machine([podNic(), bridgeNic("a", "net")]));
    const before = await stand.until(running);
    await stand.change(add(sriovNic("s", "sriov")));
    const migration = await migrationInPhase(stand, "Succeeded");
    const { vmi, pods: list } = await stand.until(
      (seen) => running(seen) && required(seen) === undefined && seen.vmi?.status?.interfaces?.length === 3,
    );
    expect(migration.metadata.annotations).toHaveProperty([annotations.workloadUpdateMigration]);
    expect(vmi?.metadata.uid).toBe(before.vmi?.metadata.uid);
    expect(vmi?.status?.nodeName).not.toBe(before.vmi?.status?.nodeName);
    const target = list.find(
      ({ metadata }) => metadata.labels?.[labels.migrationJob] === migration.metadata.uid,
    );
    expect(target?.metadata.name).toBe(vmi?.status?.migrationState?.targetPod);
    expect(target?.spec.nodeName).toBe(vmi?.status?.nodeName);
    expect(target?.spec.affinity).toMatchObject({
      podAntiAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [
          { labelSelector: { matchLabels: { [labels.createdBy]: vmi?.metadata.uid } } },
        ],
      },
    });
    expect(vmi?.status?.migrationState).toMatchObject({
      migrationUid: migration.metadata.uid,
      sourceNode: before.vmi?.status?.nodeName,
      sourcePod: before.pods[0]?.metadata.name,
      completed: true,
    });
  });

  it("has KubeVirt's phases in order", async ({ expect }) => {
    await using stand = await startStand();
    await stand.client.create(vms, machine([podNic()]));
    await stand.until(running);
    await stand.client.create(virtualMachineInstanceMigrations, byHand("by-hand"));
    const { status, metadata } = await migrationInPhase(stand, "Succeeded");
    expect(status?.phaseTransitionTimestamps?.map(({ phase }) => phase)).toEqual([
      "Pending",
      "Scheduling",
      "Scheduled",
      "PreparingTarget",
      "TargetReady",
      "Running",
      "Succeeded",
    ]);
    expect(metadata.name).toBe("by-hand");
  });

  it("is not created if the KubeVirt resource does not enable it; the condition stays", async ({
    expect,
  }) => {
    await using stand = await startStand();
    await stand.client.create(vms, machine([podNic(), bridgeNic("a", "net")]));
    await stand.until(running);
    await stand.change(nad("a", "net2"));
    const { vm } = await stand.until((seen) => required(seen) === "True");
    expect(findCondition(vm?.status?.conditions, "RestartRequired")).toBeUndefined();
    expect(await migrations(stand)).toEqual([]);
  });

  it("fails with its target pod, and the guest stays on its node", async ({ expect }) => {
    await using stand = await startStand();
    await stand.client.create(vms, machine([podNic(), bridgeNic("a", "net")]));
    const before = await stand.until(running);
    // The target waits forever for a missing NAD.
    await stand.change(nad("a", "nowhere"));
    await stand.until((seen) => required(seen) === "True");
    await stand.client.create(virtualMachineInstanceMigrations, byHand("hopeless"));
    await migrationInPhase(stand, "Scheduling");
    const { pods: both } = await stand.until(({ pods: list }) => list.length === 2);
    const target = both.find(({ metadata }) => metadata.labels?.[labels.migrationJob] !== undefined);
    await stand.client.delete(pods, { namespace, name: target?.metadata.name ?? "" });
    await migrationInPhase(stand, "Failed");
    const after = await stand.until(running);
    expect(after.vmi?.status?.nodeName).toBe(before.vmi?.status?.nodeName);
    await stand.client.delete(virtualMachineInstanceMigrations, { namespace, name: "hopeless" });
    await stand.untilAsync(async () => (await migrations(stand)).length === 0);
  });

  it("fails at once when its VMI does not exist", async ({ expect }) => {
    await using stand = await startStand();
    await stand.client.create(virtualMachineInstanceMigrations, byHand("early"));
    const { status } = await migrationInPhase(stand, "Failed");
    expect(status?.phaseTransitionTimestamps?.map(({ phase }) => phase)).toEqual(["Failed"]);
    expect(await stand.client.find(vmis, { namespace, name })).toBeUndefined();
  });
});

function byHand(migrationName: string): VirtualMachineInstanceMigration {
  return {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachineInstanceMigration",
    metadata: { name: migrationName, namespace, finalizers: [finalizers.migration] },
    spec: { vmiName: name },
  };
}
