// What virt-controller writes into a VMI, as a function of the VMI and its pods (KubeVirt: watch/vmi updateStatus).
// From Scheduled on virt-handler writes the phase, except Failed when the pod is gone.
import { findCondition } from "../../../domain/objects/conditions.ts";
import type { Condition, VmiPhase } from "../../../domain/objects/kubernetes.ts";
import { timestamp } from "../../timestamp.ts";
import { hasEnded, finalizers, labels, type Pod } from "../resources.ts";
import { newCondition, withCondition, withPhase, withoutCondition } from "../status-fields.ts";
import { multusInterfaces } from "./multus-interfaces.ts";
import { isGoingDown, isReady } from "./launcher-state.ts";
import { withMemoryChange } from "./memory.ts";
import { migrationNeed, withMigrationRequired } from "./migration-required.ts";
import type { Vmi, VmiStatus } from "./objects.ts";
import { isMigrating } from "./vm-status.ts";

export interface VmiView {
  readonly vmi: Vmi;
  /** Every pod that the VMI controls. */
  readonly pods: readonly Pod[];
  /** The pod that runs the VMI. */
  readonly pod: Pod | undefined;
  /** Whether the VM that started the VMI exists. */
  readonly hasVm: boolean;
  /** Why no pod could be created: condition Synchronized=False. */
  readonly failure?: { readonly reason: string; readonly message: string } | undefined;
  readonly now: Date;
  readonly migrationGraceMs: number;
}

/** The VMI with the status, labels and finalizers that it should have; its spec is not changed. */
export function nextVmi(view: VmiView): Vmi {
  const { vmi } = view;
  const phase = vmi.status?.phase ?? "";
  const seen = withSynchronized(withStatus(vmi, podFacts(view)), view);
  switch (phase) {
    case "":
    case "Pending":
      return withPhase(seen, unprocessedPhase(view), timestamp(view.now));
    case "Scheduling":
      return scheduling(seen, view);
    case "Scheduled":
      return view.pod === undefined ? withPhase(seen, "Failed", timestamp(view.now)) : seen;
    case "Running":
      return running(seen, view);
    case "Succeeded":
    case "Failed":
      return withoutFinalizers(seen, view);
    case "Unknown":
    case "WaitingForSync":
      return seen;
  }
}

function withStatus(vmi: Vmi, status: Partial<VmiStatus>): Vmi {
  return { ...vmi, status: { ...vmi.status, ...status } };
}

function podFacts({ vmi, pods, pod, now }: VmiView): Partial<VmiStatus> {
  const active = Object.fromEntries(
    pods.map(({ metadata, spec }) => [metadata.uid ?? "", spec.nodeName ?? ""]),
  );
  return {
    ...(pods.length === 0 && vmi.status?.activePods === undefined ? {} : { activePods: active }),
    conditions: withCondition(vmi.status?.conditions, readyCondition(vmi, pod, now)),
  };
}

function readyCondition(vmi: Vmi, pod: Pod | undefined, now: Date): Condition {
  const notReady = (reason: string, message: string): Condition =>
    newCondition("Ready", "False", now, { reason, message });
  if (pod === undefined) return notReady("PodNotExists", "virt-launcher pod has not yet been scheduled");
  if (isGoingDown(pod)) return notReady("PodTerminating", "virt-launcher pod is terminating");
  if (vmi.status?.phase !== "Running") {
    return notReady("GuestNotRunning", "Guest VM is not reported as running");
  }
  const ready = pod.status?.conditions?.find(({ type }) => type === "Ready");
  return ready === undefined
    ? notReady("PodConditionMissing", "virt-launcher pod is missing the Ready condition")
    : { ...newCondition("Ready", ready.status, now), ...ready };
}

function unprocessedPhase({ vmi, pod }: VmiView): VmiPhase {
  if (pod !== undefined) return "Scheduling";
  return vmi.metadata.deletionTimestamp === undefined ? "Pending" : "Failed";
}

function scheduling(vmi: Vmi, { pod, now }: VmiView): Vmi {
  if (pod === undefined || isGoingDown(pod)) return withPhase(vmi, "Failed", timestamp(now));
  const seen = withPodScheduled(vmi, pod);
  const nodeName = pod.spec.nodeName;
  if (!isReady(pod) || nodeName === undefined || vmi.metadata.deletionTimestamp !== undefined) return seen;
  return withPhase(
    {
      ...withStatus(seen, { nodeName, interfaces: multusInterfaces(vmi, pod) }),
      metadata: { ...vmi.metadata, labels: { ...vmi.metadata.labels, [labels.nodeName]: nodeName } },
    },
    "Scheduled",
    timestamp(now),
  );
}

/** The VMI has condition PodScheduled while its pod fits on no node. */
function withPodScheduled(vmi: Vmi, pod: Pod): Vmi {
  const scheduled = pod.status?.conditions?.find(({ type }) => type === "PodScheduled");
  return withStatus(vmi, {
    conditions:
      scheduled?.status === "False"
        ? withCondition(vmi.status?.conditions, scheduled)
        : withoutCondition(vmi.status?.conditions, "PodScheduled"),
  });
}

function running(vmi: Vmi, { pod, now, migrationGraceMs }: VmiView): Vmi {
  if (pod === undefined) return withPhase(vmi, "Failed", timestamp(now));
  const seen = withStatus(vmi, { interfaces: multusInterfaces(vmi, pod) });
  if (isMigrating(vmi.status?.migrationState)) return seen;
  const conditions = withMigrationRequired(
    withMemoryChange(seen, now),
    migrationNeed(seen, pod),
    now,
    migrationGraceMs,
  );
  return withStatus(seen, { conditions });
}

/** Removes the VMI's finalizer when its pods are gone, and the VM's when the VM is. */
function withoutFinalizers(vmi: Vmi, { pods, hasVm }: VmiView): Vmi {
  const kept = (vmi.metadata.finalizers ?? []).filter(
    (finalizer) =>
      !(pods.length === 0 && finalizer === finalizers.vmi) && !(!hasVm && finalizer === finalizers.vm),
  );
  return { ...vmi, metadata: { ...vmi.metadata, finalizers: kept } };
}

/** Synchronized=False exists only before the guest runs, and while the reason lasts. */
function withSynchronized(vmi: Vmi, { failure, now }: VmiView): Vmi {
  if (vmi.status?.phase === "Running" || vmi.status?.phase === "Scheduled" || hasEnded(vmi)) return vmi;
  const { conditions } = vmi.status ?? {};
  if (failure === undefined)
    return withStatus(vmi, { conditions: withoutCondition(conditions, "Synchronized") });
  const known = findCondition(conditions, "Synchronized");
  if (known?.status === "False" && known.reason === failure.reason) return vmi;
  const condition = newCondition("Synchronized", "False", now, failure);
  return withStatus(vmi, { conditions: withCondition(conditions, condition) });
}
