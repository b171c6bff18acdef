// Scheduler, kubelet and Multus for the virt-launcher pods of one node: bound, attached, started, ended, removed.
import type { VirtualMachineInstance } from "../../../domain/objects.ts";
import { secrets } from "../../../kube/resource.ts";
import { annotations, pods as podResource, type Pod } from "../resources.ts";
import { podsOf, refOf, timestamp, type NodeContext } from "./context.ts";
import {
  attachNetworks,
  networkStatuses,
  reattachNetworks,
  type AttachFailure,
  type NetworkStatus,
} from "./multus.ts";
import type { PodAddresses } from "./pod-addresses.ts";
import { recordPodEvent, type PodEvent } from "./pod-events.ts";
import { creatingStatus, runningStatus, succeededStatus, unschedulableStatus } from "./pod-status.ts";
import { chooseNode, vmiUid } from "./scheduling.ts";

/** The kubelet of one node. */
export interface Kubelet {
  /** Brings the pod of that key a step on. @returns milliseconds after which to look again. */
  readonly handle: (key: string) => Promise<number | undefined>;
}

/** What a kubelet is told besides the node's context. */
export interface KubeletOptions {
  readonly addresses: PodAddresses;
  /** multus-dynamic-networks-controller runs too: changed annotations reach running pods. */
  readonly dynamicNetworks: boolean;
}

