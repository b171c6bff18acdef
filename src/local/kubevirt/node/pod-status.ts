// status of a virt-launcher pod as kubelet writes it: waiting, running, ended. Pure.
import type { Pod, PodCondition } from "../resources.ts";

type PodStatus = NonNullable<Pod["status"]>;

/** All containers run. Images carry a digest: without one KubeVirt cannot migrate a container disk. */
export function runningStatus(pod: Pod, podIP: string, now: string): PodStatus {
  return {
    ...pod.status,
    phase: "Running",
    podIP,
    podIPs: [{ ip: podIP }],
    startTime: pod.status?.startTime ?? now,
    conditions: conditions(now, {
      PodReadyToStartContainers: "True",
      Initialized: "True",
      Ready: "True",
      ContainersReady: "True",
      PodScheduled: "True",
    }),
    // An init container without restartPolicy Always has run to its end.
    initContainerStatuses: (pod.spec.initContainers ?? []).map((container) =>
      isSidecar(container) ? running(container, now) : terminated(container, now),
    ),
    containerStatuses: pod.spec.containers.map((container) => running(container, now)),
  };
}

/** The node has the pod, its sandbox is not made yet: kubectl shows ContainerCreating. */
export function creatingStatus(pod: Pod, now: string): PodStatus {
  const initializes = (pod.spec.initContainers ?? []).length > 0;
  return {
    ...pod.status,
    phase: "Pending",
    startTime: pod.status?.startTime ?? now,
    conditions: conditions(now, {
      PodReadyToStartContainers: "False",
      Initialized: initializes ? "False" : "True",
      Ready: "False",
      ContainersReady: "False",
      PodScheduled: "True",
    }),
    initContainerStatuses: (pod.spec.initContainers ?? []).map((container) =>
      waiting(container, "PodInitializing"),
    ),
    containerStatuses: pod.spec.containers.map((container) =>
      waiting(container, initializes ? "PodInitializing" : "ContainerCreating"),
    ),
  };
}

/** virt-launcher ended with its guest. */
export function succeededStatus(pod: Pod, now: string): PodStatus {
  return {
    ...pod.status,
    phase: "Succeeded",
    conditions: conditions(now, {
      PodReadyToStartContainers: "False",
      Initialized: "True",
      Ready: "False",
      ContainersReady: "False",
      PodScheduled: "True",
    }),
    initContainerStatuses: (pod.spec.initContainers ?? []).map((container) => terminated(container, now)),
    containerStatuses: pod.spec.containers.map((container) => terminated(container, now)),
  };
}

/** No node takes the pod. */
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

function conditions(now: string, states: Readonly<Record<string, "True" | "False">>): PodCondition[] {
  return Object.entries(states).map(([type, status]) => ({ type, status, lastTransitionTime: now }));
}

function running(container: Container, now: string): Record<string, unknown> {
  return { ...common(container), ready: true, started: true, state: { running: { startedAt: now } } };
}

function terminated(container: Container, now: string): Record<string, unknown> {
  const state = { terminated: { reason: "Completed", exitCode: 0, startedAt: now, finishedAt: now } };
  return { ...common(container), ready: false, started: false, state };
}

function waiting(container: Container, reason: string): Record<string, unknown> {
  const { name, image } = container;
  return {
    name,
    image,
    imageID: "",
    restartCount: 0,
    ready: false,
    started: false,
    state: { waiting: { reason } },
  };
}

function common({ name, image }: Container): Record<string, unknown> {
  return { name, image, imageID: `${image}@sha256:${"0".repeat(64)}`, restartCount: 0 };
}
