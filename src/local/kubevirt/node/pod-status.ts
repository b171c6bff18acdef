// status of a virt-launcher pod as kubelet writes it: waiting, running, ended. Pure.
import type { Pod, PodCondition } from "../resources.ts";

type PodStatus = NonNullable<Pod["status"]>;

/** Images have a digest: without one KubeVirt cannot migrate a container disk. */
export function runningStatus(pod: Pod, podIP: string, now: string): PodStatus {
  return {
    ...pod.status,
    phase: "Running",
    podIP,
    podIPs: [{ ip: podIP }],
    startTime: pod.status?.startTime ?? now,
    conditions: conditions(now, { initialized: true, ready: true }),
    // An init container without restartPolicy Always has ended.
    initContainerStatuses: (pod.spec.initContainers ?? []).map((container) =>
      isSidecar(container) ? running(container, now) : terminated(container, now),
    ),
    containerStatuses: pod.spec.containers.map((container) => running(container, now)),
  };
}

/** The pod is bound and its sandbox is not ready: kubectl shows ContainerCreating. */
export function creatingStatus(pod: Pod, now: string): PodStatus {
  const initializes = (pod.spec.initContainers ?? []).length > 0;
  return {
    ...pod.status,
    phase: "Pending",
    startTime: pod.status?.startTime ?? now,
    conditions: conditions(now, { initialized: !initializes, ready: false }),
    initContainerStatuses: (pod.spec.initContainers ?? []).map((container) =>
      waiting(container, "PodInitializing"),
    ),
    containerStatuses: pod.spec.containers.map((container) =>
      waiting(container, initializes ? "PodInitializing" : "ContainerCreating"),
    ),
  };
}

export function succeededStatus(pod: Pod, now: string): PodStatus {
  return {
    ...pod.status,
    phase: "Succeeded",
    conditions: conditions(now, { initialized: true, ready: false }),
    initContainerStatuses: (pod.spec.initContainers ?? []).map((container) => terminated(container, now)),
    containerStatuses: pod.spec.containers.map((container) => terminated(container, now)),
  };
}

export function unschedulableStatus(pod: Pod, message: string, now: string): PodStatus {
  const condition: PodCondition = {
    type: "PodScheduled",
    status: "False",
    reason: "Unschedulable",
    message,
    lastTransitionTime: now,
  };
  return { ...pod.status, phase: "Pending", conditions: [condition] };
}

interface Container {
  readonly name: string;
  readonly image: string;
}

function isSidecar(container: Container): boolean {
  return "restartPolicy" in container && container.restartPolicy === "Always";
}

function conditions(now: string, pod: { initialized: boolean; ready: boolean }): PodCondition[] {
  const states = {
    PodReadyToStartContainers: pod.ready,
    Initialized: pod.initialized,
    Ready: pod.ready,
    ContainersReady: pod.ready,
    PodScheduled: true,
  };
  return Object.entries(states).map(([type, holds]) => ({
    type,
    status: holds ? "True" : "False",
    lastTransitionTime: now,
  }));
}

function running(container: Container, now: string): Record<string, unknown> {
  return { ...common(container), ready: true, started: true, state: { running: { startedAt: now } } };
}

function terminated(container: Container, now: string): Record<string, unknown> {
  const state = { terminated: { reason: "Completed", exitCode: 0, startedAt: now, finishedAt: now } };
  return { ...common(container), ready: false, started: false, state };
}

function waiting(container: Container, reason: string): Record<string, unknown> {
  const state = { waiting: { reason } };
  return { ...common(container), imageID: "", ready: false, started: false, state };
}

function common({ name, image }: Container): Record<string, unknown> {
  return { name, image, imageID: `${image}@sha256:${"0".repeat(64)}`, restartCount: 0 };
}
