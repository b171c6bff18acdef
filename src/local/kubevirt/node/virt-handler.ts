// virt-handler of one node, with its virt-launchers: starts, observes, migrates and ends the VMIs of the node.
import { isDeepStrictEqual } from "node:util";
import type { Secret, VirtualMachineInstance } from "../../../domain/objects/kubernetes.ts";
import { timestamp } from "../../timestamp.ts";
import { secrets, virtualMachineInstances } from "../../../kube/resource.ts";
import type { Outcome } from "../../../kube/watch/work-queue.ts";
import { refOf } from "../../../kube/object-key.ts";
import { hasEnded } from "../resources.ts";
import { withPhase } from "../status-fields.ts";
import { cloudInitSecrets, planAtBoot, readCloudInit, rootClaim } from "./cloud-init.ts";
import type { NodeContext } from "./context.ts";
import { createStopwatch } from "./delays.ts";
import {
  askAgent,
  moveMachine,
  startMachine,
  syncMachine,
  type Machine,
  type Surroundings,
} from "./machines.ts";
import { isMigrating, migrationState, nextMigrationStep } from "./migration.ts";
import { pluginType } from "./multus.ts";
import { observedVmi, runningVmi } from "./vmi-status.ts";

/** @returns the reconciler of a VMI, by key. */
export function createVirtHandler(context: NodeContext): (key: string) => Promise<Outcome> {
  const { nodeName, handlerClient, client, delays, clock, log, plugins } = context;
  const { running, disks, dhcp } = context.machines;
  const stopwatch = createStopwatch(clock);

  const cniType = (network: string): string | undefined => {
    const nad = context.nads.get(refOf(network));
    return nad === undefined ? undefined : pluginType(nad);
  };

  function surroundings(vmi: VirtualMachineInstance): Surroundings {
    return { vmi, node: nodeName, plugins, cniType, delays, nowMs: clock().getTime() };
  }

  async function write(before: VirtualMachineInstance, after: VirtualMachineInstance): Promise<boolean> {
    if (isDeepStrictEqual(before, after)) return false;
    await handlerClient.replace(virtualMachineInstances, after);
    return true;
  }

  async function readSecrets(vmi: VirtualMachineInstance): Promise<ReadonlyMap<string, Secret>> {
    const found = new Map<string, Secret>();
    for (const name of cloudInitSecrets(vmi)) {
      const secret = await client.find(secrets, { namespace: vmi.metadata.namespace, name });
      if (secret !== undefined) found.set(name, secret);
    }
    return found;
  }

  /** Defines the domain and boots the guest; `bootMs` is 0 when the VMI runs already and only this process is new. */
  async function boot(vmi: VirtualMachineInstance, bootMs: number): Promise<Machine> {
    const data = readCloudInit(vmi, await readSecrets(vmi));
    const claim = rootClaim(vmi);
    const plan = planAtBoot(data, claim === undefined ? undefined : disks.get(claim));
    if (claim !== undefined) disks.set(claim, { instanceId: data.instanceId, plan });
    const machine = startMachine(surroundings(vmi), plan, bootMs);
    if (machine.guest.plan.kind === "refused") {
      const { namespace, name } = vmi.metadata;
      const { reason } = machine.guest.plan;
      log.warn({ namespace, vmi: name, reason }, "the guest configured no network interface");
    }
    return machine;
  }

  async function start(vmi: VirtualMachineInstance, uid: string): Promise<undefined> {
    if (running.get(uid)?.node !== nodeName) running.set(uid, await boot(vmi, delays.guestBootMs));
    await write(vmi, runningVmi(vmi, timestamp(clock())));
  }

  /** undefined when the machine runs on another node: this node's view of the VMI is from before the migration. */
  async function machineOf(vmi: VirtualMachineInstance, uid: string): Promise<Machine | undefined> {
    const known = running.get(uid);
    if (known === undefined) return await boot(vmi, 0);
    if (known.node === nodeName) return known;
    const arrived = migrationState(vmi)?.targetNode === nodeName;
    return arrived ? moveMachine(known, surroundings(vmi)) : undefined;
  }

  async function run(vmi: VirtualMachineInstance, uid: string): Promise<number | undefined> {
    // The ended pod of an earlier migration may still exist.
    const pods = context.podsByVmi(uid).filter((pod) => pod.spec.nodeName === nodeName && !hasEnded(pod));
    const pod = pods.find(({ metadata }) => metadata.deletionTimestamp === undefined) ?? pods[0];
    const podIP = pod?.status?.podIP;
    const around = surroundings(vmi);
    const before = await machineOf(vmi, uid);
    if (before === undefined) return;
    const machine = askAgent(syncMachine(before, around), around, { dhcp, podIP });
    running.set(uid, machine);
    // The pod was deleted: virt-launcher shuts its guest down.
    if (pods.length > 0 && pod?.metadata.deletionTimestamp !== undefined) return await end(vmi, uid);

    const observed = observedVmi(vmi, machine, { plugins, podIP, now: timestamp(clock()) });
    const waits = machine.askAtMs === undefined ? undefined : Math.max(1, machine.askAtMs - around.nowMs);
    if (!isMigrating(vmi)) {
      await write(vmi, observed);
      return waits;
    }
    const left = stopwatch.remaining(`${uid}/migration`, delays.migrationStepMs);
    if (left > 0) {
      await write(vmi, observed);
      return waits === undefined ? left : Math.min(left, waits);
    }
    await write(vmi, nextMigrationStep(observed, timestamp(clock())));
    return waits;
  }

  async function end(vmi: VirtualMachineInstance, uid: string): Promise<number | undefined> {
    const left = stopwatch.remaining(`${uid}/shutdown`, delays.shutdownMs);
    if (left > 0) return left;
    await write(vmi, withPhase(vmi, "Succeeded", timestamp(clock())));
    running.delete(uid);
    return;
  }

  return async (key) => {
    const vmi = context.vmis.get(refOf(key));
    const uid = vmi?.metadata.uid;
    if (vmi === undefined || uid === undefined || vmi.status?.nodeName !== nodeName) return;
    const { phase } = vmi.status;
    if (phase !== "Scheduled" && phase !== "Running") {
      running.delete(uid);
      return;
    }
    if (vmi.metadata.deletionTimestamp !== undefined) return await end(vmi, uid);
    return phase === "Scheduled" ? await start(vmi, uid) : await run(vmi, uid);
  };
}
