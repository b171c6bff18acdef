// What the state of virt-launcher pods means for their VMI (KubeVirt: pkg/controller).
import { hasEnded, type Pod } from "../resources.ts";
import { isControlledBy, type Vmi } from "./objects.ts";

/** True for a pod that has ended, or is being deleted. */
export function isGoingDown(pod: Pod): boolean {
  return hasEnded(pod) || pod.metadata.deletionTimestamp !== undefined;
}

/** True for a pod that runs and whose containers have all started. */
export function isReady(pod: Pod): boolean {
  if (isGoingDown(pod) || pod.status?.phase !== "Running") return false;
  const statuses = (pod.status.containerStatuses ?? []) as {
    readonly name?: string;
    readonly ready?: boolean;
    readonly state?: { readonly running?: object };
  }[];
  // compute may have the guest's readiness probe, so it only has to be started.
  return statuses.every(({ name, ready, state }) =>
    name === "compute" ? state?.running !== undefined : ready === true,
  );
}

/** Those of the pods that the VMI controls. */
export function podsOf(vmi: Vmi, pods: Iterable<Pod>): Pod[] {
  return [...pods].filter((pod) => isControlledBy(pod, vmi));
}

/** The newest pod on the VMI's node; the newest of all while the VMI has no node. */
export function currentPod(vmi: Vmi, pods: Iterable<Pod>): Pod | undefined {
  const node = vmi.status?.nodeName ?? "";
  return podsOf(vmi, pods)
    .filter((pod) => node === "" || pod.spec.nodeName === node)
    .toSorted((a, b) => createdAt(b) - createdAt(a))[0];
}

function createdAt(pod: Pod): number {
  return Date.parse(pod.metadata.creationTimestamp ?? "") || 0;
}
