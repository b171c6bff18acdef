// Whether a VM's run strategy starts or stops a VMI (KubeVirt: syncRunStrategy).
import type { VmRunStrategy } from "../../../domain/objects/kubernetes.ts";
import { hasEnded } from "../resources.ts";
import type { Vm, Vmi } from "./objects.ts";

/** `rerun`: stop, and add a request to start again. */
type RunDecision = "start" | "stop" | "rerun" | "leave";

/** The run strategy, also from the older `running`; Halted without either. */
export function runStrategy(vm: Vm): VmRunStrategy {
  return vm.spec.runStrategy ?? (vm.spec.running === true ? "Always" : "Halted");
}

/** What to do; `vmi` is the existing VMI. */
export function runDecision(vm: Vm, vmi: Vmi | undefined): RunDecision {
  return vmi === undefined ? withoutVmi(vm) : withVmi(vm, vmi);
}

function withoutVmi(vm: Vm): RunDecision {
  const strategy = runStrategy(vm);
  const startRequested = vm.status?.stateChangeRequests?.[0]?.action === "Start";
  switch (strategy) {
    case "Always":
    case "Once":
    case "WaitAsReceiver":
      return "start";
    case "RerunOnFailure":
      // A change from another strategy starts the VM; a guest that succeeded is not run again.
      return startRequested || vm.status?.runStrategy !== strategy ? "start" : "leave";
    case "Manual":
      return startRequested ? "start" : "leave";
    case "Halted":
      return "leave";
  }
}

function withVmi(vm: Vm, vmi: Vmi): RunDecision {
  if (vmi.metadata.deletionTimestamp !== undefined) return "leave";
  const request = vm.status?.stateChangeRequests?.[0];
  const stopRequested = request?.action === "Stop" && request.uid === vmi.metadata.uid;
  switch (runStrategy(vm)) {
    case "Always":
      return stopRequested || hasEnded(vmi) ? "stop" : "leave";
    case "RerunOnFailure":
      if (vmi.status?.phase === "Failed") return "rerun";
      return stopRequested || hasEnded(vmi) ? "stop" : "leave";
    case "Manual":
      return stopRequested ? "stop" : "leave";
    case "Halted":
      return "stop";
    case "Once":
    case "WaitAsReceiver":
      return "leave";
  }
}

/** Milliseconds until a VM whose starts failed may be started again; 0 if now. */
export function startBackoffLeftMs(vm: Vm, now: Date): number {
  const until = vm.status?.startFailure?.retryAfterTimestamp;
  return until === undefined ? 0 : Math.max(0, Date.parse(until) - now.getTime());
}