/** Keeps nothing that it could not find out again, but since when a pod waits. */
export function createKubelet(context: NodeContext, { addresses, dynamicNetworks }: KubeletOptions): Kubelet {
  const { client, nodeName, delays, clock, log } = context;
  /** By pod uid: since when the pod's containers start or stop. */
  const since = new Map<string, number>();
  /** By pod uid: what its last attempt failed with. */
  const complaints = new Map<string, { readonly text: string; readonly atMs: number }>();

  /** Milliseconds still to wait for a step that takes `delayMs`; 0 when it is done. */
  function remaining(pod: Pod, step: string, delayMs: number): number {
    const key = `${step}/${pod.metadata.uid ?? ""}`;
    const now = clock().getTime();
    const started = since.get(key) ?? now;
    since.set(key, started);
    const left = started + delayMs - now;
    if (left <= 0) since.delete(key);
    return Math.max(0, left);
  }

  async function schedule(pod: Pod): Promise<undefined> {
    const siblings = podsOf(context, vmiUid(pod)).filter(({ metadata }) => metadata.uid !== pod.metadata.uid);
    const nodes = [...context.nodes.values()];
    const choice = chooseNode(pod, nodes, siblings);
    if (choice.kind === "node") {
      if (choice.name !== nodeName) return;
      const { namespace = "", name } = pod.metadata;
      const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}/binding`;
      const target = { apiVersion: "v1", kind: "Node", name: nodeName };
      await client.post(path, { apiVersion: "v1", kind: "Binding", metadata: { namespace, name }, target });
      return;
    }
    // One of the nodes says so for all.
    const first = nodes.map(({ metadata }) => metadata.name).sort()[0];
    const said = pod.status?.conditions?.find(({ type }) => type === "PodScheduled")?.message;
    if (first !== nodeName || said === choice.message) return;
    await client.replaceStatus(podResource, {
      ...pod,
      status: unschedulableStatus(pod, choice.message, timestamp(clock)),
    });
    const { message } = choice;
    await record(pod, {
      type: "Warning",
      reason: "FailedScheduling",
      message,
      component: "default-scheduler",
    });
  }

  async function create(pod: Pod): Promise<number | undefined> {
    if (pod.status?.containerStatuses === undefined) {
      await client.replaceStatus(podResource, { ...pod, status: creatingStatus(pod, timestamp(clock)) });
      return;
    }
    const missing = await missingSecret(pod);
    if (missing !== undefined) {
      const message = `MountVolume.SetUp failed for volume "${missing.volume}" : secret "${missing.secret}" not found`;
      return await complain(pod, [{ type: "Warning", reason: "FailedMount", message, component: "kubelet" }]);
    }
    const podIP = addresses.of(pod);
    if (networkStatuses(pod).length === 0) {
      const attachment = attachNetworks(pod, podIP, (ref) => context.nads.get(ref));
      if (attachment.kind === "failed") return await complain(pod, sandboxEvents(attachment.failure));
      await annotate(pod, attachment.statuses);
      return;
    }
    const left = remaining(pod, "start", delays.podStartMs);
    if (left > 0) return left;
    await client.replaceStatus(podResource, { ...pod, status: runningStatus(pod, podIP, timestamp(clock)) });
    complaints.delete(pod.metadata.uid ?? "");
    return;
  }

  /** Writes the events of a failed attempt, at most once per retry. @returns milliseconds until the next attempt. */
  async function complain(pod: Pod, failures: readonly PodEvent[]): Promise<number> {
    const uid = pod.metadata.uid ?? "";
    const now = clock().getTime();
    const text = failures.map(({ message }) => message).join();
    const before = complaints.get(uid);
    if (before?.text === text && now < before.atMs + delays.sandboxRetryMs) {
      return before.atMs + delays.sandboxRetryMs - now;
    }
    complaints.set(uid, { text, atMs: now });
    if (before?.text !== text) {
      const { namespace, name } = pod.metadata;
      log.warn({ namespace, pod: name, reasons: failures.map(({ reason }) => reason) }, text);
    }
    for (const event of failures) await record(pod, event);
    return delays.sandboxRetryMs;
  }

  async function keepRunning(pod: Pod): Promise<undefined> {
    if (hasEnded(pod)) {
      await client.replaceStatus(podResource, { ...pod, status: succeededStatus(pod, timestamp(clock)) });
      return;
    }
    if (!dynamicNetworks) return;
    const statuses = reattachNetworks(pod, addresses.of(pod), (ref) => context.nads.get(ref));
    if (statuses !== undefined) await annotate(pod, statuses);
  }

  /** virt-launcher ends when its guest has ended or has moved to another node. */
  function hasEnded(pod: Pod): boolean {
    const vmi = vmiOf(pod);
    if (vmi === undefined) return false;
    const final = vmi.status?.phase === "Succeeded" || vmi.status?.phase === "Failed";
    const state = vmi.status?.migrationState;
    const movedAway = state?.["completed"] === true && state["sourcePod"] === pod.metadata.name;
    return final || (movedAway && vmi.status?.nodeName !== nodeName);
  }

  /** The guest goes first; then the pod is removed for good. */
  async function remove(pod: Pod): Promise<number | undefined> {
    const left = remaining(pod, "stop", delays.shutdownMs);
    if (left > 0) return left;
    if (runsGuest(pod)) return shutdownPollMs;
    const { namespace, name, uid } = pod.metadata;
    await client.delete(
      podResource,
      { namespace, name },
      { gracePeriodSeconds: 0, ...(uid === undefined ? {} : { uid }) },
    );
    if (uid !== undefined) {
      addresses.release(uid);
      complaints.delete(uid);
    }
    return;
  }

  function runsGuest(pod: Pod): boolean {
    const status = vmiOf(pod)?.status;
    if (status?.nodeName !== nodeName || (status.phase !== "Scheduled" && status.phase !== "Running"))
      return false;
    return context.machines.running.get(vmiUid(pod) ?? "")?.node === nodeName;
  }

  function vmiOf(pod: Pod): VirtualMachineInstance | undefined {
    const uid = vmiUid(pod);
    return [...context.vmis.values()].find(({ metadata }) => metadata.uid === uid);
  }

  async function annotate(pod: Pod, statuses: readonly NetworkStatus[]): Promise<void> {
    const { namespace, name, uid } = pod.metadata;
    await client.mergePatch(
      podResource,
      { namespace, name },
      { metadata: { uid, annotations: { [annotations.networkStatus]: JSON.stringify(statuses) } } },
    );
  }

  async function missingSecret(pod: Pod): Promise<{ volume: string; secret: string } | undefined> {
    for (const volume of pod.spec.volumes ?? []) {
      const source = volume["secret"] as { secretName?: string; optional?: boolean } | undefined;
      if (source?.secretName === undefined || source.optional === true) continue;
      const found = await client.find(secrets, {
        namespace: pod.metadata.namespace,
        name: source.secretName,
      });
      if (found === undefined) return { volume: volume.name, secret: source.secretName };
    }
    return undefined;
  }

  async function record(pod: Pod, event: PodEvent): Promise<void> {
    log.warn(
      { pod: pod.metadata.name, namespace: pod.metadata.namespace, reason: event.reason },
      event.message,
    );
    await recordPodEvent(client, pod, event, { host: nodeName, now: timestamp(clock) });
  }

  return {
    async handle(key) {
      const pod = context.pods.get(refOf(key));
      if (pod === undefined) return;
      const { nodeName: bound } = pod.spec;
      if (bound === undefined || bound === "") {
        return pod.metadata.deletionTimestamp === undefined ? await schedule(pod) : undefined;
      }
      if (bound !== nodeName) return;
      if (pod.metadata.deletionTimestamp !== undefined) return await remove(pod);
      if (pod.status?.phase === undefined || pod.status.phase === "Pending") return await create(pod);
      if (pod.status.phase === "Running") return await keepRunning(pod);
      return;
    },
  };
}

function sandboxEvents({ event, error }: AttachFailure): PodEvent[] {
  const message = `Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox: plugin type="multus-shim" name="multus-cni-network" failed (add): ${error}`;
  const kubelet: PodEvent = {
    type: "Warning",
    reason: "FailedCreatePodSandBox",
    message,
    component: "kubelet",
  };
  return event === undefined ? [kubelet] : [{ type: "Warning", component: "multus", ...event }, kubelet];
}

/** How often a pod that is to go looks whether its guest has ended. */
const shutdownPollMs = 50;
